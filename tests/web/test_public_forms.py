"""Public forms as a browser without JavaScript sends them: what is taken, what is refused, what is told."""

import re
from html import unescape
from typing import Any

import httpx
import msgspec
import pytest
from tests.api import Api
from tests.web.test_tips_api import picture
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.intake.references import LENGTH
from tidegate.web.guesses import WAITED
from tidegate.web.pages.public_forms.notice import EXEMPT
from tidegate.web.puzzle import LASTS, WAIT, solves

TIP = {"text": "He talks of nothing else and has bought a gun.", "place": "by the lake"}
NOTICE = {
    "category": "terrorism",
    "urls": "https://example.org/post/1",
    "why": "It shows how a bomb is built and asks to use it.",
    "name": "Ada Example",
    "email": "Ada@Example.org",
    "good_faith": "yes",
}
WRITTEN = ("items", "reports", "report_sources", "report_messages", "cases", "ledger_pending")
WAITS = WAIT.total_seconds()


@pytest.fixture
def forms(api: Api, monkeypatch: pytest.MonkeyPatch) -> "Forms":
    settings = msgspec.structs.replace(api.instance.settings, public_forms=True, proof_bits=6)
    monkeypatch.setattr(api.instance, "settings", settings)
    clock = api.instance.clock
    assert isinstance(clock, FakeClock)
    return Forms(api, clock)


class Forms:
    """A browser of nobody in particular."""

    def __init__(self, api: Api, clock: FakeClock) -> None:
        self.api = api
        self.clock = clock

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.api.client.get(path, headers=headers)

    def open(self, path: str, **form: Any) -> dict[str, Any]:
        """The fields that a form has, and `form`."""
        return self.hidden(self.get(path).text) | form

    def hidden(self, page: str) -> dict[str, str]:
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
        return {name: unescape(value) for name, value in found}

    def post(self, path: str, form: dict[str, Any], *files: bytes) -> httpx.Response:
        parts = [("files", ("seen.png", data, "image/png")) for data in files]
        return self.api.client.post(path, data=form, files=parts or None)

    def send(self, path: str, form: dict[str, Any], *files: bytes) -> httpx.Response:
        """Open the form, wait as one must without JavaScript, and send it."""
        opened = self.open(path, **form)
        self.clock.advance(WAITS)
        return self.post(path, opened, *files)

    def rows(self) -> list[int]:
        return [self.api.count(table) for table in WRITTEN]

    def report(self, channel: str) -> dict[str, Any]:
        with self.api.instance.database.begin() as tx:
            query = "SELECT external_id FROM reports WHERE channel = %s ORDER BY received_at"
            ids = tx.connection.exec_driver_sql(query, (channel,)).scalars().all()
        return self.api.get(f"/v1/reports/{ids[-1]}").json()


def reference_in(page: str) -> str:
    found = re.search(r'data-testid="reference"[^>]*><span[^>]*>([^<]+)<', page)
    assert found, page
    return found[1]


def test_without_the_setting_there_are_no_forms(api: Api) -> None:
    for path in ("/notice", "/tip", "/follow-up"):
        before = [api.count(table) for table in WRITTEN]
        assert api.client.get(path).status_code == 404
        assert api.client.post(path, data=TIP).status_code == 404
        assert [api.count(table) for table in WRITTEN] == before


def test_a_tip_is_taken_from_nobody_and_followed_by_its_reference(forms: Forms) -> None:
    extra = {"when": "tomorrow", "source_name": "Ada", "source_contact": "ada@example.org"}
    sent = forms.send("/tip", TIP | extra, picture())
    assert sent.status_code == 200, sent.text
    assert "set-cookie" not in sent.headers
    assert sent.headers["cache-control"] == "no-store"
    reference = reference_in(sent.text)
    assert len(reference.replace("-", "")) == LENGTH
    assert " ".join(reference.split("-")[0]) in sent.text  # as it is read out
    kept = forms.report("tip")
    assert (kept["reporter"], kept["location"]) == (None, "by the lake")
    assert (kept["reason"], kept["comment"]) == ("tip", "When: tomorrow")
    item = forms.api.get(f"/v1/items/{kept['item']}").json()
    (revision,) = item["revisions"]
    assert revision["content"]["text"] == TIP["text"]
    assert len(revision["content"]["media"]) == 1
    asked = {"purpose": "review", "justification": "to call whoever sent the tip back"}
    source = forms.api.post(f"/v1/reports/{kept['id']}/source", asked).json()
    assert (source["name"], source["contact"]) == ("Ada", "ada@example.org")
    followed = forms.post("/follow-up", {"reference": reference.lower().replace("-", " ")})
    assert followed.status_code == 200, followed.text
    assert 'data-state="waiting"' in followed.text


