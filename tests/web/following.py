"""Following `/events` in tests: one stream of one person, read as a browser reads it."""

import http.client
import json
from typing import Any

from tidegate.access.actions import create_user
from tidegate.access.model import Limits
from tidegate.access.sign_in import redeem_link
from tidegate.pipeline.instance import Instance
from tidegate.web.gate import COOKIE

Told = tuple[str, dict[str, Any]]


def signed_in(instance: Instance, role: str = "reviewer", *platforms: str) -> str:
    """The session cookie of a new person, {role}-{platforms}@example.org."""
    email = f"{'-'.join([role, *platforms])}@example.org"
    with instance.database.begin() as tx:
        link = create_user(tx, email, role, Limits(platforms=list(platforms) or None))[1]
        return redeem_link(tx, link, 12.0).session


class Following:
    """An open stream. `id` is what a browser would come again with."""

    def __init__(self, port: int, session: str, last: str | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Cookie": f"{COOKIE}={session}"}
        headers |= {} if last is None else {"Last-Event-ID": last}
        self._connection.request("GET", "/events", headers=headers)
        self.answer = self._connection.getresponse()
        self.id = last

    def __enter__(self) -> "Following":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def next(self) -> Told | None:
        """The next event; None at the end of the stream."""
        type, data = "", ""
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "event":
                type = value
            elif name == "data":
                data = value
            elif name == "id":
                self.id = value
            elif not line.strip() and data:
                return type, json.loads(data)
        return None

    def until(self, type: str, **fields: object) -> list[Told]:
        """What comes up to an event of this type with these fields, that one included."""
        told: list[Told] = []
        while (one := self.next()) is not None:
            told.append(one)
            if one[0] == type and fields.items() <= one[1].items():
                return told
        raise AssertionError(f"the stream ended without {type} {fields}: {told}")

    def rest(self) -> list[Told]:
        """All that comes until the stream ends."""
        return list(iter(self.next, None))
