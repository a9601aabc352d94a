"""What was posted: items and their revisions, evidence, and the decoding of untrusted media."""
