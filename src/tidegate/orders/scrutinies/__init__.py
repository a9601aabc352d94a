"""The scrutiny desk: orders of other authorities to providers that are established here."""
