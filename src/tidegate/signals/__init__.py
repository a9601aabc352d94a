"""What we know: fingerprints, banks of known content, and the index that finds matches."""
