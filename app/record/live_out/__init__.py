"""What is found, sent to other programs while it is found: UDP, off unless the user wants it."""
