"""The HTTP connection: uvicorn's, with one thing more: a request can have it dropped at once.

Closing in the ordinary way waits until the client has read what it is owed, which one that never
reads will not.
"""

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_EXTENSION = "tidegate.drop"


class Connection(HttpToolsProtocol):
    """What uvicorn makes for each client."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: MutableMapping[str, Any] = self.scope  # pyright: ignore[reportAssignmentType]
        scope["extensions"] = {_EXTENSION: self.transport.abort}


async def drop(scope: Scope) -> None:
    """Drop the connection, whatever is still to be sent. Without one of ours this does nothing."""
    abort: Callable[[], None] | None = scope.get("extensions", {}).get(_EXTENSION)
    if abort is not None:
        abort()
        await asyncio.sleep(0)  # now uvicorn knows too