def test_somebody_in_danger_rings(forms: Forms) -> None:
    assert forms.send("/tip", TIP | {"danger": "yes"}).status_code == 200
    assert forms.report("tip")["reason"] == "threat_to_life"
    assert len(forms.api.get("/v1/alerts").json()["data"]) == 1


def test_a_notice_is_one_report_for_each_address_by_one_notifier(forms: Forms) -> None:
    urls = "https://example.org/post/1\n https://example.org/post/2\nhttps://example.org/post/1"
    sent = forms.send("/notice", NOTICE | {"urls": urls, "where": "at 1:20"}, picture())
    assert sent.status_code == 200, sent.text
    assert len(re.findall('data-testid="reference"', sent.text)) == 2
    kept = forms.report("notice")
    assert (kept["channel"], kept["reason"]) == ("notice", "terrorism")
    assert (kept["comment"], kept["location"]) == (NOTICE["why"], "at 1:20")
    assert kept["reporter"] is not None
    assert "ada" not in str(kept).lower()
    again = forms.send("/notice", NOTICE | {"urls": "https://example.org/post/3"})
    assert again.status_code == 200
    assert forms.report("notice")["reporter"] == kept["reporter"]


def test_who_is_suspended_is_told_so(forms: Forms) -> None:
    assert forms.send("/notice", NOTICE).status_code == 200
    notifier = f"/v1/notifiers/{forms.report('notice')['reporter']}"
    why = {"reason": "Three notices in a row were plainly unfounded."}
    assert forms.api.post(f"{notifier}/warn", why).status_code == 200
    until = {"until": "2026-01-20T00:00:00Z"}
    assert forms.api.post(f"{notifier}/suspend", why | until).status_code == 200
    before = forms.rows()
    refused = forms.send("/notice", NOTICE | {"urls": "https://example.org/post/9"})
    assert refused.status_code == 403
    assert "not processed for now" in refused.text
    assert forms.rows() == before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"category": ""}, "category"),
        ({"category": "gossip"}, "category"),
        ({"urls": ""}, "urls"),
        ({"urls": "somewhere on the net"}, "urls"),
        ({"urls": "\n".join(f"https://example.org/{one}" for one in range(6))}, "urls"),
        ({"why": "bad"}, "why"),
        ({"why": "x" * 10_001}, "why"),
        ({"where": "x" * 1001}, "where"),
        ({"name": ""}, "name"),
        ({"email": ""}, "email"),
        ({"email": "ada at example"}, "email"),
        ({"good_faith": ""}, "good_faith"),
        ({"category": EXEMPT, "name": "", "email": "no address"}, "email"),
    ],
)
def test_what_a_notice_lacks_is_said_at_its_field_and_nothing_is_written(
    forms: Forms, fields: dict[str, str], field: str
) -> None:
    before = forms.rows()
    refused = forms.send("/notice", NOTICE | fields)
    assert refused.status_code == 422, refused.text
    assert f'id="error-{field}"' in refused.text
    assert re.findall(r'id="error-(\w+)"', refused.text) == [field]
    if "why" not in fields:
        assert NOTICE["why"] in refused.text  # what was typed is still there
    assert forms.rows() == before


def test_all_that_a_notice_lacks_is_said_at_once(forms: Forms) -> None:
    refused = forms.send("/notice", {})
    found = set(re.findall(r'id="error-(\w+)"', refused.text))
    assert found == {"category", "urls", "why", "name", "email", "good_faith"}


def test_of_child_abuse_one_may_tell_without_a_name(forms: Forms) -> None:
    without = NOTICE | {"category": EXEMPT, "name": "", "email": ""}
    assert forms.send("/notice", without).status_code == 200
    assert forms.report("notice")["reporter"] is None
    assert forms.api.count("report_sources") == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "\u200b"}, "text"),
        ({"text": "x" * 50_001}, "text"),
        ({"place": "x" * 1001}, "place"),
        ({"when": "x" * 1001}, "when"),
        ({"source_name": "x" * 201}, "source_name"),
        ({"source_contact": "x" * 501}, "source_contact"),
    ],
)
def test_what_is_no_tip_is_said_at_its_field_and_nothing_is_written(
    forms: Forms, fields: dict[str, str], field: str
) -> None:
    before = forms.rows()
    refused = forms.send("/tip", TIP | fields)
    assert refused.status_code == 422, refused.text
    assert re.findall(r'id="error-(\w+)"', refused.text) == [field]
    assert forms.rows() == before


def test_files_alone_are_a_tip_and_too_many_are_none(forms: Forms) -> None:
    assert forms.send("/tip", {"text": ""}, picture()).status_code == 200
    before = forms.rows()
    refused = forms.send("/tip", TIP, *([b"x"] * 9))
    assert refused.status_code == 422
    assert 'id="error-files"' in refused.text
    assert forms.rows() == before


