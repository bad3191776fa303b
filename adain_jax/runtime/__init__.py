"""The process and its machine: memory, time, signals, files that appear whole."""
