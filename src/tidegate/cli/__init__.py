"""The command rim: one command a file."""
