"""`/v1/registry`: what binds takes a person, and trust takes two."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient
from tests.api import Api
from tests.others import FORUM, Other, jwk, new_key
from tests.web.two_platforms import rows

from tidegate.access.actions import create_key
from tidegate.exchange.actions import set_organisation
from tidegate.pipeline.house import SCOPES
from tidegate.pipeline.instance import Instance
from tidegate.web.app import create_app


@pytest.fixture
def bka() -> Other:
    return Other()


def typed(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_one_registers_another_confirms_and_anybody_of_them_revokes(api: Api, bka: Other) -> None:
    ada, ben = api.person("legal"), api.person("officer")
    made = api.post("/v1/registry", bka.document(), key=ada)
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["id"], told["kind"], told["state"]) == (bka.id, "authority", "unconfirmed")
    assert [(one["kid"], one["state"]) for one in told["keys"]] == [(bka.kid, "unconfirmed")]
    assert told["keys"][0]["valid_from"] == "2025-01-01T00:00:00.000000Z"
    at = f"/v1/registry/{bka.id}"
    before = rows(api)
    right, wrong = {"kids": [bka.kid]}, {"kids": [new_key().kid]}
    assert typed(api.post(f"{at}/confirm", right, key=ada)) == (409, "same-person")
    assert typed(api.post(f"{at}/confirm", wrong, key=ben)) == (422, "fingerprint-differs")
    assert typed(api.post(f"{at}/confirm", {"kids": []}, key=ben)) == (422, "invalid-body")
    assert typed(api.post(f"{at}x/confirm", right, key=ben)) == (404, "party-unknown")
    assert rows(api) == before
    done = api.post(f"{at}/confirm", right, key=ben)
    assert (done.status_code, done.json()["state"]) == (200, "confirmed")
    assert done.json()["keys"][0]["state"] == "confirmed"
    assert api.get(at, key=ben).json() == done.json()
    revoke = {"at": "2025-12-31T10:00:00+01:00", "reason": "it leaked"}
    revoked = api.post(f"{at}/keys/{bka.kid}/revoke", revoke, key=ada)
    assert revoked.status_code == 200, revoked.text
    key = revoked.json()["keys"][0]
    assert (key["state"], key["revoked_at"]) == ("revoked", "2025-12-31T09:00:00.000000Z")


def test_new_keys_of_a_known_id_wait_for_their_own_confirmation(api: Api, bka: Other) -> None:
    ada, ben, second = api.person("legal"), api.person("officer"), new_key()
    api.post("/v1/registry", bka.document(), key=ada)
    api.post(f"/v1/registry/{bka.id}/confirm", {"kids": [bka.kid]}, key=ben)
    both = bka.document(keys=[jwk(bka.key), jwk(second)])
    told = api.post("/v1/registry", both, key=ada).json()
    assert told["state"] == "confirmed"
    states = {one["kid"]: one["state"] for one in told["keys"]}
    assert states == {bka.kid: "confirmed", second.kid: "unconfirmed"}


def test_a_confirmation_is_of_what_was_shown(api: Api, bka: Other) -> None:
    ada, ben = api.person("legal"), api.person("officer")
    shown = api.post("/v1/registry", bka.document(), key=ada).json()["document"]
    swapped = bka.document(functions=["issue", "oversee"])
    api.post("/v1/registry", swapped, key=ada)
    at, before = f"/v1/registry/{bka.id}", rows(api)
    answer = api.post(f"{at}/confirm", {"kids": [bka.kid], "document": shown}, key=ben)
    assert typed(answer) == (409, "document-changed")
    assert rows(api) == before
    now = answer.json()["document"]
    assert now == api.get(at, key=ben).json()["document"]
    done = api.post(f"{at}/confirm", {"kids": [bka.kid], "document": now}, key=ben)
    assert (done.status_code, done.json()["functions"]) == (200, ["issue", "oversee"])


def test_a_key_without_a_person_binds_nobody(api: Api, bka: Other) -> None:
    known = Other("known.example")
    keys = (api.admin, api.key("registry:write"))
    reviewer = api.person("reviewer")
    api.post("/v1/registry", known.document(), key=api.person("legal"))
    before = rows(api)
    at = f"/v1/registry/{known.id}"
    revoke = {"at": "2026-01-01T00:00:00Z", "reason": "it leaked"}
    asked = [
        ("/v1/registry", bka.document()),
        (f"{at}/confirm", {"kids": [known.kid]}),
        (f"{at}/keys/{known.kid}/revoke", revoke),
    ]
    for key in keys:
        for path, body in asked:
            assert typed(api.post(path, body, key=key)) == (403, "person-needed"), path
    for path, body in asked:  # the right comes first
        assert typed(api.post(path, body, key=reviewer)) == (403, "scope-missing")
    assert rows(api) == before
    assert api.get(at).status_code == 200  # to read takes none


def test_a_person_who_is_bound_to_a_platform_registers_for_nobody(api: Api, bka: Other) -> None:
    person = api.person("legal", "bound@example.org")
    with api.instance.database.begin() as tx:
        scopes = ["registry:write"]
        key = create_key(tx, SCOPES, "bound", scopes, "forum", "bound@example.org")[1]
    before = rows(api)
    assert typed(api.post("/v1/registry", bka.document(), key=key)) == (403, "platform-bound")
    assert rows(api) == before
    assert api.post("/v1/registry", bka.document(), key=person).status_code == 201
    assert api.get(f"/v1/registry/{bka.id}", key=key).status_code == 200


def test_what_is_no_document_of_another_is_refused(api: Api, bka: Other) -> None:
    with api.instance.database.begin() as tx:
        set_organisation(tx, FORUM)
    person = api.person("legal")
    ours = api.client.get("/.well-known/tidegate.json").json() | {"inbox": "https://a.example/x"}
    bad: list[tuple[Any, str, str]] = [
        ({}, "invalid-body", "/organisation"),
        (ours, "invalid-body", "/organisation/id"),
        (bka.document(keys=ours["keys"]), "invalid-body", "/keys"),
        (bka.document(keys=[jwk(bka.key, kid="mine")]), "invalid-body", "/keys/0/kid"),
        (bka.document(synthetic=True), "synthetic-differs", "/synthetic"),
        (bka.document(name="a\0b"), "invalid-body", "/organisation/name"),
        ({"url": 1}, "invalid-body", "/url"),
    ]
    before = rows(api)
    for body, type, pointer in bad:
        answer = api.post("/v1/registry", body, key=person)
        assert typed(answer) == (422, type), answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer
    for inbox in (
        "https://127.0.0.1/x",
        "https://10.1.2.3/x",
        "https://[::1]/x",
        "https://localhost/x",
        "http://93.184.216.34/x",
        "http://127.0.0.1/x",
        "https://169.254.169.254/x",
    ):
        answer = api.post("/v1/registry", bka.document(inbox=inbox), key=person)
        assert typed(answer) == (422, "address-refused"), inbox
    deep = b'{"a":' * 100_000
    answer = api.call("POST", "/v1/registry", person, content=deep)
    assert answer.status_code == 400
    answer = api.call("POST", "/v1/registry", person, content=b"x", headers={"content-type": "a/b"})
    assert answer.status_code == 415
    assert rows(api) == before


def test_a_revocation_says_when_and_why(api: Api, bka: Other) -> None:
    person = api.person("legal")
    api.post("/v1/registry", bka.document(), key=person)
    before = rows(api)
    at = f"/v1/registry/{bka.id}/keys"
    good = {"at": "2026-01-01T00:00:00Z", "reason": "it leaked"}
    for fields, pointer in (
        ({"at": "2026-01-01T00:00:00"}, "/at"),
        ({"at": "2027-01-01T00:00:00Z"}, "/at"),
        ({"at": None}, "/at"),
        ({"reason": ""}, "/reason"),
        ({"reason": "\u200b"}, "/reason"),
        ({"more": 1}, "/more"),
    ):
        answer = api.post(f"{at}/{bka.kid}/revoke", good | fields, key=person)
        assert typed(answer) == (422, "invalid-body"), answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert typed(api.post(f"{at}/x/revoke", good, key=person)) == (404, "party-key-unknown")
    assert rows(api) == before


def test_the_registry_pages_and_is_filtered(api: Api) -> None:
    person = api.person("legal")
    for id in ("a.example", "b.example", "c.example"):
        api.post("/v1/registry", Other(id).document(), key=person)
    api.post("/v1/registry", Other("d.example", "platform").document(), key=person)
    first = api.get("/v1/registry?limit=2").json()
    rest = api.get(f"/v1/registry?limit=2&cursor={first['next']}").json()
    ids = [one["id"] for page in (first, rest) for one in page["data"]]
    assert (ids, rest["next"]) == (["a.example", "b.example", "c.example", "d.example"], None)
    found = api.get("/v1/registry?kind=platform&state=unconfirmed").json()["data"]
    assert [one["id"] for one in found] == ["d.example"]
    assert api.get("/v1/registry?state=confirmed").json() == {"data": [], "next": None}
    for query in ("cursor=%00", "cursor=é", "cursor=AA", "kind=x", "limit=0"):
        assert api.get(f"/v1/registry?{query}").status_code == 422, query


class Publisher:
    """Serves what an organisation publishes, on an allowed address."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.asked.append(self.path)
                status, body = publisher.answers.get(self.path, (404, b"no"))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/.well-known/tidegate.json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    publisher = Publisher()
    yield publisher
    publisher.close()


