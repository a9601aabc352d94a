"""The supervisor's one exception: every text says what happened, why, and what to do next."""


class PostgresError(Exception):
    """The embedded PostgreSQL cannot be had; nothing that existed was changed."""
