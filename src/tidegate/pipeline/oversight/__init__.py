"""Who does enough: what several slices record, put together."""
