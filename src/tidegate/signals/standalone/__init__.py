"""The matcher alone: banks in one file, and no server or database beside it."""
