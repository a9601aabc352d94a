"""A person at the console in tests: signs in by a link, opens pages, sends forms as a browser does."""

import re
from typing import Any

import httpx
from starlette.testclient import TestClient

from tidegate.access.actions import create_link, create_user
from tidegate.access.model import Limits
from tidegate.pipeline.instance import Instance


class Visitor:
    """One browser of one person. Redirects are not followed."""

    def __init__(
        self,
        instance: Instance,
        client: TestClient,
        role: str = "admin",
        *platforms: str,
        queues: list[str] | None = None,
        languages: list[str] | None = None,
        email: str | None = None,
    ) -> None:
        self.instance = instance
        self.client = client
        bound = [role, *platforms, *(queues or []), *(languages or [])]
        self.email = email or f"{'-'.join(bound)}@example.org"
        limits = Limits(platforms=list(platforms) or None, queues=queues, languages=languages)
        with instance.database.begin() as tx:
            self.link = create_user(tx, self.email, role, limits)[1]
        self.cookies: dict[str, str] = {}
        assert self._send("POST", f"/sign-in/{self.link}").status_code == 303

    def sign_in(self) -> None:
        """Once more, on the same browser: sessions end."""
        assert self._send("POST", f"/sign-in/{self.new_link()}").status_code == 303

    def new_link(self) -> str:
        with self.instance.database.begin() as tx:
            return create_link(tx, self.email)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._send("GET", path, **more)

    def send(
        self, path: str, form: dict[str, Any] | None = None, csrf: bool = True, **more: Any
    ) -> httpx.Response:
        """POST a form, with the CSRF token of the person's pages unless told otherwise."""
        token = {"csrf": self.csrf()} if csrf else {}
        return self._send("POST", path, data=token | (form or {}), **more)

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/account").text)
        assert found
        return found[1]

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        self.client.cookies.clear()
        for name, value in self.cookies.items():
            self.client.cookies.set(name, value, domain="tidegate.local")
        try:
            return self.client.request(method, path, **more)
        finally:
            self.cookies = dict(self.client.cookies)
            self.client.cookies.clear()
