"""An OpenID provider that runs for real on a port, and what was asked of it."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock  # pyright: ignore[reportMissingTypeStubs]
from werkzeug.serving import make_server

Asked = tuple[str, str, dict[str, str], dict[str, str]]


class Provider:
    """`asked`: (method, path, fields, headers) of every request. `turn` may change an answer's body, by
    its path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.turn: dict[str, Callable[[bytes], bytes]] = {}

    def knows(self, sub: str, **claims: Any) -> None:
        """Have somebody there of whom it says this."""
        answer = httpx.put(f"{self.url}/users/{sub}", json=claims)
        assert answer.status_code == 204

    def sign_in(self, where: str, sub: str) -> str:
        """Follow a link there, and sign in; where that leads."""
        assert where.startswith(f"{self.url}/oauth2/authorize?")
        answer = httpx.post(where, data={"sub": sub})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def deny(self, where: str) -> str:
        return httpx.post(where, data={"action": "deny"}).headers["location"]

    def asked_of(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one[1] == path]


@contextmanager
def running(**options: Any) -> Generator[Provider]:
    """The mock, behind a recorder that also changes what it says."""
    inner: Any = oidc_provider_mock.app(**options)

    def recorded(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        pairs = parse_qs(environ["QUERY_STRING"]) | parse_qs(body.decode("latin-1"))
        fields = {name: values[0] for name, values in pairs.items()}
        headers = {name[5:]: value for name, value in environ.items() if name.startswith("HTTP_")}
        path = environ["PATH_INFO"]
        provider.asked.append((environ["REQUEST_METHOD"], path, fields, headers))
        begun: list[Any] = []
        said = b"".join(inner(environ, lambda *given: begun.extend(given)))
        status, given = begun[:2]
        if path in provider.turn:
            said = provider.turn[path](said)
            given = [one for one in given if one[0].lower() != "content-length"]
            given.append(("Content-Length", str(len(said))))
        start(status, given)
        return [said]

    server = make_server("localhost", 0, recorded, threaded=True)
    provider = Provider(f"http://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
