"""What the page of a case is made of: pure, from what was read to what is shown."""
