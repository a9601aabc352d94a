"""Calling the API in tests: keys by scope, items and banks with sensible defaults."""

from typing import Any
from uuid import uuid4

import httpx
from starlette.testclient import TestClient

from tidegate.access.actions import create_key, create_user
from tidegate.pipeline.house import SCOPES
from tidegate.pipeline.instance import Instance


class Api:
    """A client of the real application. Calls carry an admin key unless told otherwise."""

    def __init__(self, instance: Instance, client: TestClient) -> None:
        self.instance = instance
        self.client = client
        self.name = f"test admin {uuid4().hex[:6]}"
        self.admin = self.key("admin", name=self.name)

    def key(self, *scopes: str, name: str | None = None, platform: str | None = None) -> str:
        """A new key with these scopes."""
        name = name or f"test {uuid4().hex[:6]} {scopes[0]}"
        with self.instance.database.begin() as tx:
            return create_key(tx, SCOPES, name, scopes, platform)[1]

    def person(self, role: str = "admin", email: str | None = None) -> str:
        """A key that is registered to a new user of this role, with all that the role may: what binds takes
        a person."""
        email = email or f"{role}-{uuid4().hex[:6]}@example.org"
        with self.instance.database.begin() as tx:
            create_user(tx, email, role)
            scopes = sorted(SCOPES.of_role(role))
            return create_key(tx, SCOPES, f"key of {email}"[:64], scopes, None, email)[1]

    def call(self, method: str, path: str, key: str | None = None, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key or self.admin}"} | more.pop("headers", {})
        return self.client.request(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.call("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return self.call("POST", path, json=json, **more)

    def submit(self, id: str = "post-1", **fields: Any) -> httpx.Response:
        return self.post("/v1/items", item(id, **fields))

    def bank(self, name: str = "known", stance: str = "known", **fields: Any) -> httpx.Response:
        return self.post("/v1/banks", {"name": name, "stance": stance} | fields)

    def entry(self, text: str, bank: str = "known", confirmed: bool = True) -> dict[str, Any]:
        answer = self.post(f"/v1/banks/{bank}/entries", {"text": text, "confirmed": confirmed})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def count(self, table: str) -> int:
        """How many rows a table has: refusals write none."""
        with self.instance.database.begin() as tx:
            return tx.connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one()


def item(id: str = "post-1", **fields: Any) -> dict[str, Any]:
    """A post as a platform sends it."""
    return {
        "id": id,
        "surface": "post",
        "publicness": "public",
        "author": "author-1",
        "created_at": "2025-12-31T23:00:00Z",
    } | fields
