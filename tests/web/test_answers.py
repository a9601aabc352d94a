"""What answers look like on the wire: small, the forms' token never twice the same, refusals in plain words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.infra.errors import FieldError, Refusal
from tidegate.web.csrf import fits, masked
from tidegate.web.pages.faults import faults, field_of
from tidegate.web.pages.refusals import plain_words
from tidegate.web.squeeze import accepts
from tidegate.web.static import STATIC, files, static

TOKEN = "a-token_0123456789abcdefghijklmnopqrstuvwxyz"
SCRIPTS = sorted(STATIC.glob("*.js"))


def sent(api: Api, path: str, *, person: Visitor, encoding: str = "gzip") -> int:
    """How many bytes an answer's body is on the wire."""
    answer = person.get(path, headers={"accept-encoding": encoding})
    assert answer.status_code == 200
    return int(answer.headers["content-length"])


def test_a_token_fits_under_every_mask_and_no_other_does() -> None:
    shown = {masked(TOKEN) for _ in range(20)}
    assert len(shown) == 20
    assert all(fits(one, TOKEN) for one in shown)
    assert not any(TOKEN in one for one in shown)
    for other in (TOKEN, "", "é", "AAAA", masked(TOKEN)[:-4], masked(TOKEN + "x"), masked("x")):
        assert not fits(other, TOKEN), other
    assert not fits(masked(""), "")


@given(st.text(max_size=200))
def test_nothing_that_was_made_up_fits(text: str) -> None:
    assert not fits(text, TOKEN)


def test_each_answer_masks_the_token_anew_and_each_is_taken(api: Api) -> None:
    person = Visitor(api.instance, api.client)
    tokens = [person.csrf() for _ in range(3)]
    assert len(set(tokens)) == 3
    page = person.get("/banks").text
    assert len(set(re.findall(r'name="csrf" value="([^"]+)"', page))) == 1
    for place, token in enumerate(tokens):
        form = {"csrf": token, "name": f"bank-{place}", "stance": "known"}
        assert person.send("/banks", form, csrf=False).status_code == 303


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.8", True),
        ("*", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, identity", False),
    ],
)
def test_who_takes_gzip_is_sent_it(api: Api, said: str, taken: bool) -> None:
    assert accepts({"accept-encoding": said}) is taken
    person = Visitor(api.instance, api.client)
    for path in ("/policy", "/policy.json", static("tidegate.css")):
        answer = person.get(path, headers={"accept-encoding": said})
        assert (answer.headers.get("content-encoding") == "gzip") is taken, path
        assert "Accept-Encoding" in answer.headers["vary"]
        assert (
            answer.text == person.get(path, headers={"accept-encoding": ""}).text
            or "csrf" in answer.text
        )


def test_every_answer_says_what_it_may_load(api: Api) -> None:
    person = Visitor(api.instance, api.client)
    for path in (
        "/",
        "/static/nope",
        "/nope",
        "/cases.json",
        "/cases/nope",
        "/healthz",
        static("desk.js"),
    ):
        said = person.get(path).headers
        assert said["content-security-policy"].startswith("default-src 'none';"), path
        assert said["x-content-type-options"] == "nosniff", path
    for path in ("/v1/items/nope", "/v1/policy", "/v1/nope"):
        assert api.get(path).headers["content-security-policy"].startswith("default-src 'none';")


