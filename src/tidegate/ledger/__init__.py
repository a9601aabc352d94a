"""What can be proven: an append-only log of salted commitments, sealed in a signed chain."""
