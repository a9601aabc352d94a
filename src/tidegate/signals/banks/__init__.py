"""Banks of known content: their entries, how these change, and who must not act by them any more."""
