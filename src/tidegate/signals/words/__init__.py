"""Words of items and entries, as keyed terms: `model` says what they are, `queries` finds by them."""
