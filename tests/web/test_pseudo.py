"""Nothing escapes translation: every page of the desk in `en-XA`, where all that is ours stands in ⟦ ⟧, and
what scripts are given to say."""

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from tests.api import Api
from tests.others import FORUM
from tests.web.desk_of_orders import orders_of_all_kinds
from tests.web.desk_of_policy import WIDER, Author, asking
from tests.web.marked import unmarked, words_of
from tests.web.surging import surged
from tests.web.test_bank_imports import BAD
from tests.web.test_bank_imports import work as import_lists
from tests.web.test_find_page import walk
from tests.web.test_pages import CONTENT, case_of, picture
from tests.web.two_platforms import seal_all
from tests.web.visitor import Visitor

from tidegate.enforcement.webhooks import create_webhook
from tidegate.exchange.actions import set_organisation
from tidegate.pipeline.house import MESSAGE_TYPES
from tidegate.web import pages
from tidegate.web.words import PSEUDO, languages

XA = {"Accept-Language": PSEUDO, "Accept": "text/html"}
REPORT = {"channel": "user", "reason": "terrorism", "created_at": "2025-12-31T23:00:00Z"}
# Pages that only lead elsewhere, or are pictures.
NO_PAGES = {"/sign-in/oidc", "/sign-in/oidc/callback", "/account/confirm/provider",
            "/media/entries/{entry}", "/media/{item}/{revision}/{index}"}  # fmt: skip


