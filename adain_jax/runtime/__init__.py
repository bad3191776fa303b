"""What a process needs of its machine: memory, time, signals, files written whole."""