# --- Abuse ---


def test_one_waits_without_javascript_and_what_was_typed_and_waited_stays(forms: Forms) -> None:
    opened = forms.open("/tip", **TIP)
    before = forms.rows()
    refused = forms.post("/tip", opened)
    assert refused.status_code == 422
    assert "sent very fast" in refused.text
    assert forms.rows() == before
    shown = forms.hidden(refused.text)
    assert shown["challenge"] == opened["challenge"]
    forms.clock.advance(WAITS)
    assert forms.post("/tip", TIP | shown).status_code == 200


def test_who_solves_the_puzzle_need_not_wait(forms: Forms) -> None:
    opened = forms.open("/tip", **TIP)
    proof = next(str(one) for one in range(9999) if solves(opened["challenge"], str(one), 6))
    assert forms.post("/tip", opened | {"proof": proof}).status_code == 200


def test_a_challenge_is_good_once_and_the_same_again_is_a_retry(forms: Forms) -> None:
    opened = forms.open("/tip", **TIP)
    forms.clock.advance(WAITS)
    first = forms.post("/tip", opened)
    before = forms.rows()
    assert reference_in(forms.post("/tip", opened).text) == reference_in(first.text)
    other = forms.post("/tip", opened | {"text": "something else"})
    assert other.status_code == 409
    assert "sent already" in other.text
    assert forms.rows() == before
    anew = forms.hidden(other.text)
    assert anew["challenge"] != opened["challenge"]
    forms.clock.advance(WAITS)
    assert forms.post("/tip", anew | {"text": "something else"}).status_code == 200


def test_a_challenge_is_for_its_form_and_ends(forms: Forms) -> None:
    opened = forms.open("/tip")
    before = forms.rows()
    forms.clock.advance(WAITS)
    wrong = [
        forms.post("/notice", NOTICE | opened),
        forms.post("/tip", TIP),
        forms.post("/tip", TIP | {"challenge": "tip.1.1." + "0" * 32 + "." + "0" * 32}),
        forms.post("/tip", TIP | opened | {"proof": "no number"}),
    ]
    forms.clock.advance(LASTS.total_seconds())
    wrong.append(forms.post("/tip", TIP | opened))
    assert [one.status_code for one in wrong] == [422] * 5
    assert forms.rows() == before


def test_from_one_address_come_few_without_javascript(forms: Forms) -> None:
    for number in range(WAITED.quota):
        assert forms.send("/tip", {"text": f"tip {number}"}).status_code == 200
    before = forms.rows()
    refused = forms.send("/tip", TIP)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert forms.rows() == before
    opened = forms.open("/tip", **TIP)
    proof = next(str(one) for one in range(9999) if solves(opened["challenge"], str(one), 6))
    assert forms.post("/tip", opened | {"proof": proof}).status_code == 200


