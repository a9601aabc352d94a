"""What happens: actions, and their delivery to the platform's own systems."""
