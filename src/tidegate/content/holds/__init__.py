"""Holds: what keeps an item from erasure and expiry, for a purpose, until an end."""
