"""What anybody may call without a key: each says by itself how much it believes."""
