"""Who was refused, and who read what not everybody's eyes are for: the ledger tells, and nothing lists
it by the person."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from tests.api import Api
from tests.waiting import until
from tests.web.test_pages import picture
from tests.web.test_pages_sign_in import PASSWORD, sign_in, with_password
from tests.web.visitor import Visitor

from tidegate.access.actions import revoke_key
from tidegate.infra.clock import FakeClock
from tidegate.web import refusing

DAY = timedelta(days=1).total_seconds()
Entry = tuple[UUID | None, dict[str, Any]]


def told(api: Api, *kinds: str) -> list[Entry]:
    """(subject, record) of the entries of these kinds."""
    with api.instance.database.begin() as tx:
        query = "SELECT kind, subject, record FROM ledger_pending ORDER BY at, id"
        rows = tx.connection.exec_driver_sql(query).all()
    return [(row.subject, msgspec.json.decode(row.record)) for row in rows if row.kind in kinds]


def whole(api: Api) -> str:
    """Everything that the ledger and the counters of what is told keep."""
    with api.instance.database.begin() as tx:
        query = "SELECT string_agg(encode(record, 'escape'), ' ') FROM ledger_pending"
        return tx.connection.exec_driver_sql(query).scalar_one()


def refused(api: Api, kind: str, called: str) -> Counter[str | None]:
    """How often what was refused, in one entry or more: a part may have been written before."""
    refusing.write(api.instance)
    found = Counter[str | None]()
    for _, record in told(api, kind):
        found[record[called]] += record["count"]
    return found


def report(api: Api, id: str = "report-1", **fields: Any) -> str:
    """Report a post; returns its case."""
    said = {"id": id, "item_id": "post-1", "channel": "user", "reason": "hate"}
    body = said | {"created_at": "2025-12-31T23:30:00Z", "reporter": "bert"} | fields
    answer = api.post("/v1/reports", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["case"]


def test_refused_keys_are_told_by_their_ids_and_never_by_their_secrets(api: Api) -> None:
    standing, revoked = api.key("items:read", name="edge"), api.key("items:read", name="old")
    with api.instance.database.begin() as tx:
        revoke_key(tx, revoked.split("_")[1])
    wrong = standing[:-8] + "00000000"
    guess = "tg_0123456789ab_" + "f" * 64
    for key in (wrong, wrong, revoked, guess, "nonsense"):
        assert api.get("/v1/cases", key=key).status_code == 401
    assert api.client.get("/v1/cases").status_code == 401  # no key was shown
    assert api.get("/v1/items/nothing", key=standing).status_code == 404
    assert refused(api, "key.refused", "key") == {
        standing.split("_")[1]: 2,
        revoked.split("_")[1]: 1,
        None: 2,
    }
    for key in (wrong, revoked, guess):
        assert key.split("_")[2] not in whole(api)
    assert "0123456789ab" not in whole(api)


def test_failed_sign_ins_are_told_by_the_account_and_never_by_what_was_typed(api: Api) -> None:
    person = with_password(api)
    assert sign_in(api, person.email.upper(), "a wrong password").status_code == 401
    assert sign_in(api, "my password 123", "x").status_code == 401
    assert sign_in(api, "nobody@example.org", "x").status_code == 401
    assert api.client.post("/sign-in/a-made-up-link").status_code == 410
    form = {"old": "another wrong one", "password": PASSWORD + "1", "again": PASSWORD + "1"}
    assert person.send("/account/password", form).status_code == 422
    assert sign_in(api, person.email, PASSWORD).status_code == 303
    assert refused(api, "sign_in.failed", "email") == {person.email: 2, None: 3}
    for typed in (
        "a wrong password",
        "my password",
        "nobody@example.org",
        "a-made-up",
        "another w",
    ):
        assert typed not in whole(api)


def test_they_are_written_by_themselves(api: Api) -> None:
    assert api.get("/v1/cases", key="nonsense").status_code == 401
    until(lambda: told(api, "key.refused"), "the entry")


def test_what_cannot_be_written_is_counted_on(api: Api, monkeypatch: Any) -> None:
    def fails(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as away:
        away.setattr(refusing, "write_refused", fails)
        assert api.get("/v1/cases", key="nonsense").status_code == 401
        refusing.write(api.instance)
        assert told(api, "key.refused") == []
    assert refused(api, "key.refused", "key") == {None: 1}


def test_who_read_who_reported_is_told_once_a_day(api: Api, clock: FakeClock) -> None:
    api.submit(text="a text")
    case = report(api)
    reader = api.key("items:read", "cases:read", name="reader")
    person = Visitor(api.instance, api.client, "reviewer")
    item = person.get(f"/cases/{case}.json").json()["item_id"]
    for _ in range(2):
        for path in ("/v1/items/post-1", f"/v1/cases/{case}", f"/v1/cases/{case}/reports"):
            assert "reporter" in api.get(path, key=reader).text
        for path in (f"/cases/{case}", f"/items/{item}"):
            assert person.get(path).status_code == 200
    found = told(api, "reporters.read")
    assert [str(subject) for subject, _ in found] == [item, item]
    assert {record["actor"] for _, record in found} == {f"user:{person.email}", "key:reader"}
    clock.advance(DAY)
    api.get(f"/v1/cases/{case}/reports", key=reader)
    assert len(told(api, "reporters.read")) == 3
    # Where nobody is named, nobody is read.
    api.submit("post-2", text="another text")
    case = report(api, "report-2", item_id="post-2", reporter=None)
    assert api.get(f"/v1/cases/{case}", key=reader).status_code == 200
    assert len(told(api, "reporters.read")) == 3


def test_who_decides_on_a_page_reads_no_reporters(api: Api) -> None:
    api.submit(text="a text")
    case = report(api)
    person = Visitor(api.instance, api.client, "reviewer")
    decision = {"outcome": "pass", "template": "harmless", "revision": "1"}
    assert person.send(f"/cases/{case}/decide", decision).status_code == 303
    assert told(api, "reporters.read") == []
    assert api.get(f"/v1/cases/{case}").json()["state"] == "decided"
    assert len(told(api, "reporters.read")) == 1, "by whom they were shown to"


def test_it_goes_with_the_item(api: Api) -> None:
    api.submit(text="a text")
    api.get(f"/v1/cases/{report(api)}")
    assert len(told(api, "reporters.read")) == 1
    assert api.call("DELETE", "/v1/items/post-1").status_code == 204
    with api.instance.database.begin() as tx:
        query = "SELECT record FROM ledger_pending WHERE kind = 'reporters.read'"
        assert tx.connection.exec_driver_sql(query).scalars().all() == [None]


def test_work_on_a_case_is_told_once_a_person_case_and_day(api: Api, clock: FakeClock) -> None:
    api.submit(text="a text")
    case = report(api)
    rita, sam = (Visitor(api.instance, api.client, role) for role in ("reviewer", "admin"))
    assert rita.get(f"/cases/{case}").status_code == 200
    assert told(api, "case.worked") == [], "to look is not to work on it"
    assert rita.send(f"/cases/{case}/claim").status_code == 303
    for _ in range(2):
        assert rita.get(f"/cases/{case}").status_code == 200
    assert rita.send(f"/cases/{case}/release").status_code == 303
    form = {"outcome": "pass", "reason": "nothing in it", "undo_seconds": "0"}
    assert sam.send(f"/cases/{case}/decide", form).status_code == 303
    found = told(api, "case.worked")
    assert [str(subject) for subject, _ in found] == [case, case]
    assert {record["actor"] for _, record in found} == {f"user:{one.email}" for one in (rita, sam)}

    clock.advance(DAY)
    rita.sign_in()
    assert rita.send(f"/cases/{case}/reopen", {"reopen_reason": "once more"}).status_code == 303
    assert rita.send(f"/cases/{case}/claim").status_code == 303
    assert len(told(api, "case.worked")) == 3
    # To decide without the case is work on it all the same.
    assert rita.send(f"/cases/{case}/release").status_code == 303
    passed = {"outcome": "pass", "reason": "x"}
    assert api.post("/v1/items/post-1/decisions", passed).status_code == 201
    assert len(told(api, "case.worked")) == 4


def test_files_that_one_looks_at_outside_of_ones_case_are_told(api: Api, clock: FakeClock) -> None:
    raw = picture()
    api.bank(platform="default")
    entry = api.call("POST", "/v1/banks/known/entries", files={"file": ("a.png", raw)}).json()["id"]
    media = [{"filename": "a.png", "data": msgspec.to_builtins(raw)}]
    case = api.submit(media=media).json()["case"]
    person = Visitor(api.instance, api.client, "reviewer")
    item = person.get(f"/cases/{case}.json").json()["item_id"]
    paths = [f"/media/{item}/1/0", f"/media/entries/{entry}"]

    def look() -> set[str]:
        before = {record["request_id"] for _, record in told(api, "evidence.read")}
        for path in paths:
            for blur in (0, 1):
                assert person.get(f"{path}?blur={blur}").status_code == 200
        found = told(api, "evidence.read")
        return {str(subject) for subject, one in found if one["request_id"] not in before}

    assert look() == {item, entry}
    assert look() == set()
    clock.advance(60)
    assert look() == {item, entry}
    assert person.send(f"/cases/{case}/claim").status_code == 303
    clock.advance(60)
    assert look() == set()
    clock.advance(api.instance.settings.claim_minutes * 60)
    assert look() == {item, entry}, "the claim is over"
    owned = "SELECT platform FROM ledger_pending WHERE kind = 'evidence.read' AND subject = '{}'"
    with api.instance.database.begin() as tx:
        for subject in (item, entry):
            found = tx.connection.exec_driver_sql(owned.format(subject)).scalars()
            assert set(found) == {"default"}, "who reads that platform's ledger sees it"
    for path in (f"/media/{item}/1/7", "/media/entries/nothing"):
        assert person.get(path).status_code == 404
    assert {record["actor"] for _, record in told(api, "evidence.read")} == {f"user:{person.email}"}
