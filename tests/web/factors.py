"""People with passkeys and codes at the console in tests."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
from tests.api import Api
from tests.web.authenticator import ORIGIN, Device
from tests.web.visitor import Visitor

PASSWORD = "correct horse battery"
SECURITY = "/account/security"
SCRIPT = {"Accept": "application/json"}


def at_localhost(api: Api) -> None:
    """Have the pages at an address for which browsers keep passkeys."""
    settings = msgspec.structs.replace(api.instance.settings, public_url=ORIGIN)
    api.instance.settings = settings


def add_passkey(person: Visitor, device: Device, name: str = "blue phone") -> httpx.Response:
    """As the script of the page does it."""
    begun = person.send(f"{SECURITY}/passkeys/options", {"name": name}, headers=SCRIPT)
    assert begun.status_code == 200, begun.text
    form = {"name": name} | shown(begun, device.create)
    return person.send(f"{SECURITY}/passkeys", form, headers=SCRIPT)


def shown(begun: httpx.Response, does: Any) -> dict[str, str]:
    """The fields that answer what was asked."""
    said = begun.json()
    return {"challenge": said["challenge"], "credential": does(said["options"])}


class Stranger:
    """A browser in which nobody is signed in."""

    def __init__(self, api: Api, cookies: Mapping[str, str] = {}) -> None:
        self.client = api.client
        self.cookies = dict(cookies)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._send("GET", path, **more)

    def post(self, path: str, form: Mapping[str, str] = {}, **more: Any) -> httpx.Response:
        return self._send("POST", path, data=dict(form), **more)

    def token(self) -> str:
        """Of the sign-in form, whose cookie stays."""
        found = re.search(r'name="token" value="([^"]+)"', self.get("/sign-in").text)
        assert found
        return found[1]

    def with_password(self, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        form = {"token": self.token(), "email": email, "password": password} | more
        return self.post("/sign-in", form)

    def with_passkey(self, device: Device, **more: str) -> httpx.Response:
        form = {"token": self.token()} | more
        begun = self.post("/sign-in/passkey/options", form, headers=SCRIPT)
        assert begun.status_code == 200, begun.text
        return self.post("/sign-in/passkey", form | shown(begun, device.get), headers=SCRIPT)

    @property
    def signed_in(self) -> bool:
        return self.get("/account").status_code == 200

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        self.client.cookies.clear()
        for name, value in self.cookies.items():
            self.client.cookies.set(name, value, domain="tidegate.local")
        try:
            return self.client.request(method, path, **more)
        finally:
            self.cookies = dict(self.client.cookies)
            self.client.cookies.clear()


def with_password(person: Visitor) -> Visitor:
    answer = person.send("/account/password", {"password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 303
    return person


def codes_of(person: Visitor) -> list[str]:
    """Ten new codes, as the page shows them."""
    answer = person.send(f"{SECURITY}/codes")
    assert answer.status_code == 200, answer.text
    found = re.findall(r"<code data-content>([A-Z2-9-]{19})</code>", answer.text)
    assert len(found) == 10
    return found


def rows(api: Api) -> dict[str, int]:
    """How much there is of what people sign in by, and of what the ledger tells: refusals change none of it.
    That somebody failed is told by itself, in the background."""
    tables = ("sessions", "passkeys", "recovery_codes", "identities", "users")
    told = sum(kind != "sign_in.failed" for kind in kinds(api))
    return {table: api.count(table) for table in tables} | {"told": told}


def kinds(api: Api) -> list[str]:
    """The kinds of the ledger's entries, in their order."""
    with api.instance.database.begin() as tx:
        query = "SELECT kind FROM ledger_pending ORDER BY at, id"
        return list(tx.connection.exec_driver_sql(query).scalars())
