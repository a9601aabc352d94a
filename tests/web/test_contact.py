"""Whom an instance speaks for, for anybody: as a document and as a page."""

import msgspec
from tests.api import Api
from tests.others import FORUM
from tests.web.visitor import Visitor

from tidegate.exchange.actions import set_organisation
from tidegate.exchange.keys import OwnKey
from tidegate.exchange.model import thumbprint

DOCUMENT, PAGE = "/.well-known/tidegate.json", "/public/contact"


def settle(api: Api) -> None:
    with api.instance.database.begin() as tx:
        set_organisation(tx, FORUM)


def test_before_it_was_said_there_is_none(api: Api) -> None:
    answer = api.client.get(DOCUMENT)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/organisation-unset")
    assert answer.headers["content-type"] == "application/problem+json"
    assert api.client.get(PAGE).status_code == 404


def test_the_document_has_the_shape_that_others_read(api: Api) -> None:
    settle(api)
    key = OwnKey.of(api.instance.secrets)
    answer = api.client.get(DOCUMENT)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {
        "organisation": {
            "id": "forum.example",
            "name": "The Forum",
            "kind": "platform",
            "member_state": "DE",
            "functions": [],
            "zone": "Europe/Berlin",
            "hosts": ["forum.example"],
        },
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": key.x,
                "kid": key.kid,
                "valid_from": "2026-01-01T00:00:00.000000Z",
                "revoked_at": None,
            }
        ],
        "inbox": "http://tidegate/public/orders/inbox",
        "contact": {"email": "orders@forum.example"},
        "languages": ["de", "en"],
        "protocol": ["tidegate-orders/1"],
        "synthetic": False,
    }
    assert thumbprint(key.x) == key.kid
    set_url = msgspec.structs.replace(api.instance.settings, public_url="https://forum.example/t/")
    api.instance.settings = set_url
    found = api.client.get(f"{DOCUMENT}?utm=1").json()
    assert found["inbox"] == "https://forum.example/t/public/orders/inbox"


def test_people_read_the_same_in_their_language_without_an_account(api: Api) -> None:
    settle(api)
    key = OwnKey.of(api.instance.secrets)
    for path in (PAGE, f"{PAGE}?lang=de", f"{PAGE}?utm_source=x"):
        answer = api.client.get(path)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        for said in ("The Forum", "orders@forum.example", "de, en", key.kid, "orders/inbox"):
            assert said in answer.text, said
    assert '<html lang="de"' in api.client.get(f"{PAGE}?lang=de").text
    person = Visitor(api.instance, api.client, "analyst")
    assert "The Forum" in person.get(PAGE).text


def test_nothing_is_taken_there(api: Api) -> None:
    settle(api)
    for path in (DOCUMENT, PAGE):
        assert api.client.post(path).status_code == 405, path
    assert api.client.get("/public/contact/").status_code == 404
    assert api.client.get("/public/..%2fcases").status_code in (303, 404)