def test_a_form_over_the_limit_is_not_read(forms: Forms, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = msgspec.structs.replace(forms.api.instance.settings, public_forms_limit=20_000)
    monkeypatch.setattr(forms.api.instance, "settings", settings)
    before = forms.rows()
    assert forms.send("/tip", TIP, b"x" * 20_001).status_code == 413
    assert forms.rows() == before


def test_a_form_from_elsewhere_acts_in_nobodys_name(forms: Forms) -> None:
    anna = Visitor(forms.api.instance, forms.api.client, "reviewer", email="anna@example.org")
    page = anna.get("/tip")
    assert "anna" not in page.text
    opened = forms.hidden(page.text)
    forms.clock.advance(WAITS)
    sent = anna.send("/tip", TIP | opened, csrf=False, headers={"sec-fetch-site": "cross-site"})
    assert sent.status_code == 200
    with forms.api.instance.database.begin() as tx:
        said = tx.connection.exec_driver_sql("SELECT actor FROM case_events").scalars().all()
    assert "form:tip" in said


def test_nobodys_address_is_kept(forms: Forms) -> None:
    assert forms.send("/tip", TIP).status_code == 200
    app: Any = forms.api.client.app
    while not hasattr(app, "state"):
        app = app.app
    counted = app.state.sent.waited._buckets
    assert len(counted) == 2  # who asks, and all together
    assert "testclient" not in str(counted)


# --- Following up ---


def test_a_question_is_answered_under_the_reference(forms: Forms) -> None:
    reference = reference_in(forms.send("/tip", TIP).text)
    kept = forms.report("tip")
    ask = {"text": "Which lake?"}
    assert forms.api.post(f"/v1/reports/{kept['id']}/questions", ask).status_code == 201
    page = forms.post("/follow-up", {"reference": reference})
    assert "Which lake?" in page.text
    assert "Your answer" in page.text
    opened = forms.hidden(page.text)
    forms.clock.advance(WAITS)
    answered = forms.post("/follow-up", opened | {"said": "The <b>small</b> one."})
    assert answered.status_code == 200, answered.text
    assert "The &lt;b&gt;small&lt;/b&gt; one." in answered.text
    assert 'data-testid="said-so"' in answered.text
    before = forms.rows()
    assert forms.post("/follow-up", opened | {"said": "The <b>small</b> one."}).status_code == 200
    assert forms.post("/follow-up", opened | {"said": "Another."}).status_code == 409
    assert forms.rows() == before
    told = forms.api.get(f"/v1/reports/{kept['id']}").json()["messages"]
    assert [one["by"] for one in told] == [f"key:{forms.api.name}", "form:follow-up"]


def test_what_is_wrong_with_an_answer_keeps_it_and_writes_nothing(forms: Forms) -> None:
    reference = reference_in(forms.send("/tip", TIP).text)
    opened = forms.hidden(forms.post("/follow-up", {"reference": reference}).text)
    before = forms.rows()
    soon = forms.post("/follow-up", opened | {"said": "At noon."})
    assert soon.status_code == 422
    assert "At noon." in soon.text
    assert forms.hidden(soon.text) == opened
    empty = forms.post("/follow-up", opened | {"said": " "})
    assert (empty.status_code, 'id="error-said"' in empty.text) == (422, True)
    assert forms.rows() == before


def test_a_code_that_is_none_is_told_apart_from_a_mistyped_one_and_from_nothing_else(
    forms: Forms,
) -> None:
    reference = reference_in(forms.send("/tip", TIP).text)
    wrong = reference[:-1] + ("2" if reference[-1] != "2" else "3")
    mistyped = forms.post("/follow-up", {"reference": wrong})
    assert mistyped.status_code == 422
    assert "not written as it was given" in mistyped.text
    unknown = forms.post("/follow-up", {"reference": "2222-2222-222"})
    assert unknown.status_code == 404
    assert "No report has this reference" in unknown.text
    empty = forms.post("/follow-up", {"reference": ""})
    assert (empty.status_code, 'id="error-reference"' in empty.text) == (422, True)


def test_guessing_is_held_up(forms: Forms) -> None:
    statuses = [
        forms.post("/follow-up", {"reference": "2222-2222-222"}).status_code for _ in range(32)
    ]
    assert statuses == [404] * 30 + [429] * 2


def test_a_reference_of_another_platform_is_none_here(forms: Forms) -> None:
    tip = {"id": "b1", "channel": "tip", "reason": "tip", "created_at": "2025-12-31T23:00:00Z"}
    found = forms.api.post("/v1/reports?platform=b", tip | {"text": "elsewhere"}).json()
    assert forms.post("/follow-up", {"reference": found["reference"]}).status_code == 404


def test_the_decision_is_told_in_the_readers_language(forms: Forms) -> None:
    reference = reference_in(forms.send("/notice", NOTICE).text)
    case = forms.report("notice")["case"]
    reason = "Looked at by a person: nothing in it is against the rules."
    decided = {"outcome": "pass", "reason": reason}
    assert forms.api.post(f"/v1/cases/{case}/decide", decided).status_code == 200
    page = forms.post("/follow-up?lang=de", {"reference": reference}).text
    assert "Von einem Menschen angesehen" in page
    assert "six months" in forms.post("/follow-up", {"reference": reference}).text


def test_erased_is_told_and_nothing_more_is_taken(forms: Forms) -> None:
    sent = forms.send("/tip", TIP)
    reference = reference_in(sent.text)
    item = forms.report("tip")["item"]
    assert forms.api.call("DELETE", f"/v1/items/{item}").status_code == 204
    page = forms.post("/follow-up", {"reference": reference})
    assert page.status_code == 200
    assert 'data-state="erased"' in page.text
    assert TIP["text"] not in page.text


# --- Languages ---


@pytest.mark.parametrize("path", ["/notice", "/tip", "/follow-up"])
def test_the_language_is_a_part_of_the_address(forms: Forms, path: str) -> None:
    for lang in ("ar", "de", "en", "fr"):
        page = forms.get(f"{path}?lang={lang}")
        assert f'<html lang="{lang}"' in page.text
        assert f'action="{path}?lang={lang}"' in page.text
        assert "set-cookie" not in page.headers
    assert '<html lang="fr"' in forms.get(path, **{"accept-language": "fr"}).text
    assert '<html lang="en"' in forms.get(f"{path}?lang=xx").text
    assert 'dir="rtl"' in forms.get(f"{path}?lang=ar").text
    assert forms.get(f"{path}?lang=de&utm_source=x").status_code == 200
