"""Many people on the desk at once, for `make bench-console`: each takes the next case, passes it, and is given
the one after it, a decision each five seconds, with the live feed open."""

import re
import select
import socket
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import httpx

from benchmarks.instance import Instance
from tidegate.access.actions import create_user
from tidegate.infra.clock import SystemClock
from tidegate.infra.db import Database

EVERY = 5.0
PASS = {"outcome": "pass", "template": "harmless", "reason": "", "then": "next"}


class Found:
    """How long each kind of request took, in ms, and how many were answered with 500 or above."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {"next": [], "case": [], "decide": []}
        self.broken = 0
        self._lock = threading.Lock()

    def add(self, kind: str, began: float, answer: httpx.Response) -> None:
        with self._lock:
            self.taken[kind].append((time.perf_counter() - began) * 1000)
            self.broken += answer.status_code >= 500


def work(instance: Instance, people: int, seconds: float) -> Found:
    """Let so many people decide for so long."""
    found, address = Found(), f"http://127.0.0.1:{instance.port}"
    database = Database(instance.database_url, SystemClock())
    links: list[str] = []
    for number in range(people):
        with database.begin() as tx:
            links.append(create_user(tx, f"crowd-{number}@example.org", "reviewer")[1])
    database.close()
    with ExitStack() as stack:
        browsers = [stack.enter_context(_browser(address, link)) for link in links]
        stack.enter_context(_listening(instance.port, browsers))
        ends = time.monotonic() + seconds
        threads = [
            threading.Thread(target=_decide, args=(one, found, ends, EVERY * place / people))
            for place, one in enumerate(browsers)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    return found


@contextmanager
def _browser(address: str, link: str) -> Generator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as client:
        if client.post(f"/sign-in/{link}").status_code != 303:
            raise RuntimeError("the link did not sign in")
        yield client


@contextmanager
def _listening(port: int, browsers: list[httpx.Client]) -> Generator[None]:
    """The live feed of each, which is read and thrown away."""
    sockets: list[socket.socket] = []
    for one in browsers:
        cookie = "; ".join(f"{name}={value}" for name, value in one.cookies.items())
        feed = socket.create_connection(("127.0.0.1", port))
        feed.sendall(
            f"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
        )
        sockets.append(feed)
    over = threading.Event()

    def drain() -> None:
        while not over.is_set():
            for feed in select.select(sockets, [], [], 0.5)[0]:
                if not feed.recv(1 << 16):
                    raise RuntimeError("a feed ended")

    thread = threading.Thread(target=drain)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for feed in sockets:
            feed.close()


def _decide(client: httpx.Client, found: Found, ends: float, wait: float) -> None:
    """One person, until the time is over."""

    def ask(
        kind: str, method: str, path: str, form: dict[str, str] | None = None
    ) -> httpx.Response:
        began = time.perf_counter()
        answer = client.request(method, path, data=form)
        found.add(kind, began, answer)
        return answer

    time.sleep(wait)
    csrf = _csrf(client.get("/account").text)
    at = ask("next", "POST", "/cases/next", {"csrf": csrf}).headers.get("location", "/cases")
    while (began := time.monotonic()) < ends:
        page = ask("case", "GET", at)
        if not (case := re.match(r"/cases/[0-9a-f-]{36}", at)):
            return
        form = PASS | {"csrf": _csrf(page.text)}
        at = ask("decide", "POST", f"{case[0]}/decide", form).headers.get("location", "/cases")
        time.sleep(max(0.0, EVERY - (time.monotonic() - began)))


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    return found[1] if found else ""
