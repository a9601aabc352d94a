"""Whom this instance speaks for, and whom it trusts: the organisation, the registry of others, their keys."""