def test_small_answers_and_those_of_the_api_are_left_as_they_are(api: Api) -> None:
    person = Visitor(api.instance, api.client)
    assert "content-encoding" not in person.get("/sign-in/index.json").headers
    answer = api.call("GET", "/v1/policy", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers


def test_what_is_transferred_stays_within_its_budget(api: Api) -> None:
    """Measured as a browser would: gzip."""
    person = Visitor(api.instance, api.client)
    case = ""
    for number in range(60):
        api.submit(f"post-{number}", text=f"words of the post number {number} that are told apart")
        report = {"id": f"report-{number}", "item_id": f"post-{number}", "channel": "user_report",
                  "reason": "terrorism", "created_at": "2025-12-31T23:30:00Z"}  # fmt: skip
        told = api.post("/v1/reports", report)
        assert told.status_code == 201
        case = f"/cases/{told.json()['case']}"
    assert sent(api, "/cases", person=person) + size_of(loaded(person, "/cases")) <= 60_000
    for path in ("/", "/cases", case, "/account/security", "/policy", "/actions", "/search"):
        assert sent(api, path, person=person) <= 15_000, path
        scripts = {one for one in loaded(person, path) if one.endswith(".js")}
        assert "desk.js" in scripts
        assert size_of(scripts) <= 20_000, (path, scripts)


def size_of(names: set[str]) -> int:
    return sum(len(files()[one].squeezed or files()[one].data) for one in names)


def loaded(person: Visitor, path: str) -> set[str]:
    """The files that a page loads, with what its modules import."""
    named = set(re.findall(r'(?:src|href)="/static/[^/"]+/([^"]+)"', person.get(path).text))
    while more := {one for name in named if name.endswith(".js") for one in imported(name)} - named:
        named |= more
    return named


def imported(script: str) -> set[str]:
    return set(re.findall(r'from "\./([\w.]+)"', (STATIC / script).read_text()))


def test_a_module_imports_its_neighbours_of_the_same_version(api: Api) -> None:
    """An address of a version is kept for ever, so what it names must be of that version as well."""
    folder = static("desk.js").rpartition("/")[0]
    for script in SCRIPTS:
        for name in imported(script.name):
            answer = api.client.get(f"{folder}/{name}")
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
    again = {"if-none-match": api.client.get("/static/desk.js").headers["etag"]}
    assert api.client.get("/static/desk.js", headers=again).status_code == 304
    assert api.client.get("/static/000000000000/desk.js").status_code == 404


REFUSED = [
    Refusal("scope-missing", 403, "Your role does not open this page", "It needs the scope 'x:y'."),
    Refusal("item-unknown", 404, "There is no such item", "GET /v1/items lists them."),
    Refusal("key-unknown", 404, "There is no such key", "`tidegate keys list` shows them."),
    Refusal(
        "link-gone", 410, "This link does not work any more", "`tidegate users link` makes one."
    ),
    Refusal("strange", 418, "The scope is short", "Run tidegate doctor --verbose."),
    Refusal("internal-error", 500, "Something went wrong here", "The log has it."),
    Refusal("unavailable", 503, "The database is away", "See `tidegate doctor`."),
]
JARGON = re.compile(r"scope|`|/v1|tidegate \w|--\w|GET ")


@pytest.mark.parametrize("refusal", REFUSED, ids=lambda one: one.type)
def test_refusals_are_said_without_jargon(refusal: Refusal) -> None:
    words = plain_words(refusal)
    assert words.title
    assert not JARGON.search(f"{words.title} {words.text} {words.help}")


def test_a_refusal_that_is_in_plain_words_is_said_as_it_is() -> None:
    words = plain_words(Refusal("case-decided", 409, "The case is decided", "Rita passed it."))
    assert (words.title, words.text) == ("The case is decided", "Rita passed it.")


def test_a_page_that_refuses_says_who_can_help_and_leads_back(api: Api) -> None:
    reviewer, admin = (Visitor(api.instance, api.client, role) for role in ("reviewer", "admin"))
    html = {"accept": "text/html"}
    for path, status in (("/ledger", 403), ("/cases/nothing", 404), ("/nowhere", 404)):
        answer = reviewer.get(path, headers=html)
        assert answer.status_code == status
        assert 'data-testid="refusal"' in answer.text
        assert 'href="/"' in answer.text
        assert "admin" in answer.text
        said = re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2])
        assert not JARGON.search(said), said
    assert "For those who run this instance" in admin.get("/cases/nothing", headers=html).text
    assert (
        "For those who run this instance" not in reviewer.get("/cases/nothing", headers=html).text
    )


@pytest.mark.parametrize(
    ("pointer", "field"),
    [
        ("/reason", "reason"),
        ("/ground/reference", "ground_reference"),
        ("/restriction/until", "until"),
        ("/restriction/territory/0", "territory"),
        ("/labels/2", "labels"),
        ("platform", "platform"),
        ("", ""),
    ],
)
def test_a_pointer_into_the_body_means_a_field_of_the_form(pointer: str, field: str) -> None:
    assert field_of(pointer) == field


def test_a_fault_is_one_sentence_in_the_summary_and_at_its_field(api: Api) -> None:
    wrong = FieldError("/name", "letters", "<b>")
    refusal = Refusal("invalid-body", 422, "No", errors=[wrong, FieldError("", "a form", "none")])
    assert [one.sentence for one in faults(refusal)] == [
        "Name: expected letters, got <b>.",
        "Expected a form, got none.",
    ]
    person = Visitor(api.instance, api.client)
    page = person.send("/banks", {"name": "no spaces", "stance": "known", "note": "kept"}).text
    assert page.index("<title>Error: Banks") < page.index('data-testid="errors"')
    main = page.partition("<main")[2]
    assert main.index('data-testid="errors"') < main.index("<h1>")
    assert 'href="#name"' in page
    assert 'aria-invalid="true" aria-describedby="name-hint error-name"' in page
    summary, at_field = re.findall(r">(Name: expected [^<]+)<", page)
    assert summary == at_field
    assert 'value="kept"' in page
    assert api.count("banks") == 0