@pytest.fixture
def reaching(instance: Instance) -> Iterator[Api]:
    """An instance that may reach 127.0.0.2, and no other private network."""
    instance.settings = msgspec.structs.replace(
        instance.settings, allowed_addresses=["127.0.0.2/32"]
    )
    with TestClient(create_app(instance), base_url="http://tidegate") as client:
        yield Api(instance, client)


def test_the_document_is_fetched_from_where_it_is_published(
    reaching: Api, publisher: Publisher, bka: Other
) -> None:
    base = f"http://127.0.0.2:{publisher.port}"
    document = json.dumps(bka.document(inbox=f"{base}/public/orders/inbox")).encode()
    publisher.answers["/.well-known/tidegate.json"] = (200, document)
    person = reaching.person("legal")
    for url in (base, f"{base}/", f"{base}/.well-known/tidegate.json"):
        answer = reaching.post("/v1/registry", {"url": url}, key=person)
        assert (answer.status_code, answer.json()["id"]) == (201, bka.id), answer.text
    assert publisher.asked == ["/.well-known/tidegate.json"] * 3


def test_what_is_not_there_or_leads_elsewhere_registers_nobody(
    reaching: Api, publisher: Publisher, bka: Other
) -> None:
    base = f"http://127.0.0.2:{publisher.port}"
    inside = bka.document(inbox="http://127.0.0.1:1/x")
    publisher.answers |= {
        "/.well-known/tidegate.json": (200, json.dumps(bka.document()).encode()),
        "/none": (500, b"{}"),
        "/elsewhere": (302, b""),
        "/other": (200, b'{"a": 1}'),
        "/text": (200, b"hello"),
        "/inside": (200, json.dumps(inside).encode()),
        "/much": (200, b" " * (1 << 20)),
    }
    person = reaching.person("legal")
    before = rows(reaching)
    for path, type in {
        "/none": "fetch-failed",
        "/missing": "fetch-failed",
        "/elsewhere": "fetch-failed",
        "/other": "invalid-body",
        "/inside": "address-refused",
        "/much": "fetch-failed",
    }.items():
        answer = reaching.post("/v1/registry", {"url": base + path}, key=person)
        assert typed(answer) == (422, type), path
    text = reaching.post("/v1/registry", {"url": f"{base}/text"}, key=person)
    assert typed(text) == (400, "invalid-json")
    asked = len(publisher.asked)
    for url in (
        f"http://127.0.0.1:{publisher.port}",
        f"http://127.0.0.3:{publisher.port}",
        "http://93.184.216.34/",
        "file:///etc/passwd",
        "nonsense",
    ):
        answer = reaching.post("/v1/registry", {"url": url}, key=person)
        assert typed(answer) == (422, "address-refused"), url
    assert len(publisher.asked) == asked
    assert rows(reaching) == before
