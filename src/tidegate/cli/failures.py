"""What a person at the terminal reads when a command cannot do what it was asked."""


def explain(error: Exception) -> str | None:
    """One line for what the domain, the set-up or the database refused; None for faults of ours."""
    # Imported here: a command that goes well needs none of these for its error's sake.
    from psycopg import OperationalError

    from tidegate.infra.db import UNAVAILABLE, NoRoom
    from tidegate.infra.errors import Refusal
    from tidegate.infra.postgres import PostgresError
    from tidegate.infra.settings import SettingsError

    if isinstance(error, Refusal):
        return f"{error.title}. {error.detail}".strip()
    if isinstance(error, (PostgresError, SettingsError)):
        return str(error)
    if isinstance(error, NoRoom):
        return "The database's disk is full. Nothing was written; make room and try again."
    if isinstance(error, (*UNAVAILABLE, OperationalError)):
        # The driver's first line says where it looked; a URL with a password is not in it.
        cause = str(getattr(error, "orig", None) or error).partition("\n")[0]
        return f"The database cannot be reached: {cause}"
    return None
