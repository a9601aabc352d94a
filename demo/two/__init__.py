"""The two-sided day: authorities and platforms that talk to each other, on a time that is turned by hand."""
