"""What was concluded, by a rule or a person, on which ground; and its reversal."""
