"""Outbound HTTP that cannot be turned against the inside: media URLs and webhooks go through here.

A host name is resolved once, every address is checked, and the connection goes to a checked
address itself, so a second answer of the DNS has no say. Redirects go the same way.
"""

import asyncio
import hashlib
import re
import select
import socket
import ssl
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore
import httpx
import structlog

from tidegate.infra.errors import Refusal
from tidegate.infra.fetched import Fetched, Glanced, Posted
from tidegate.infra.networks import Address, Network, embedded, literal, within

log = structlog.get_logger()

MAX_REDIRECTS = 3
_CONNECT_SECONDS = 5.0
_KEEP_METHOD = frozenset({307, 308})
_REDIRECTS = frozenset({301, 302, 303}) | _KEEP_METHOD
_FAULTS = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    OSError,
)

_MEND = "If it is yours and should be reached, add its network to allowed_addresses."

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


def _networks(text: str) -> list[Network]:
    return [ip_network(part) for part in text.split()]


# Networks of an organisation's own; `allow_private` opens these, and only these.
_PRIVATE = _networks("127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1/128 fc00::/7")
# Where clouds keep their metadata: inside, or posing as outside. Only the allow-list opens them.
_METADATA = _networks("169.254.0.0/16 168.63.129.16/32 100.100.100.200/32 fd00:ec2::/32 fe80::/10")
# Not public by IANA's special-purpose registries. Listed here, since what `ipaddress` calls
# global differs between releases of Python.
_SPECIAL = _networks(
    "0.0.0.0/8 100.64.0.0/10 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15"
    " 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
    " 2001::/23 2001:db8::/32 2002::/16 3fff::/20"
)
_GLOBAL_V6 = IPv6Network("2000::/3")


class EgressRefused(Refusal):
    """The URL leads, or was led by a redirect, to where nothing may be sent."""

    def __init__(self, detail: str) -> None:
        super().__init__("address-refused", 422, "The address may not be reached from here", detail)


class EgressFailed(Refusal):
    """The URL may be reached but did not give what was asked for; the detail says why."""

    def __init__(self, detail: str) -> None:
        super().__init__("fetch-failed", 422, "The URL could not be fetched", detail)


class AddressGuard:
    """Which addresses may be reached: public ones, those in `allowed` (networks in CIDR), and with
    `allow_private` loopback and private networks, but never a cloud's metadata service.

    Raises ValueError when an allowed network cannot be read.
    """

    # Lookups of dead name servers take half a minute; they must not hold up the others.
    _lookups = ThreadPoolExecutor(32, thread_name_prefix="lookup")

    def __init__(self, allowed: Sequence[str] = (), allow_private: bool = False) -> None:
        self._allowed = [ip_network(network, strict=False) for network in allowed]
        self._allow_private = allow_private

    def permits(self, address: Address) -> bool:
        """Whether this address may be reached."""
        address = embedded(address)
        if within(address, self._allowed):
            return True
        if within(address, _METADATA):
            return False
        if within(address, _PRIVATE):
            return self._allow_private
        if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
            return False
        return not within(address, _SPECIAL)

    def check_url(self, text: str) -> httpx.URL:
        """Parse a URL and refuse what can be refused without a lookup. Raises EgressRefused."""
        try:
            url = httpx.URL(text)
        except (httpx.InvalidURL, ValueError) as error:
            raise EgressRefused(f"This is no URL: {error}.") from error
        if url.scheme not in ("http", "https") or not url.host:
            raise EgressRefused("The URL must begin with http:// or https:// and name a host.")
        port = 80 if url.port is None else url.port
        if not _HOST.fullmatch(url.raw_host.decode()) or not 0 < port < 65_536:
            raise EgressRefused("The URL's host or port is not well-formed.")
        if url.userinfo:
            raise EgressRefused("A URL with a user name or password in it is not accepted.")
        name = url.host.rstrip(".").lower()
        found = literal("127.0.0.1" if name.split(".")[-1] == "localhost" else name)
        if found is not None:
            self._check(found, url.host)
        return url

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of them permitted.

        One that is not refuses the whole name: it would be a way to try until it is hit.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._lookups,
                lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM),
            )
        except (OSError, UnicodeError) as error:
            log.info("egress.unknown_name")
            raise _hidden(host) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for text in addresses:
            if not self.permits(ip_address(text)):
                log.info("egress.refused")
                raise _hidden(host)
        return addresses

    async def check_sealed(self, text: str) -> httpx.URL:
        """The same of a URL that must be TLS, but in the allowed networks. Raises EgressRefused."""
        url = self.check_url(text)
        if url.scheme == "http":
            for found in await self.resolve(url.host, url.port or 80):
                if not within(embedded(ip_address(found)), self._allowed):
                    raise EgressRefused(f"{url.host} is reached without TLS. Use https. {_MEND}")
        return url

    def _check(self, address: Address, host: str) -> None:
        """Raises EgressRefused for an address that is written in the URL itself."""
        if not self.permits(address):
            raise EgressRefused(f"{host} is not a public address. {_MEND}")


