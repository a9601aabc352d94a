"""Outbound HTTP: what may be reached, and what a server can try."""

import asyncio
import datetime
import hashlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tidegate.infra.egress import AddressGuard, Client, EgressFailed, EgressRefused, fetch

NewSite = Callable[..., "Site"]

INSIDE = AddressGuard(allow_private=True)
LIMIT = 100_000


class Site:
    """A real server on a loopback address; `answer` is what it does with a request."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None], address: str) -> None:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                site.seen.append((self.command, self.path, dict(self.headers)))
                answer(self)

            do_GET = do_POST = handle_one

            def log_message(self, format: str, *args: Any) -> None: ...

        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://{address}:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def site() -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def start(answer: Callable[[BaseHTTPRequestHandler], None], address: str = "127.0.0.1") -> Site:
        sites.append(Site(answer, address))
        return sites[-1]

    yield start
    for one in sites:
        one.server.shutdown()
        one.server.server_close()


def reply(
    status: int = 200, body: bytes = b"", **headers: str
) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def get(url: str, guard: AddressGuard, timeout: float = 5, limit: int = LIMIT) -> Any:
    return asyncio.run(fetch(url, guard=guard, limit_bytes=limit, timeout=timeout))


def test_fetches_a_file(site: NewSite) -> None:
    one = site(reply(200, b"picture", Content_Type="image/png"))
    got = get(f"{one.url}/a%20b?c=d", INSIDE)
    assert (got.status, got.content_type, got.data) == (200, "image/png", b"picture")
    assert got.url == f"{one.url}/a%20b?c=d"
    method, path, headers = one.seen[0]
    assert (method, path) == ("GET", "/a%20b?c=d")
    assert headers["host"] == f"127.0.0.1:{one.port}"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "x.localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[fc00::1]",
        "[ff02::1]",
        "user@127.0.0.1",
        "example.com@127.0.0.1",
        "user:secret@example.com",
        "127.0.0.1\\@example.com",
    ],
)
def test_no_way_of_writing_an_inside_address_passes(host: str) -> None:
    with pytest.raises((EgressRefused, EgressFailed)) as error:
        get(f"http://{host}/", AddressGuard())
    assert error.value.status == 422
    assert isinstance(error.value, EgressRefused)


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "file:///etc/passwd", "//example.com/", "", "http://", "http:///x",
     "javascript:alert(1)", "http://exa mple.com/", "http://example.com:99999/", "http://a:0/", "gopher://x/"],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(EgressRefused) as error:
        get(url, INSIDE)
    assert error.value.type == "address-refused"


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fe80::1]", "100.100.100.200", "[fd00:ec2::254]"]
)
def test_metadata_stays_closed_where_private_is_open(host: str) -> None:
    with pytest.raises(EgressRefused):
        INSIDE.check_url(f"http://{host}/latest/meta-data")


def test_a_name_that_resolves_inside_is_refused(
    site: NewSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = site(reply())
    monkeypatch.setattr(socket, "getaddrinfo", resolver({"inside.example": ["127.0.0.1"]}))
    with pytest.raises(EgressRefused):
        get(f"http://inside.example:{one.port}/", AddressGuard())
    assert one.seen == []


def test_one_bad_address_among_good_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"mixed.example": ["93.184.215.14", "169.254.169.254"]}
    monkeypatch.setattr(socket, "getaddrinfo", resolver(answers))
    with pytest.raises(EgressRefused):
        get("http://mixed.example/", AddressGuard())


def test_a_second_answer_of_the_name_server_has_no_say(
    site: NewSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = site(reply(200, b"good"), "127.0.0.2")
    looked_up: list[str] = []

    def rebinding(host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        looked_up.append(host)
        address = "127.0.0.2" if len(looked_up) == 1 else "127.0.0.3"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr("tidegate.infra.egress.socket.getaddrinfo", only_names(rebinding))
    got = get(f"http://rebind.example:{good.port}/", AddressGuard(["127.0.0.2/32"]))
    assert got.data == b"good"
    assert looked_up == ["rebind.example"]
    assert good.seen[0][2]["host"] == f"rebind.example:{good.port}"


def only_names(answer: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """A lookup for names; addresses go to the system (the event loop asks it, too)."""
    system = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        try:
            ip_address(host)
        except ValueError:
            return answer(host, port)
        return system(host, port, *args, **more)

    return look_up


def resolver(names: dict[str, list[str]]) -> Callable[..., list[Any]]:
    return only_names(
        lambda host, port: [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in names[host]
        ]
    )


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/", "http://localhost:1/",
     "//127.0.0.1:1/", "http://[::ffff:169.254.169.254]/", "file:///etc/passwd"],
)  # fmt: skip
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_the_inside_is_refused(site: NewSite, target: str, status: int) -> None:
    one = site(reply(status, Location=target), "127.0.0.2")
    with pytest.raises(EgressRefused):
        get(one.url, AddressGuard(["127.0.0.2/32"]))


def test_redirects_are_followed_but_not_for_ever(site: NewSite) -> None:
    end = site(reply(200, b"there"))
    hop = site(reply(302, Location=f"{end.url}/x"))
    assert get(hop.url, INSIDE).url == f"{end.url}/x"
    loop = site(reply(302, Location="/again"))
    with pytest.raises(EgressFailed, match="redirects more than 3"):
        get(loop.url, INSIDE)
    assert len(loop.seen) == 4


def test_too_much_is_not_read(site: NewSite) -> None:
    with pytest.raises(EgressFailed, match="more than 10 bytes"):
        get(site(reply(200, b"x" * 11)).url, INSIDE, limit=10)
    assert get(site(reply(200, b"x" * 10)).url, INSIDE, limit=10).data == b"x" * 10

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while True:
                request.wfile.write(b"x" * 65_536)
        except OSError:
            request.close_connection = True

    with pytest.raises(EgressFailed, match="more than"):
        get(site(endless).url, INSIDE)


def glance(url: str, guard: AddressGuard = INSIDE, limit: int = LIMIT) -> Any:
    async def run() -> Any:
        client = Client(guard)
        try:
            return await client.glance(
                url, headers={"user-agent": "us"}, limit_bytes=limit, timeout=5
            )
        finally:
            await client.aclose()

    return asyncio.run(run())


def test_a_glance_takes_any_answer_and_follows_nothing(site: NewSite) -> None:
    one = site(reply(404, b"no such page", Retry_After="7"))
    got = glance(one.url)
    assert (got.status, got.data, got.whole, got.onward) == (404, b"no such page", True, None)
    assert got.sha256 == hashlib.sha256(b"no such page").hexdigest()
    assert got.headers["retry-after"] == "7"
    assert one.seen[0][2]["user-agent"] == "us"
    led = site(reply(302, Location="//127.0.0.2/x?y"))
    assert glance(led.url).onward == "http://127.0.0.2/x?y"
    assert len(led.seen) == 1


def test_a_glance_reads_the_beginning_of_what_is_long(site: NewSite) -> None:
    one = site(reply(200, b"x" * 50_000))
    got = glance(one.url, limit=1000)
    assert (len(got.data), got.whole) == (1000, False)
    assert got.sha256 == hashlib.sha256(b"x" * 1000).hexdigest()
    assert glance(one.url, limit=50_000).whole


def test_a_glance_goes_nowhere_inside(site: NewSite) -> None:
    one = site(reply(200))
    with pytest.raises(EgressRefused):
        glance(one.url, AddressGuard())
    assert one.seen == []


def test_a_dripping_server_is_cut_off_in_time(site: NewSite) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        hung_up = False
        while not hung_up:
            request.wfile.write(b"x")
            hung_up = bool(select.select([request.connection], [], [], 0.05)[0])
        request.close_connection = True

    with pytest.raises(EgressFailed, match=r"within 0\.3 s"):
        get(site(drip).url, INSIDE, timeout=0.3)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (reply(404), "answered 404"),
        (reply(204), "answered 204"),
        (reply(200, b"\x1f\x8b", Content_Encoding="gzip"), "compressed"),
        (lambda request: request.wfile.write(b"nonsense\r\n\r\n"), "cannot be reached"),
    ],
)
def test_what_is_not_the_file_is_told(site: NewSite, answer: Any, told: str) -> None:
    with pytest.raises(EgressFailed, match=told):
        get(site(answer).url, INSIDE)


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(EgressFailed, match="cannot be reached"):
        get(f"http://127.0.0.1:{port}/", INSIDE)


def test_what_the_name_servers_answered_is_told_to_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else whoever may name a URL learns which hosts are inside, and where."""
    inside = resolver({"one.example": ["10.1.2.3"]})

    def answer(host: str, *given: Any, **more: Any) -> list[Any]:
        if host == "two.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return inside(host, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    said: list[str] = []
    with capture_logs() as logged:
        for host in ("one.example", "two.example"):
            with pytest.raises(EgressRefused) as refused:
                get(f"http://{host}/", AddressGuard())
            said.append(refused.value.detail.replace(host, "HOST"))
    assert said[0] == said[1]
    assert "10." not in said[0]
    assert [one["event"] for one in logged] == ["egress.refused", "egress.unknown_name"]
    assert "example" not in str(logged), "somebody's private message may name it"


