"""Whether what was ordered or referred can still be reached by everybody."""
