"""What every slice stands on and no slice owns: transactions, settings, clock, keys. Knows no domain word."""
