"""What people have yet to do about a case, and which cases belong together."""
