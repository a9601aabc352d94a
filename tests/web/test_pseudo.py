"""Nothing escapes translation: every page of the desk in `en-XA`, where all that is ours stands in ⟦ ⟧, and
what scripts are given to say."""

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.api import Api
from tests.web.marked import unmarked, words_of
from tests.web.test_pages import CONTENT, case_of, picture
from tests.web.visitor import Visitor

from tidegate.enforcement.webhooks import create_webhook
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
            "/cases/{case}": [f"/cases/{one}" for one in (self.case, self.pictured, self.closed)],
            "/items/{item}": [f"/items/{item[1]}"],
            "/banks/{bank}": ["/banks/known"],
            "/bulk/{bulk}": [self.bulk],
            "/media/{item}/{revision}/{index}/file": [f"{media}/file"],
            "/media/{item}/{revision}/{index}/download": [f"{media}/download"],
            "/media/entries/{entry}/file": [f"/media/entries/{entry[1]}/file"],
            "/media/entries/{entry}/download": [f"/media/entries/{entry[1]}/download"],
            "/cases": ["/cases", "/cases?state=decided", "/cases?queue=nothing&band=1,2&lang=ar"],
            "/items": ["/items", "/items?id=post-1", "/items?id=nothing"],
            "/sign-in/{token}": [],
        }


@pytest.fixture
def desk(api: Api) -> Desk:
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
    assert seen > 25


def test_pages_of_others_and_of_those_who_may_little(desk: Desk) -> None:
    desk.other.send(f"/cases/{desk.pictured}/claim")
    for path in ("/", f"/cases/{desk.pictured}", f"/cases/{desk.pictured}?looked=1", "/cases"):
        check(desk.admin.get(path, headers=XA), path)
    for role in ("auditor", "curator"):
        person = Visitor(desk.api.instance, desk.api.client, role)
        for path in ("/", "/account", "/banks/known"):
            check(person.get(path, headers=XA), path)


def test_what_strangers_see(desk: Desk) -> None:
    link = desk.admin.new_link()
    for path in ("/sign-in", "/sign-in?done=signed-out", f"/sign-in/{link}"):
        check(desk.api.client.get(path, headers=XA), path)
    check(desk.api.client.get("/sign-in/gone", headers=XA), "a link that is gone")


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
