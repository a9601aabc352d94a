"""Oversight: what an authority looks at, and what it asks of providers, put together from the slices."""
