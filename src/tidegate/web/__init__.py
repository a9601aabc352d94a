"""The HTTP rim: parses, opens one transaction, calls one path, renders. No SQL and no rule in here."""
