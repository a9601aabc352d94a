"""What can go wrong between a client and the server: a problem it names, or no answer at all."""

from typing import Any

import msgspec


class ClientError(Exception):
    """The base of everything that the client raises about a call."""


class Unreachable(ClientError):
    """No answer came, also after retrying. The call may or may not have been carried out; making it
    again with the same ids is safe."""


class UnexpectedAnswer(ClientError):
    """An answer that is not of this API: a wrong URL, or something in between."""


class BadField(msgspec.Struct, frozen=True):
    """One bad field: `pointer` is a JSON pointer into the body, or a parameter's name."""

    pointer: str
    expected: str = ""
    got: str = ""


class Problem(ClientError):
    """The server's no, as RFC 9457 tells it.

    `type` is stable and meant for programs ("/problems/item-unknown"); `document` holds every
    member that the server sent.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.type: str = str(document.get("type", "about:blank"))
        self.title: str = str(document.get("title", ""))
        self.status: int = int(document.get("status", 0))
        self.detail: str = str(document.get("detail", ""))
        self.errors: list[BadField] = msgspec.convert(document.get("errors", []), list[BadField])
        super().__init__(f"{self.status} {self.title}" + (f": {self.detail}" * bool(self.detail)))

    def __reduce__(self) -> tuple[type["Problem"], tuple[dict[str, Any]]]:
        return Problem, (self.document,)


def problem_of(status: int, body: bytes, reason: str = "") -> Problem:
    """The problem in an error response; what is none (a proxy's page) becomes `about:blank`."""
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
        return Problem({"title": reason} | document | {"status": status})
    except msgspec.MsgspecError:
        return Problem({"type": "about:blank", "title": reason or "Error", "status": status})