def _hidden(host: str) -> EgressRefused:
    """Whether there is no such name or one of the inside is said to nobody but the log: whoever may
    name a URL could otherwise ask our name servers who is there."""
    return EgressRefused(f"{host} was not found, or leads to no public address. {_MEND}")


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that knows its socket: with each request the pool asks every kept one whether the other
    side has closed it, and finding the socket anew costs more than asking."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._socket: socket.socket | None = inner.get_extra_info("socket")

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._socket is not None:
            return self._socket.fileno() < 0 or _readable(self._socket)
        return self._inner.get_extra_info(info)


def _readable(connection: socket.socket) -> bool:
    found = select.poll()
    found.register(connection, select.POLLIN)
    return bool(found.poll(0))


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens TCP connections to checked addresses only; TLS above it still sees the host's name."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._inner: httpcore.AsyncNetworkBackend = httpcore.AnyIOBackend()  # pyright: ignore[reportAttributeAccessIssue]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        fault: Exception | None = None
        for address in await self._guard.resolve(host, port):
            try:
                stream = await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
                return _Stream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
        raise fault or httpcore.ConnectError("no address")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class Client:
    """HTTP/1.1 behind a guard, with kept connections, without cookies or proxies."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            # No limit here: one slow host would use it up for all the others.
            max_connections=None,
            max_keepalive_connections=32,
            keepalive_expiry=30,
            network_backend=_GuardedBackend(guard),
        )

    async def get(self, url: str, *, limit_bytes: int, timeout: float) -> Fetched:
        """GET a URL, through at most three redirects, within `timeout` seconds in all.

        Raises EgressRefused, and EgressFailed for everything else than a 200 with at most
        `limit_bytes`.
        """
        headers = {"accept": "*/*", "accept-encoding": "identity"}
        async with self._exchange("GET", url, headers, None, timeout) as (response, at):
            if response.status != 200:
                raise EgressFailed(f"{at.host} answered {response.status}.")
            data = await _whole(response, at, limit_bytes)
            kind = httpx.Headers(response.headers).get("content-type", "")
            return Fetched(response.status, kind, data, str(at))

    async def glance(
        self, url: str, *, headers: Mapping[str, str], limit_bytes: int, timeout: float
    ) -> Glanced:
        """GET a URL once, whatever the answer is; what is longer than `limit_bytes` is not read to its end.
        Raises EgressRefused, and EgressFailed where nothing came within `timeout` seconds."""
        sent = {"accept": "*/*", "accept-encoding": "identity", **headers}
        async with self._exchange("GET", url, sent, None, timeout, None) as (response, at):
            data, whole = bytearray(), True
            async for chunk in response.aiter_stream():
                data += chunk
                if len(data) > limit_bytes:
                    del data[limit_bytes:]
                    whole = False
                    break
            told = httpx.Headers(response.headers)
            target = told.get("location") if response.status in _REDIRECTS else None
            return Glanced(
                status=response.status,
                headers=dict(told.items()),
                data=bytes(data),
                sha256=hashlib.sha256(data).hexdigest(),
                whole=whole,
                onward=None if target is None else _joined(at, target),
            )

    async def post(
        self, url: str, *, headers: Mapping[str, str], content: bytes, timeout: float
    ) -> Posted:
        """POST and return the answer; its body is read a little way and thrown away.

        Follows only redirects that keep the method (307, 308). Raises as `get` does.
        """
        async with self._exchange("POST", url, headers, content, timeout) as (response, _):
            size = 0
            async for chunk in response.aiter_stream():
                size += len(chunk)
                if size > 65_536:
                    break
            return Posted(response.status, httpx.Headers(response.headers).get("retry-after"))

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
        limit_bytes: int,
        timeout: float,
    ) -> Fetched:
        """The answer of a service that we know, whatever its status. It may send nobody elsewhere: what
        is asked with a secret goes nowhere else. Raises EgressRefused and EgressFailed."""
        sent = {"accept": "application/json", "accept-encoding": "identity", **headers}
        async with self._exchange(method, url, sent, content, timeout, 0) as (response, at):
            data = await _whole(response, at, limit_bytes)
            told = httpx.Headers(response.headers)
            kind, wait = told.get("content-type", ""), told.get("retry-after")
            return Fetched(response.status, kind, data, str(at), wait)

    async def aclose(self) -> None:
        await self._pool.aclose()

    @asynccontextmanager
    async def _exchange(
        self,
        method: str,
        text: str,
        headers: Mapping[str, str],
        content: bytes | None,
        timeout: float,
        redirects: int | None = MAX_REDIRECTS,
    ) -> AsyncGenerator[tuple[httpcore.Response, httpx.URL]]:
        """The response at the end of the redirects, and its URL, all within `timeout` seconds. With None for
        `redirects` none is followed, and the first response is the answer."""
        url = self._guard.check_url(text)
        try:
            async with asyncio.timeout(timeout):
                for _ in range((redirects or 0) + 1):
                    async with self._send(method, url, headers, content) as response:
                        target = httpx.Headers(response.headers).get("location")
                        followed = _REDIRECTS if content is None else _KEEP_METHOD
                        if redirects is None or response.status not in followed or target is None:
                            yield response, url
                            return
                    url = self._guard.check_url(_joined(url, target))
                raise EgressFailed(f"{url.host} redirects more than {redirects} times.")
        except TimeoutError as error:
            raise EgressFailed(f"{url.host} did not answer within {timeout:g} s.") from error
        except _FAULTS as error:
            reason = str(error) or type(error).__name__
            raise EgressFailed(f"{url.host} cannot be reached: {reason}.") from error

    @asynccontextmanager
    async def _send(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes | None
    ) -> AsyncGenerator[httpcore.Response]:
        host = url.netloc.decode()
        length = {} if content is None else {"content-length": str(len(content))}
        async with self._pool.stream(
            method,
            httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers={"host": host, "user-agent": "tidegate", **headers, **length},
            content=content,
            extensions={"timeout": {"connect": _CONNECT_SECONDS}},
        ) as response:
            yield response


def _joined(url: httpx.URL, target: str) -> str:
    """Where a redirect leads. Raises EgressFailed."""
    try:
        return str(url.join(target))
    except (httpx.InvalidURL, ValueError) as error:
        raise EgressFailed(f"{url.host} redirects to what is no URL.") from error


async def _whole(response: httpcore.Response, at: httpx.URL, limit_bytes: int) -> bytes:
    """The body of an answer, as it was sent. Raises EgressFailed."""
    if httpx.Headers(response.headers).get("content-encoding", "identity") != "identity":
        raise EgressFailed(f"{at.host} sent a compressed body, unasked.")
    data = bytearray()
    async for chunk in response.aiter_stream():
        data += chunk
        if len(data) > limit_bytes:
            raise EgressFailed(f"{at.host} sent more than {limit_bytes} bytes.")
    return bytes(data)


async def fetch(url: str, *, guard: AddressGuard, limit_bytes: int, timeout: float) -> Fetched:
    """GET one URL with a client of its own. See `Client.get`."""
    client = Client(guard)
    try:
        return await client.get(url, limit_bytes=limit_bytes, timeout=timeout)
    finally:
        await client.aclose()
