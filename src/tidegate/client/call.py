"""A call before it is made: what to send, what comes back. Drivers only carry it over.

From here on everything is shared by the sync and the async client: building the request, reading
the response, and deciding whether and when to try again.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import httpx
import msgspec

from tidegate.client.errors import ClientError, UnexpectedAnswer, Unreachable, problem_of

T = TypeVar("T")

# "Not now" of the server or of what stands before it. All writes can be repeated, so all may.
_NOT_NOW = frozenset({429, 502, 503, 504})
_FIRST_WAIT, _LONGEST_WAIT, _LONGEST_ASKED = 0.2, 10.0, 120.0


class File(msgspec.Struct, frozen=True):
    """A file to upload."""

    data: bytes
    filename: str = "file"
    content_type: str = "application/octet-stream"

    @classmethod
    def read(cls, path: Path, content_type: str = "application/octet-stream") -> "File":
        return cls(path.read_bytes(), path.name, content_type)


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """One call. `answer` is the type to decode, `bytes` to have it as it is, None where there is no body.

    `key` is the Idempotency-Key, made once with the call, so that trying again is free. With
    `gone_is_done`, 404 and 410 after a lost answer mean that the first try had done it.
    """

    method: str
    path: str
    answer: Any = None
    params: dict[str, str] = field(default_factory=dict[str, str])
    json: bytes | None = None
    form: Sequence[tuple[str, str]] = ()
    files: Sequence[tuple[str, File]] = ()
    key: str | None = None
    gone_is_done: bool = False


def headers_of(key: str, user_agent: str) -> dict[str, str]:
    """What every request carries."""
    return {"Authorization": f"Bearer {key}", "User-Agent": user_agent}


def request_of(
    http: httpx.Client | httpx.AsyncClient, call: Call[Any], platform: str | None
) -> httpx.Request:
    """The HTTP request of a call."""
    headers: dict[str, str] = {}
    if call.key is not None:
        headers["Idempotency-Key"] = call.key
    params = call.params | ({"platform": platform} if platform else {})
    if call.files:
        files: list[tuple[str, Any]] = [(name, (None, text.encode())) for name, text in call.form]
        files += [
            (name, (file.filename, file.data, file.content_type)) for name, file in call.files
        ]
        return http.build_request(
            call.method, call.path, params=params, headers=headers, files=files
        )
    if call.json is not None:
        headers["Content-Type"] = "application/json"
    return http.build_request(
        call.method, call.path, params=params, headers=headers, content=call.json
    )


def answer_of(call: Call[T], response: httpx.Response, *, repeated: bool) -> T:
    """The typed answer. Raises Problem, or UnexpectedAnswer for what this API never says."""
    if response.is_success:
        return decode(response.content, call.answer, f"{call.method} {call.path}")
    if call.gone_is_done and repeated and response.status_code in (404, 410):
        return decode(b"", None, "")
    raise problem_of(response.status_code, response.content, response.reason_phrase)


def decode(body: bytes, type: Any, what: str) -> Any:
    """A body as its type. Raises UnexpectedAnswer."""
    if type is None:
        return None
    if type is bytes:
        return body
    try:
        return msgspec.json.decode(body, type=type)
    except msgspec.MsgspecError as error:
        raise UnexpectedAnswer(f"{what} answered something unexpected: {error}") from error


class Attempts:
    """Whether and when to try again: up to `retries` times without progress in between."""

    def __init__(self, retries: int, jitter: random.Random) -> None:
        self.failures = 0
        self.repeated = False
        self._retries = retries
        self._jitter = jitter

    def progressed(self) -> None:
        """Something came through: patience starts anew."""
        self.failures = 0

    def failed(self, error: httpx.TransportError) -> float:
        """Seconds to wait after a connection failed. Raises Unreachable when that was the last."""
        hopeless = isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError))
        if hopeless or not self._again():
            raise Unreachable(f"no answer: {error or type(error).__name__}") from error
        return self._wait(None)

    def answered(self, response: httpx.Response) -> float | None:
        """Seconds to wait, or None when the response is to be taken as it is."""
        if response.status_code not in _NOT_NOW or not self._again():
            return None
        return self._wait(response.headers.get("retry-after"))

    def deferred(self) -> float | None:
        """The same for one line of a batch that was told "not now"."""
        return self._wait(None) if self._again() else None

    def _again(self) -> bool:
        if self.failures >= self._retries:
            return False
        self.failures += 1
        self.repeated = True
        return True

    def _wait(self, retry_after: str | None) -> float:
        """What the server asks for, else doubling; up to half off, so that clients spread."""
        doubling = min(_FIRST_WAIT * 2 ** (self.failures - 1), _LONGEST_WAIT)
        wait = doubling * (1 - self._jitter.random() / 2)
        if (asked := _seconds(retry_after)) is not None:
            wait += min(asked, _LONGEST_ASKED)
        return wait


def _seconds(retry_after: str | None) -> float | None:
    """A Retry-After header (seconds or a date, RFC 9110) in seconds from now."""
    if not retry_after:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def base_url(url: str) -> str:
    """The server's address without a trailing slash. Raises ClientError for what is none."""
    if not url.startswith(("http://", "https://")):
        raise ClientError(f"expected an http(s) URL, got {url[:100]!r}")
    return url.rstrip("/")