def test_a_post_keeps_its_method_or_stops(site: NewSite) -> None:
    async def post(url: str) -> int:
        client = Client(INSIDE)
        try:
            posted = await client.post(url, headers={"x": "y"}, content=b"{}", timeout=5)
            return posted.status
        finally:
            await client.aclose()

    end = site(reply(202, b"x" * 200_000))
    assert asyncio.run(post(end.url)) == 202
    assert asyncio.run(post(site(reply(307, Location=end.url)).url)) == 202
    assert [seen[0] for seen in end.seen] == ["POST", "POST"]
    assert end.seen[1][2]["x"] == "y"
    assert asyncio.run(post(site(reply(302, Location=end.url)).url)) == 302
    with pytest.raises(EgressRefused):
        asyncio.run(post(site(reply(308, Location="http://169.254.169.254/")).url))


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_kept_connection_serves_again_until_the_other_side_closes_it(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def walk() -> int:
        opened, ended = 0, asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal opened
            opened += 1
            for _ in range(2):  # and then it closes, without a word about that
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(2)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            writer.close()
            await writer.wait_closed()
            ended.set()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        client = Client(INSIDE)
        for _ in range(2):
            for _ in range(2):
                await client.post(url, headers={}, content=b"{}", timeout=5)
            await ended.wait()
            ended.clear()
        await client.aclose()
        server.close()
        return opened

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(walk()) == 2


def test_tls_sees_the_name_and_not_the_address(
    site: NewSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path, "media.example")
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda socket, name, context: names.append(name)
    one = site(reply(200, b"secret"))
    one.server.socket = context.wrap_socket(one.server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    hosts = {"media.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}
    monkeypatch.setattr(socket, "getaddrinfo", resolver(hosts))
    assert get(f"https://media.example:{one.port}/", INSIDE).data == b"secret"
    assert names == ["media.example"]
    with pytest.raises(EgressFailed):
        get(f"https://other.example:{one.port}/", INSIDE)


def make_certificate(directory: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = directory / "site.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_only_global_addresses_pass(address: IPv4Address | IPv6Address) -> None:
    """Whatever passes, the standard library calls global as well; it knows fewer special nets."""
    if AddressGuard().permits(address):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_clothes_is_judged_as_itself(address: IPv4Address) -> None:
    guard = AddressGuard(["10.1.0.0/16"])
    mapped = IPv6Address(f"::ffff:{address}")
    nat64 = IPv6Address((0x64_FF9B << 96) | int(address))
    assert guard.permits(mapped) == guard.permits(nat64) == guard.permits(address)


def test_the_allow_list_opens_what_it_names() -> None:
    guard = AddressGuard(["10.1.2.3/8", "169.254.169.254/32", "fd12::/16"])
    assert guard.permits(ip_address("10.200.0.1"))
    assert guard.permits(ip_address("169.254.169.254"))
    assert guard.permits(ip_address("fd12::1"))
    assert not guard.permits(ip_address("192.168.0.1"))
    with pytest.raises(ValueError, match="nonsense"):
        AddressGuard(["nonsense"])
