"""Paths of legal orders that cross slices: what comes in, what goes out, and what follows from it."""
