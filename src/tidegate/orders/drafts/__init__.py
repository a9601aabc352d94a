"""Orders of ours: how each was drafted, by whom it was submitted, approved and issued, and what it is about."""
