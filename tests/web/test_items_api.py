"""`POST /v1/items` and what hangs on it, as a platform uses it."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.api import Api, item
from tests.web.live import live

from tidegate.access.actions import create_key, create_user
from tidegate.pipeline.house import SCOPES
from tidegate.signals.fingerprints import of_text

KNOWN = "Bring your weapons to the square tomorrow, brothers, and leave nobody standing"


def test_a_post_that_matches_nothing_passes(api: Api) -> None:
    answer = api.submit(text="A quiet afternoon in the park").json()
    assert answer["verdict"] == "pass"
    assert (answer["case"], answer["decision"], answer["action"]) == (None, None, None)
    assert set(answer["evaluation"]) == {
        "stage",
        "pack",
        "bank_version",
        "rules",
        "matches",
        "problems",
    }
    assert answer["pending"] == []


def test_a_confirmed_entry_restricts_and_an_unconfirmed_one_asks(api: Api) -> None:
    api.bank()
    api.entry(KNOWN, confirmed=False)
    first = api.submit("a", text=KNOWN).json()
    assert first["verdict"] == "review"
    assert first["case"] is not None
    assert first["action"] is None
    decided = api.post(
        f"/v1/cases/{first['case']}/decide",
        {"outcome": "restrict", "label": "threat", "reason": "a threat", "entry": "confirm"},
    )
    assert decided.status_code == 200
    second = api.submit("b", text=KNOWN.upper()).json()
    assert second["verdict"] == "restrict"
    assert second["decision"] is not None
    assert second["action"] is not None
    assert second["evaluation"]["matches"][0]["confirmed"] is True


def test_retrying_is_free_to_the_letter(api: Api) -> None:
    api.bank()
    first = api.submit(text=KNOWN, created_at="2025-12-31T23:00:00Z")
    api.entry(KNOWN)  # would change the verdict of anything judged anew
    again = api.submit(text=KNOWN, created_at="2026-01-01T00:00:00+01:00")
    assert again.content == first.content
    assert api.count("evaluations") == 1
    changed = api.submit(text=KNOWN + "!").json()
    assert changed["revision"] == 2
    back = api.submit(text=KNOWN).json()
    assert (back["revision"], back["verdict"], api.count("evaluations")) == (3, "restrict", 3)


def test_the_same_post_at_once_is_judged_once(api: Api) -> None:
    api.bank()
    api.entry(KNOWN)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: api.submit(text=KNOWN).content, range(16)))
    assert len(set(answers)) == 1
    assert api.count("actions") == 1
    assert api.count("evaluations") == 1


def test_ids_belong_to_their_platform(api: Api) -> None:
    left, right = api.key("items:write", platform="left"), api.key("items:write", platform="right")
    assert api.post("/v1/items", item(text="one"), key=left).json()["revision"] == 1
    assert api.post("/v1/items", item(text="two"), key=right).json()["revision"] == 1
    assert api.get("/v1/items/post-1?platform=left").status_code == 200
    assert api.get("/v1/items/post-1").status_code == 404
    refused = api.post("/v1/items", item(platform="right"), key=left)
    assert refused.status_code == 403


def test_an_id_may_contain_a_slash(api: Api) -> None:
    api.submit("thread/7?x=1", text="hello")
    read = api.get("/v1/items/thread%2F7%3Fx=1")
    assert read.json()["id"] == "thread/7?x=1"


def test_a_form_and_json_say_the_same(api: Api) -> None:
    data = b"\x89PNG not really a picture"
    media = {"filename": "a.png", "content_type": "image/png"}
    encoded = base64.b64encode(data).decode()
    by_json = api.submit(media=[media | {"data": encoded}])
    by_form = api.call(
        "POST",
        "/v1/items",
        files={
            "item": (None, json.dumps(item()), "application/json"),
            "file": ("a.png", data, "image/png"),
        },
    )
    assert by_json.json()["verdict"] == "review"
    assert by_json.json()["evaluation"]["problems"][0].startswith("media/0: ")
    assert by_form.content == by_json.content


def test_private_messages_are_not_matched(api: Api) -> None:
    api.bank()
    api.entry(KNOWN)
    answer = api.submit(text=KNOWN, publicness="private").json()
    assert answer["verdict"] == "pass"
    assert answer["evaluation"]["matches"] == []
    assert api.submit("r", text=KNOWN, publicness="restricted").json()["verdict"] == "review"


def test_an_allow_entry_speaks_for_its_part(api: Api) -> None:
    api.bank()
    api.bank("fine", "allow")
    api.entry(KNOWN)
    api.entry(KNOWN, bank="fine")
    assert api.submit(text=KNOWN).json()["verdict"] == "pass"


def test_erasure_leaves_a_tombstone_and_no_word(api: Api) -> None:
    api.bank()
    api.entry(KNOWN, confirmed=False)
    api.submit(text=KNOWN, author="somebody with a name")
    held = api.post("/v1/items/post-1/holds", {"reason": "court order 7"}).json()
    refused = api.call("DELETE", "/v1/items/post-1")
    assert refused.status_code == 409
    assert "court order 7" in refused.json()["detail"]
    assert api.call("DELETE", f"/v1/items/post-1/holds/{held['id']}").status_code == 204
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    for answer in (
        api.get("/v1/items/post-1"),
        api.submit(text=KNOWN, author="somebody with a name"),
        api.submit(text="other"),
    ):
        assert answer.status_code == 410
    assert api.get("/v1/cases?state=waiting").json()["data"] == []
    with api.instance.database.begin() as tx:
        tables = tx.connection.exec_driver_sql(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).scalars()
        for table in tables.all():
            if table in ("entries", "banks", "packs", "threat_packs"):
                continue
            rows = tx.connection.exec_driver_sql(f'SELECT t::text FROM "{table}" t').scalars()
            for row in rows:
                assert "weapons" not in row, table
                assert "somebody" not in row, table


def test_erasure_deletes_the_files_that_nobody_else_names(api: Api) -> None:
    def kept() -> list[bytes]:
        files = api.instance.evidence.directory.rglob("*")
        return [path.read_bytes() for path in files if path.is_file()]

    def media(data: bytes) -> list[dict[str, str]]:
        encoded = base64.b64encode(data).decode()
        return [{"filename": "a.png", "content_type": "image/png", "data": encoded}]

    api.submit("post-1", media=media(b"noise of one post"))
    api.submit("post-1", media=media(b"noise of two posts"))
    api.submit("post-2", media=media(b"noise of two posts"))
    assert sorted(kept()) == [b"noise of one post", b"noise of two posts"]
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    assert kept() == [b"noise of two posts"]
    assert api.call("DELETE", "/v1/items/post-2").status_code == 204
    assert kept() == []


def test_decisions_without_a_case_and_lifting(api: Api) -> None:
    api.submit(text="hello")
    lift = {"outcome": "lift", "reason": "a mistake"}
    assert api.post("/v1/items/post-1/decisions", lift).status_code == 409
    restrict = {"outcome": "restrict", "label": "glorification", "reason": "praises an attack"}
    refused = api.post("/v1/items/post-1/decisions", restrict)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/exemption"
    assert api.count("decisions") == 0
    headers = {"Idempotency-Key": "one"}
    made = api.post("/v1/items/post-1/decisions", restrict | {"exemption": "none"}, headers=headers)
    assert made.status_code == 201
    again = api.post(
        "/v1/items/post-1/decisions", restrict | {"exemption": "none"}, headers=headers
    )
    assert again.content == made.content
    other = api.post("/v1/items/post-1/decisions", lift, headers=headers)
    assert other.status_code == 409
    assert api.post("/v1/items/post-1/decisions", lift).status_code == 201
    actions = api.get("/v1/actions").json()
    assert [one["kind"] for one in actions["data"]] == ["restrict", "lift"]
    assert [one["sequence"] for one in actions["data"]] == [1, 2]
    assert api.get(f"/v1/actions?after={actions['next']}").json()["data"] == []


def test_a_restriction_without_a_label_is_refused(api: Api) -> None:
    api.bank()
    api.entry(KNOWN, confirmed=False)
    case = api.submit(text=KNOWN).json()["case"]
    tables = ("decisions", "restrictions", "actions", "messages", "ledger_pending", "answers")
    before = [api.count(name) for name in tables]
    body = {"outcome": "restrict", "reason": "a threat", "exemption": "none"}
    for path in (f"/v1/cases/{case}/decide", "/v1/items/post-1/decisions"):
        refused = api.post(path, body, headers={"Idempotency-Key": path})
        assert refused.status_code == 422
        assert [one["pointer"] for one in refused.json()["errors"]] == ["/label"]
        # Without a label of its own, a match is of the default label: a person is asked about that.
        unsure = body | {"label": "unspecified"}
        del unsure["exemption"]
        assert api.post(path, unsure).json()["errors"][0]["pointer"] == "/exemption"
    assert [api.count(name) for name in tables] == before
    assert api.get(f"/v1/cases/{case}").json()["state"] == "open"
    done = api.post(f"/v1/cases/{case}/decide", body | {"label": "unspecified"})
    assert done.json()["decisions"][0]["label"] == "unspecified"


def test_restrictions_stack_and_are_lifted_one_by_one(api: Api) -> None:
    api.submit(text="hello")
    path = "/v1/items/post-1/decisions"
    by_terms = {"outcome": "restrict", "label": "propaganda", "reason": "terms"}
    record = api.get("/v1/items/post-1").json()
    nothing = {
        "restricted": False,
        "scope": None,
        "territory": None,
        "until": None,
        "account": None,
    }
    assert (record["restricted_by"], record["restrictions"]) == (None, [])
    assert record["effective"] == nothing

    terms = api.post(path, by_terms).json()
    until = "2027-01-01T00:00:00Z"
    where = {"scope": "account", "territory": ["FR", "DE"], "until": until}
    law = api.post(path, by_terms | {"reason": "law", "restriction": where}).json()
    record = api.get("/v1/items/post-1").json()
    own = {one["decision"]: one for one in record["restrictions"]}
    assert own[law["id"]] == {
        "id": own[law["id"]]["id"],
        "decision": law["id"],
        "scope": "account",
        "territory": ["DE", "FR"],
        "since": law["created_at"],
        "until": until,
        "source": "decision",
        "order": None,
    }
    both = {
        "restricted": True,
        "scope": "account",
        "territory": None,
        "until": until,
        "account": {"territory": ["DE", "FR"], "until": until},
    }
    assert (record["restricted_by"], record["effective"]) == (law["id"], both)
    assert set(own) == {terms["id"], law["id"]}

    chosen = own[law["id"]]["id"]
    lifted = api.post(path, {"outcome": "lift", "reason": "not there", "lifts": [chosen]})
    assert (lifted.status_code, lifted.json()["lifts"]) == (201, [chosen])
    record = api.get("/v1/items/post-1").json()
    assert record["restrictions"] == [own[terms["id"]]]
    found = [(one["kind"], one["effective"]) for one in api.get("/v1/actions").json()["data"]]
    down = nothing | {"restricted": True, "scope": "item"}
    assert found == [("restrict", down), ("restrict", both), ("restrict", down)]
    # A second equal one is a decision of its own, and nothing for the platform to do.
    again = api.post(path, by_terms)
    assert (again.status_code, api.count("actions")) == (201, 3)


@pytest.mark.parametrize(
    ("lifts", "pointer"),
    [([], "/lifts"), (["x"], "/lifts/0"), ([str(UUID(int=7))], "/lifts/0"), ("all", "/lifts")],
)
def test_what_cannot_be_lifted_is_pointed_at(api: Api, lifts: Any, pointer: str) -> None:
    api.submit(text="hello")
    path = "/v1/items/post-1/decisions"
    by_terms = {"outcome": "restrict", "label": "propaganda", "reason": "terms"}
    assert api.post(path, by_terms).status_code == 201
    before = [api.count(name) for name in ("decisions", "actions", "ledger_pending", "answers")]
    refused = api.post(path, {"outcome": "lift", "reason": "x", "lifts": lifts})
    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.json()["errors"]] == [pointer]
    after = [api.count(name) for name in ("decisions", "actions", "ledger_pending", "answers")]
    assert after == before
    assert len(api.get("/v1/items/post-1").json()["restrictions"]) == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": 7}, "/id"),
        ({"id": ""}, "/id"),
        ({"id": "x" * 10_240}, "/id"),
        ({"id": "."}, "/id"),
        ({"id": ".."}, "/id"),
        ({"platform": "."}, "/platform"),
        ({"platform": ".."}, "/platform"),
        ({"publicness": "secret"}, "/publicness"),
        ({"nonsense": 1}, "/nonsense"),
        ({"created_at": "2025-12-31T23:00:00"}, "/created_at"),
        ({"version": "2025-12-31T23:00:00"}, "/version"),
        ({"version": "0001-01-01T00:00:00+23:59"}, "/version"),
        ({"version": "seven"}, "/version"),
        ({"version": 2**63}, "/version"),
        ({"version": 1.5}, "/version"),
        ({"text": "a\0b"}, "/text"),
        ({"author": "\0"}, "/author"),
        ({"context": {"a": ["\0"]}}, "/context/a/0"),
        ({"media": [{"filename": "a"}]}, "/media/0"),
        ({"media": [{"url": "http://127.0.0.1:1/x"}]}, "/media/0/url"),
        ({"media": [{"url": "http://169.254.169.254/latest"}]}, "/media/0/url"),
        ({"media": [{"data": "not base64!"}]}, "/media/0/data"),
    ],
)
def test_bad_fields_are_named_and_nothing_is_written(
    api: Api, change: dict[str, Any], pointer: str
) -> None:
    answer = api.submit(**change) if "id" not in change else api.post("/v1/items", item() | change)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "errors"} <= set(problem)
    assert problem["errors"][0]["pointer"] == pointer
    assert set(problem["errors"][0]) == {"pointer", "expected", "got"}
    assert api.count("items") == 0


def test_a_time_that_has_not_come_is_noted_and_nobody_goes_by_it(api: Api) -> None:
    """An author's client often writes that time: a post is no less looked at for it."""
    api.bank()
    api.entry(KNOWN)
    fields: dict[str, Any] = {"text": KNOWN, "created_at": "2099-01-01T00:00:00Z"}
    first = api.submit(**fields)
    answer = first.json()
    assert answer["verdict"] == "restrict"
    claim = "time-claim (created_at says 2099-01-01 00:00:00 UTC)"
    assert answer["evaluation"]["problems"] == [claim]
    assert "media-not-judged" not in {one["rule"] for one in answer["evaluation"]["rules"]}
    kept = api.get("/v1/items/post-1").json()
    assert kept["revisions"][0]["content"]["created_at"] == kept["received_at"]
    assert api.submit(**fields).content == first.content
    skewed = api.submit("post-2", created_at="2026-01-01T00:10:00Z").json()
    assert skewed["evaluation"]["problems"] == []
    for number, moment in enumerate(("9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+14:00")):
        beyond = api.submit(f"beyond-{number}", text=KNOWN, created_at=moment).json()
        assert beyond["verdict"] == "restrict"
        assert beyond["evaluation"]["problems"] == [f"time-claim (created_at says {moment})"]
    assert api.submit("post-3", version="2099-01-01T00:00:00Z").json()["evaluation"][
        "problems"
    ] == ["time-claim (version says 2099-01-01 00:00:00 UTC)"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"id":"\xff"}', 400),
        (b'{"id":"\\ud800","surface":"post"}', 422),
        (b"[" * 100_000, 422),
        (b"null", 422),
        (b"", 400),
    ],
)
def test_what_is_no_json_is_refused(api: Api, body: bytes, status: int) -> None:
    answer = api.call(
        "POST", "/v1/items", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert api.count("items") == 0


def test_a_declared_body_over_the_limit_is_not_read(api: Api) -> None:
    answer = api.call(
        "POST",
        "/v1/items",
        content=b"x",
        headers={"content-type": "application/json", "content-length": str(33 << 20)},
    )
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"


def test_a_missing_field_is_named(api: Api) -> None:
    body = item()
    del body["surface"]
    assert api.post("/v1/items", body).json()["errors"][0]["pointer"] == "/surface"


def test_an_idempotency_key_is_of_one_platform(api: Api) -> None:
    """The same key for the same id on another platform is another request."""
    once = {"headers": {"Idempotency-Key": "k"}}
    for platform in ("a", "b"):
        api.submit(platform=platform, text="a text")
        path = f"/v1/items/post-1/holds?platform={platform}"
        assert api.post(path, {"reason": "letter 7"}, **once).status_code == 201
        assert api.post(path, {"reason": "letter 7"}, **once).status_code == 201
        assert api.call("DELETE", f"/v1/items/post-1?platform={platform}").status_code == 409
    assert api.count("holds") == 2


def test_an_idempotency_key_is_of_the_platform_of_the_key_that_was_shown(api: Api) -> None:
    """A person's two keys act under one name: what the second one asks for is not done yet."""
    with api.instance.database.begin() as tx:
        create_user(tx, "anna@example.org", "admin")
        keys = [
            create_key(tx, SCOPES, f"anna {one}", ["admin"], one, "anna@example.org")[1]
            for one in ("a", "b")
        ]
    once = {"headers": {"Idempotency-Key": "k"}}
    for key in keys:
        api.post("/v1/items", item(text="a text"), key=key)
        for _ in range(2):
            answer = api.post("/v1/items/post-1/holds", {"reason": "letter 7"}, key=key, **once)
            assert answer.status_code == 201
    assert api.count("holds") == 2


def test_an_idempotency_key_is_of_all_that_the_query_asks_for(api: Api) -> None:
    api.submit(text="a text")
    once = {"headers": {"Idempotency-Key": "k"}}
    queries = ["", "?a=1", "?a=2", "?a=1&a=2", "?a=2&a=1", "?a=1&b=2", f"?a={'x' * 8000}"]
    for query in queries:
        for _ in range(2):
            path = f"/v1/items/post-1/holds{query}"
            assert api.post(path, {"reason": "letter 7"}, **once).status_code == 201, query
    swapped = api.post("/v1/items/post-1/holds?b=2&a=1", {"reason": "letter 7"}, **once)
    assert swapped.status_code == 201
    assert api.count("holds") == len(queries)


def test_an_idempotency_key_tells_ids_apart_that_are_alike_when_escaped(api: Api) -> None:
    headers = {"Idempotency-Key": "k", "Authorization": f"Bearer {api.admin}"}
    with live(api.instance) as port:  # on a real socket: a stand-in would unescape twice
        for id, path in (("a/b", "a%2Fb"), ("a%2Fb", "a%252Fb"), ("a%2fb", "a%252fb")):
            api.submit(id, text="a text")
            url = f"http://127.0.0.1:{port}/v1/items/{path}/holds"
            held = httpx.post(url, json={"reason": "letter 7"}, headers=headers)
            assert held.status_code == 201, held.text
    assert api.count("holds") == 3
    with api.instance.database.begin() as tx:
        held_items = "SELECT count(DISTINCT item_id) FROM holds"
        assert tx.connection.exec_driver_sql(held_items).scalar_one() == 3


def test_erasure_takes_the_ground_that_a_person_wrote(api: Api) -> None:
    api.submit(text="a text")
    ground = {"kind": "terms", "reference": "what the man from the bridge said"}
    by_hand = {"outcome": "restrict", "label": "threat", "reason": "by hand", "ground": ground}
    assert api.post("/v1/items/post-1/decisions", by_hand).status_code == 201
    api.call("DELETE", "/v1/items/post-1")
    with api.instance.database.begin() as tx:
        left = tx.connection.exec_driver_sql("SELECT ground_reference FROM decisions").scalars()
        assert left.all() == ["erased with the item"]


def test_a_text_that_grows_too_long_is_read_as_far_as_it_may_and_reviewed(api: Api) -> None:
    add = "/v1/banks/grown/entries"
    api.post("/v1/banks", {"name": "grown", "stance": "known"})
    for phrase in ("blood and soil", "out of reach"):
        assert api.post(add, {"kind": "phrase", "value": phrase}).status_code == 201
    grown = "blood and soil " + "\ufdfa" * 190_000
    answer = api.submit("grown", text=f"{grown} out of reach").json()
    assert answer["verdict"] == "review"
    [problem] = answer["evaluation"]["problems"]
    assert problem == "text: too long (3420028 characters once normalised, read are 400000)"
    assert [match["kind"] for match in answer["evaluation"]["matches"]] == ["phrase"]
    # Two texts that share what was read are not equal: there is no digest that says so.
    kinds = {code.kind for code in of_text(grown)}
    assert "text_sha256" not in kinds
    assert "text_sha256" in {code.kind for code in of_text("\ufdfa" * 22_000)}
    refused = api.post(add, {"text": grown})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/text"
    assert api.get("/v1/banks/grown").json()["entries"] == 2