class Desk:
    """A desk with something on every page."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.admin = Visitor(api.instance, api.client, "admin")
        self.other = Visitor(api.instance, api.client, "senior")
        self.case = str(case_of(api)["case"])
        self.files()
        self.decided()
        with api.instance.database.begin() as tx:
            create_webhook(tx, "https://hooks.example/actions", known=MESSAGE_TYPES)
        api.post("/v1/items/post-1/holds", {"reason": "an appeal", "purpose": "appeal"})
        self.admin.send("/cases/filters", {"name": "mine", "filter": "queue=reports"})
        self.admin.send(f"/cases/{self.case}/note", {"text": "@admin@example.org look"})
        task = {"task_text": "ask them", "task_for": "admin", "task_due": "2025-01-01T10:00"}
        for _ in range(2):
            self.admin.send(f"/cases/{self.case}/tasks", task)
        done = self.admin.get(f"/cases/{self.case}.json").json()["tasks"][0]["id"]
        self.admin.send(f"/cases/{self.case}/tasks/{done}/done")
        self.admin.send(f"/cases/{self.case}/links", {"link_case": self.closed, "link_why": "both"})
        self.admin.send(f"/cases/{self.case}/draft", {"outcome": "restrict", "reason": "begun"})

    def files(self) -> None:
        data = base64.b64encode(picture()).decode()
        fields: dict[str, Any] = {
            "media": [{"filename": "coffee.png", "content_type": "image/png", "data": data}],
            "context": {"thread": [{"author": "ann", "text": "first"}], "room": "lobby"},
            "attributes": {"client": "web"},
            "url": "https://example.org/page",
        }
        self.api.submit("files", text="a post with a picture\n" * 40, **fields)
        file = {"file": ("tape.png", picture(), "image/png")}
        self.admin.send("/banks/known/entries", {"note": "a tape"}, files=file)
        self.api.submit("copy", text=None, media=fields["media"])
        for number in range(12):
            said = {"id": f"f{number}", "item_id": "files", "comment": f"number {number}"}
            self.api.post("/v1/reports", REPORT | said)
        threat = {"id": "threat", "item_id": "files", "reason": "threat_to_life"}
        answer = self.api.post("/v1/reports", REPORT | threat).json()
        self.pictured = str(answer["case"])

    def decided(self) -> None:
        self.api.submit("done", text="something else")
        case = self.api.post("/v1/reports", REPORT | {"id": "d", "item_id": "done"}).json()["case"]
        form = {"outcome": "restrict", "label": "propaganda", "template": "against-the-rules"}
        self.admin.send(f"/cases/{case}/decide", form | {"revision": "1", "then": "stay"})
        self.closed = str(case)
        answer = self.admin.send("/cases/bulk/preview", {"filter": "state=open", "outcome": "pass"})
        self.bulk = urlsplit(answer.headers["location"]).path

    def paths(self) -> dict[str, list[str]]:
        """Addresses of every page that has a place in its path."""
        entry = re.search(r'data-part="entry/([^"]+)"', self.admin.get("/banks/known").text)
        assert entry
        item = re.search(r'data-item="([^"]+)"', self.admin.get(f"/cases/{self.pictured}").text)
        assert item
        media = f"/media/{item[1]}/1/0"
        return {
            **self.banks(entry[1]),
            **self.policy(),
            **self.people(),
            **self.find(),
            "/cases/{case}": [f"/cases/{one}" for one in (self.case, self.pictured, self.closed)],
            "/items/{item}": [f"/items/{item[1]}"],
            "/bulk/{bulk}": [self.bulk],
            "/alerts/{alert}": self.alerts(),
            "/media/{item}/{revision}/{index}/file": [f"{media}/file"],
            "/media/{item}/{revision}/{index}/download": [f"{media}/download"],
            "/media/entries/{entry}/file": [f"/media/entries/{entry[1]}/file"],
            "/media/entries/{entry}/download": [f"/media/entries/{entry[1]}/download"],
            "/cases": ["/cases", "/cases?state=decided", "/cases?queue=nothing&band=1,2&lang=ar"],
            "/items": ["/items", "/items?id=post-1", "/items?id=nothing"],
            **self.incidents(),
            **self.clusters(),
            **self.flaggers(),
            **orders_of_all_kinds(self.api.instance),
            "/sign-in/{token}": [],
        }

    def incidents(self) -> dict[str, list[str]]:
        """One that is open, with a step, one that is closed, and one that a surge proposed."""
        said = {"scheme": "attack-response", "title": "what happens there", "note": "by telephone"}
        made = [self.api.post("/v1/incidents", said).json()["id"] for _ in range(2)]
        for one in made:
            form = {"level": "two", "criteria": "ongoing", "reason": "it is one", "bank": "known"}
            self.admin.send(f"/incidents/{one}/open", form | {"languages": "de", "labels": "a b"})
            self.admin.send(f"/incidents/{one}/step", {"step": "lead", "step_note": "Ann leads"})
        self.admin.send(f"/incidents/{made[1]}/close", {"outcome": "handled", "reason": "over"})
        made += surged(self.api)
        seal_all(self.api)
        return {
            "/incidents": ["/incidents", "/incidents?state=closed"],
            "/incidents/{incident}": [f"/incidents/{one}" for one in made],
            "/incidents/{incident}/debrief": [f"/incidents/{one}/debrief" for one in made],
        }

    def clusters(self) -> dict[str, list[str]]:
        """Two that say the same, one of which somebody has put there."""
        tip = REPORT | {"channel": "tip", "text": "They meet at the old bridge on Friday at nine"}
        at = ""
        for number, more in enumerate(("", ", in Mill Street, at 9:30, with 4711 others")):
            said = tip | {"id": f"told-{number}", "text": f"{tip['text']}{more}"}
            at = f"/clusters/{self.api.post('/v1/reports', said).json()['cluster']}"
        member = self.admin.get(f"{at}.json").json()["members"][0]["id"]
        self.admin.send(f"{at}/pin", {"members": member})
        return {"/clusters/{cluster}": [at]}

    def flaggers(self) -> dict[str, list[str]]:
        """One that is suspended, and a notifier who is warned."""
        made = self.admin.send("/flaggers", {"name": "Hotline", "areas": "hate, terror"})
        at = urlsplit(made.headers["location"]).path
        self.admin.send(f"{at}/suspend", {"reason": "four were about nothing"})
        self.api.post("/v1/reports", REPORT | {"id": "by", "item_id": "files", "reporter": "bert"})
        found = self.api.get(f"/v1/cases/{self.pictured}/reports?limit=100").json()["data"]
        (who,) = [one["reporter"] for one in found if one["id"] == "by"]
        sent = self.admin.send("/notifiers", {"notifier": who})
        one = urlsplit(sent.headers["location"]).path
        self.admin.send(f"{one}/warn", {"reason": "they were about nothing"})
        return {"/flaggers/{flagger}": [at], "/notifiers/{platform}/{notifier}": [one]}

    def alerts(self) -> list[str]:
        """One that rings, and one that was closed."""
        rings = self.api.get("/v1/alerts?state=open").json()["data"][0]
        escalated = {"outcome": "escalate", "reason": "It is meant."}
        self.api.post("/v1/items/post-1/decisions", escalated)
        others = self.api.get("/v1/alerts?state=open").json()["data"]
        other = next((one for one in others if one["id"] != rings["id"]), None)
        assert other is not None
        given = {"outcome": "referred", "reason": "It is theirs.", "referred_to": "x"}
        closed = self.api.post(f"/v1/alerts/{other['id']}/close", given)
        assert closed.status_code == 200, closed.text
        return [f"/alerts/{one['id']}" for one in (rings, other)]

    def banks(self, entry: str) -> dict[str, list[str]]:
        """Lists with bad lines, what changes would do, and a bank of which a change waits."""
        bank, files = "/banks/known", {"list": ("list.csv", BAD.encode())}
        ended = self.admin.send(f"{bank}/imports", {"labels": "propaganda"}, files=files)
        import_lists(self.api)
        begun = self.admin.send(f"{bank}/imports", {"pasted": BAD})
        imports = [urlsplit(one.headers["location"]).path for one in (ended, begun)]
        self.admin.send("/banks", {"name": "held", "stance": "known", "note": "waits"})
        self.admin.send("/banks/held/entries", {"text": "words that are known, and many of them"})
        shown = self.admin.get("/banks/held").text
        (other,) = re.findall(r'data-testid="entry" data-id="([^"]+)"', shown)
        switch = {"what": "disable", "enabled": "no", "name": "held", "undo_seconds": "30"}
        self.admin.send("/banks/held/switch", switch)
        assert 'data-testid="held-change"' in self.admin.get("/banks/held").text
        at, there = f"{bank}/entries/{entry}", f"/banks/held/entries/{other}"
        offers = ("confirm", "refute", "disable", "enable", "delete")
        filters = "state=unconfirmed&kind=pdq&label=propaganda&by=me&since=24h&q=nothing"
        what = ("disable", "radius&kind=text_minhash&bits=40", "radius&kind=pdq&bits=20")
        return {
            "/banks/{bank}": [bank, f"{bank}?{filters}", f"{bank}?kind=pdq", "/banks/held"],
            "/banks/{bank}/change": [
                *(f"{bank}/change?what={one}" for one in what),
                "/banks/held/change?what=enable",
            ],
            "/banks/{bank}/entries/{entry}": [
                at,
                there,
                *(f"{at}?change={one}" for one in offers),
            ],
            "/banks/{bank}/imports/{import}": imports,
            "/banks/{bank}/imports/{import}/errors": [],  # a table for other programs
        }

    def policy(self) -> dict[str, list[str]]:
        """A version that took another's place, a rule in shadow, and drafts: replayed and proposed, wrong,
        being replayed, and of no name that anybody saved."""
        ana, live, shadow = Author(self.api, "ana@example.org"), 'mode = "live"', 'mode = "shadow"'
        before, outcome = ana.in_force(), '\noutcome = "review"\ntext = "These'
        ana.replayed(asking("picture").replace(live + outcome, shadow + outcome))
        assert ana.live().status_code == 303
        self.api.submit("shown", text="another picture")
        source = ana.page()["source"].replace("\"item.publicness == 'public'\"", WIDER, 1)
        made = ana.replayed(source.replace(shadow + outcome, live + outcome))
        assert made["replay"]["different"] > 0
        assert made["needs_second"]
        assert ana.live().status_code == 303
        drafts = [f"/policy/drafts/{name}" for name in ("mine", "wrong", "runs", "new")]
        wrong = source.replace("reports.count > 0", "reports.counts > 0")
        self.admin.send(drafts[1], {"revision": "0", "source": wrong})
        text = {"revision": "0", "source": asking("words"), "days": "7"}
        self.admin.send(f"{drafts[2]}/replay", text)
        versions = [f"/policy/{one}" for one in (before, ana.in_force())]
        return {"/policy/{version}": versions, "/policy/drafts/{name}": drafts}

    def people(self) -> dict[str, list[str]]:
        """Somebody with limits, somebody who is shut out, and a key with bounds."""
        limits = {"queues": "reports, senior", "languages": "ar de", "platforms": "default"}
        form = {"email": "rita@example.org", "role": "senior", "display_name": "Rita R."}
        self.admin.send("/people", form | limits)
        self.admin.send("/people", form | {"email": "gone@example.org", "display_name": "Gone"})
        people = self.admin.get("/people.json").json()["people"]
        ids = {one["email"]: one["id"] for one in people}
        self.admin.send(f"/people/{ids['gone@example.org']}/disable")
        key = {"scopes": ["reports:write"], "channels": ["referral"], "platform": "default"}
        bounds = {"network": "10.0.0.0/8", "rate": "50/s", "expires": "90d", "name": "a program"}
        made = self.admin.send("/keys", key | bounds, headers=XA)
        link = self.admin.send(f"/people/{ids['rita@example.org']}/link", headers=XA)
        for answer in (made, link):
            assert 'data-testid="shown-once"' in answer.text
            check(answer, "what is shown once")
        wanted = ("rita@example.org", "gone@example.org", self.admin.email)
        return {"/people/{person}": [f"/people/{ids[one]}" for one in wanted]}

    def find(self) -> dict[str, list[str]]:
        """What is found of each sort, what is not there, and what is near to an address and a code."""
        walk(self.api)
        found = ("picture&tab=items", "picture&tab=cases", "tape&tab=entries",
                 "outcome%3Arestrict&tab=decisions")  # fmt: skip
        for one in found:
            assert 'data-testid="row"' in self.admin.get(f"/find?q={one}").text, one
        others = ("post+label%3Apropaganda+by%3Ame", "author%3Ax&tab=entries", "0" * 64,
                  "https%3A%2F%2Fexample.net%2Fnothing")  # fmt: skip
        return {"/find": ["/find", *(f"/find?q={one}" for one in (*found, *others))]}


@pytest.fixture
def desk(api: Api, monkeypatch: pytest.MonkeyPatch) -> Desk:
    with api.instance.database.begin() as tx:
        set_organisation(tx, FORUM)
    settings = msgspec.structs.replace(api.instance.settings, public_forms=True)
    monkeypatch.setattr(api.instance, "settings", settings)
    return Desk(api)


def check(answer: httpx.Response, path: str) -> None:
    assert answer.text.count('<html lang="en-XA" dir="ltr"') == 1, path
    assert unmarked(answer.text) == [], path


def test_every_page_marks_all_that_is_ours(desk: Desk) -> None:
    known, seen = desk.paths(), 0
    for page in pages.routes:
        if page.method != "GET" or page.json or page.path in NO_PAGES:
            continue
        for path in known.get(page.path, [page.path]):
            answer = desk.admin.get(path, headers=XA)
            if page.path.startswith("/sign-in"):
                continue
            assert answer.status_code == 200, path
            check(answer, path)
            seen += 1
    assert seen > 60


def test_pages_of_others_and_of_those_who_may_little(desk: Desk) -> None:
    desk.other.send(f"/cases/{desk.pictured}/claim")
    for path in ("/", f"/cases/{desk.pictured}", f"/cases/{desk.pictured}?looked=1", "/cases"):
        check(desk.admin.get(path, headers=XA), path)
    for role in ("auditor", "curator"):
        person = Visitor(desk.api.instance, desk.api.client, role)
        for path in ("/", "/account", "/banks/known", "/policy", "/find"):
            check(person.get(path, headers=XA), path)


def test_what_strangers_see(desk: Desk) -> None:
    link = desk.admin.new_link()
    for path in ("/sign-in", "/sign-in?done=signed-out", f"/sign-in/{link}"):
        check(desk.api.client.get(path, headers=XA), path)
    check(desk.api.client.get("/sign-in/gone", headers=XA), "a link that is gone")
    for path in ("/notice", "/tip", "/follow-up"):
        check(desk.api.client.get(path, headers=XA), path)
        check(desk.api.client.post(path, headers=XA), f"{path}, sent empty")
    told = {"id": "followed", "channel": "notice", "reason": "other", "text": CONTENT}
    report = desk.api.post("/v1/reports", told | {"created_at": "2025-12-31T23:00:00Z"}).json()
    desk.api.post("/v1/reports/followed/questions", {"text": CONTENT})
    passed = {"outcome": "pass", "reason": CONTENT}
    assert desk.api.post(f"/v1/cases/{report['case']}/decide", passed).status_code == 200
    asked = {"reference": report["reference"]}
    check(desk.api.client.post("/follow-up", data=asked, headers=XA), "what became of it")
    asked = {"reference": "2222-2222-222"}
    check(desk.api.client.post("/follow-up", data=asked, headers=XA), "a reference of nothing")


def refused(desk: Desk) -> Iterator[tuple[str, httpx.Response]]:
    send = desk.admin.send
    yield "settings", send("/me/settings", {"theme": "pink"}, headers=XA)
    yield "zone", send("/me/settings", {"zone": "Moon/Far side"}, headers=XA)
    yield "bank", send("/banks", {"name": "no spaces", "stance": "known"}, headers=XA)
    yield "entry", send("/banks/known/entries", {}, headers=XA)
    yield "decide", send(f"/cases/{desk.case}/decide", {"outcome": "restrict"}, headers=XA)
    yield "closed", send(f"/cases/{desk.closed}/decide", {"outcome": "pass"}, headers=XA)
    yield "skip", send(f"/cases/{desk.case}/skip", {"reason": "bored"}, headers=XA)
    yield "csrf", send("/me/settings", csrf=False, headers=XA)
    yield "password", send("/account/password", {"password": "a", "again": "b"}, headers=XA)
    yield "search", send("/search", {"text": CONTENT}, headers=XA)
    yield "near", send("/find", {"text": "a post with a picture\n" * 40}, headers=XA)
    files = {"file": ("tape.png", picture(), "image/png")}
    yield "near a file", send("/find", files=files, headers=XA)
    yield "operator", desk.admin.get("/find?q=after%3Anever", headers=XA)
    yield "person", send("/people", {"email": "nobody", "role": "emperor"}, headers=XA)
    yield "key", send("/keys", {"name": "none", "rate": "often"}, headers=XA)
    yield "draft", send("/policy/drafts", {"name": "no spaces"}, headers=XA)
    wrong = {"revision": "0", "source": "name = 1", "reason": "because it is so"}
    yield "live", send("/policy/drafts/wrong/live", wrong, headers=XA)
    yield "check", send("/policy/drafts/wrong/check", wrong, headers=XA)
    yield "import", send("/banks/known/imports", {}, headers=XA)
    switch = {"what": "disable", "enabled": "no", "name": "other"}
    yield "switch", send("/banks/known/switch", switch, headers=XA)
    yield "filter", desk.admin.get("/banks/known?kind=none", headers=XA)
    yield "codes", send("/account/security/codes", headers=XA)
    yield "nowhere", desk.admin.get("/nowhere", headers=XA)
    yield "no case", desk.admin.get("/cases/nothing", headers=XA)
    reviewer = Visitor(desk.api.instance, desk.api.client, "reviewer")
    yield "role", reviewer.get("/ledger", headers=XA)


def test_what_is_refused_is_said_in_the_reader_s_language(desk: Desk) -> None:
    for what, answer in refused(desk):
        assert answer.headers["content-type"].startswith("text/html"), what
        check(answer, what)


def strings(value: Any, names: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from [one] if name in names and isinstance(one, str) else strings(one, names)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one, names)


def test_what_scripts_say_is_marked_too(desk: Desk) -> None:
    script = {"Accept-Language": PSEUDO, "Accept": "application/json"}
    rows = desk.admin.get("/cases.json", headers=script).json()["cases"]
    texts = [text for row in rows for text in strings(row["because"], ("text",))]
    texts += [row["excerpt"] for row in rows if not row["quoted"]]
    texts += strings(desk.admin.get("/go.json?q=", headers=script).json(), ("kind",))
    case = desk.admin.get(f"/cases/{desk.pictured}.json", headers=script).json()
    texts += strings(case["history"], ("text",))
    problems = [
        desk.admin.send("/me/settings", {"theme": "pink"}, headers=script),
        desk.admin.send(f"/cases/{desk.closed}/claim", headers=script),
        desk.admin.send(f"/cases/{desk.case}/decide", {"outcome": "restrict"}, headers=script),
    ]
    for answer in problems:
        assert answer.status_code >= 400
        texts += strings(answer.json(), ("title", "detail", "expected"))
    assert len(texts) > 20
    assert [one for one in texts if words_of(one)] == []


def test_the_api_speaks_english_to_everybody(desk: Desk) -> None:
    answer = desk.api.get("/v1/cases/nothing", headers=XA)
    assert answer.json()["title"] == "There is no such case"


SCRIPTS = sorted((Path(pages.__file__).parent.parent / "static").glob("*.js"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_has_words_of_its_own(script: Path) -> None:
    """What a script says comes from the page: a text that it writes itself could not be translated."""
    saying = re.compile(
        r"(?:\bsay\(|\bcomplain\(|textContent\s*=|innerHTML\s*=|ariaLabel\s*=|\.title\s*=|\.alt\s*="
        r"|\.placeholder\s*=|Notification\()\s*[\"'`]([^\"'`$]*[^\W\d_]{2}[^\"'`]*)[\"'`]"
    )
    assert saying.findall(script.read_text()) == []


@pytest.mark.parametrize(
    ("html", "escaped"),
    [
        ("<p>⟦Home⟧</p>", 0),
        ("<p>Home</p>", 1),
        ("<p>⟦by <bdi data-content>rita</bdi> yesterday⟧</p>", 0),
        ("<p data-content>whatever <b>was</b> posted</p>", 0),
        ('<input placeholder="a name">', 1),
        ('<td data-name="State">⟦open⟧</td>', 1),
        ('<a aria-label="⟦Open⟧ post-1" data-content>post-1</a>', 0),
        ("<p>⟦3 d ago⟧, in reports</p>", 1),
        ("<script>say()</script><kbd>Esc</kbd> 12 × 3", 0),
    ],
)
def test_what_is_not_marked_is_seen(html: str, escaped: int) -> None:
    assert len(unmarked(html)) == escaped


def test_the_pseudo_language_is_made_of_the_source(api: Api) -> None:
    assert languages()[PSEUDO].name == "⟦English⟧"
    client: Callable[..., httpx.Response] = api.client.get
    assert "⟦Sign in⟧" in client("/sign-in", headers={"Accept-Language": "en-XA"}).text
    for other in ("en-AU", "en", "xa", "de-XA;q=0.1, en"):
        assert "⟦" not in client("/sign-in", headers={"Accept-Language": other}).text
