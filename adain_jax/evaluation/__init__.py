"""What is measured about pictures."""
