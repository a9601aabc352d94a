"""What requests to others were answered (`infra/egress.py`)."""

import msgspec


class Fetched(msgspec.Struct, frozen=True):
    """What a URL gave; `url` is where redirects ended, `retry_after` what a busy one said, unread."""

    status: int
    content_type: str
    data: bytes
    url: str
    retry_after: str | None = None


class Glanced(msgspec.Struct, frozen=True, kw_only=True):
    """What one request was answered, whatever it is, without following redirects: `onward` is where one leads.
    `data` is the beginning of the body as it was sent, `sha256` its digest in hex; `whole`: that was all."""

    status: int
    headers: dict[str, str]  # by their names in small letters
    data: bytes
    sha256: str
    whole: bool
    onward: str | None


class Posted(msgspec.Struct, frozen=True):
    """What a POST was answered; `retry_after` as the answer says it, unread."""

    status: int
    retry_after: str | None
