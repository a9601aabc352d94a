"""Statements are compiled once for all databases of a run: SQLAlchemy does it once for each engine, of which nearly
every test has its own, and that takes a third of what a test takes.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache

_MOST = 5000


class _Compiled(LRUCache[Any, Any]):
    """By statement, and not by the dialect, which stands before it in SQLAlchemy's key: each engine has its
    own, and they are all alike."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key[1:], value)


def share_compiled() -> None:
    """From now on, for the engines of this process."""
    compiled = _Compiled(_MOST)

    @event.listens_for(Engine, "engine_connect")
    def share(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.engine._compiled_cache = compiled
