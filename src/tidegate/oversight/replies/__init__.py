"""What firms are told of themselves, and what they say to it."""
