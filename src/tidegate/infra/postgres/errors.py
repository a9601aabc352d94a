"""The supervisor's one exception: it says what happened and why, and what to do next."""


class PostgresError(Exception):
    """The embedded PostgreSQL cannot be had. What existed before is as it was."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what} {mend}")
        self.what = what
        self.mend = mend
