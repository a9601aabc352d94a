"""Who told us: reports about items, each with its channel and its reporter."""
