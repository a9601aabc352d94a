"""A page in somebody's language and by their clock: chosen by them, else by their browser."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.infra.errors import FieldError, Refusal
from tidegate.web import formats
from tidegate.web.formats import facts
from tidegate.web.pages.faults import faults
from tidegate.web.pages.refusals import plain_words, told
from tidegate.web.pages.sentences import in_words
from tidegate.web.permissions import permissions
from tidegate.web.words import PSEUDO, gettext, languages, ngettext, speaking, zone

NOON = datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)
TEXT = "post that somebody reports"


def in_language(tag: str, zone: str = "UTC"):
    return speaking(languages()[tag], zone)


@pytest.fixture
def person(api: Api) -> Visitor:
    return Visitor(api.instance, api.client, "reviewer")


@pytest.mark.parametrize(
    ("accepted", "lang", "dir", "says"),
    [
        ("", "en", "ltr", "Sign in"),
        ("de-AT,de;q=0.9", "de", "ltr", "Anmelden"),
        ("pt, fr-CH;q=0.7, en;q=0.3", "fr", "ltr", "Se connecter"),
        ("ar-EG", "ar", "rtl", "تسجيل الدخول"),
        ("xx", "en", "ltr", "Sign in"),
        ("DE", "de", "ltr", "Anmelden"),
        ("PT,Fr", "fr", "ltr", "Se connecter"),
        ("AR-eg", "ar", "rtl", "تسجيل الدخول"),
        (PSEUDO.lower(), PSEUDO, "ltr", "⟦Sign in⟧"),
        (PSEUDO, PSEUDO, "ltr", "⟦Sign in⟧"),
    ],
)
def test_strangers_are_spoken_to_as_their_browser_asks(
    api: Api, accepted: str, lang: str, dir: str, says: str
) -> None:
    answer = api.client.get("/sign-in", headers={"Accept-Language": accepted})
    assert f'<html lang="{lang}" dir="{dir}"' in answer.text
    assert says in answer.text
    assert answer.headers["content-language"] == lang
    assert "Accept-Language" in answer.headers["vary"]


def test_what_a_person_chose_goes_before_what_their_browser_asks_for(person: Visitor) -> None:
    german = {"Accept-Language": "de"}
    assert '<html lang="de"' in person.get("/cases", headers=german).text
    assert person.send("/me/settings", {"language": "fr"}).status_code == 303
    assert '<html lang="fr"' in person.get("/cases", headers=german).text
    assert person.get("/cases.json", headers=german).status_code == 200
    assert person.send("/me/settings", {"language": "auto"}).status_code == 303
    assert '<html lang="de"' in person.get("/cases", headers=german).text


@pytest.mark.parametrize(
    "form", [{"language": "tlh"}, {"zone": "Mars/Base"}, {"zone": "/etc/passwd"}]
)
def test_only_what_there_is_can_be_chosen(person: Visitor, form: dict[str, str]) -> None:
    assert (
        person.send("/me/settings", {"language": "de", "zone": "Europe/Berlin"}).status_code == 303
    )
    assert person.get("/me/settings.json").json()["chosen"]["hide_from"] == 4  # as nobody chose
    answer = person.send("/me/settings", form)
    assert answer.status_code == 422
    chosen = person.get("/me/settings.json").json()["chosen"]
    assert (chosen["language"], chosen["zone"]) == ("de", "Europe/Berlin")


def test_times_are_by_the_person_s_clock_and_say_what_they_are_in_utc(
    api: Api, person: Visitor
) -> None:
    assert "31 Dec 2025, 23:59:59 UTC" not in person.get("/account").text
    person.send("/me/settings", {"zone": "Asia/Tokyo"})
    page = person.get("/account").text
    found = re.search(r'<time datetime="([^"]+)" title="([^"]+ UTC)">([^<]+)</time>', page)
    assert found
    utc = datetime.fromisoformat(found[1])
    assert utc.utcoffset() == timedelta(0)
    assert f"{utc:%H:%M:%S} UTC" in found[2]
    assert f"{utc + timedelta(hours=9):%H:%M:%S} JST" in found[3]


def test_a_time_that_is_typed_is_by_the_person_s_clock(api: Api, person: Visitor) -> None:
    person.send("/me/settings", {"zone": "Asia/Tokyo"})
    api.submit("post-1", text=TEXT)
    report = {"id": "r", "item_id": "post-1", "channel": "user", "reason": "terrorism",
              "created_at": "2025-12-31T23:00:00Z"}  # fmt: skip
    case = api.post("/v1/reports", report).json()["case"]
    form = {"outcome": "restrict", "label": "propaganda", "template": "against-the-rules",
            "until": "2027-01-01T09:00", "undo_seconds": "0"}  # fmt: skip
    assert person.send(f"/cases/{case}/decide", form).status_code == 303
    decided = api.get("/v1/items/post-1").json()["restrictions"][0]
    assert datetime.fromisoformat(decided["until"]) == datetime(2027, 1, 1, tzinfo=UTC)


def test_dates_numbers_lists_and_spans_are_the_language_s_own() -> None:
    said: dict[str, tuple[str, ...]] = {}
    for tag in ("en", "fr", "de", "ar", PSEUDO):
        with in_language(tag, "Europe/Paris"):
            said[tag] = (
                formats.moment(NOON),
                formats.ago(NOON, NOON + timedelta(hours=5)),
                formats.count(1234567),
                formats.listed(["a", "b", "c"]),
                formats.size(1_600_000),
            )
    assert said["en"] == (
        "31 Jan 2026, 13:00:05 CET",
        "5 hr ago",
        "1,234,567",
        "a, b and c",
        "1.5 MB",
    )
    assert said["de"] == ("31. Jan. 2026, 13:00:05 CET", "vor 5 Std.", "1.234.567", "a, b und c",
                          "1,5 MB")  # fmt: skip
    assert said["fr"][0] == "31 janv. 2026, 13:00:05 CET"
    assert said["fr"][1:] == ("il y a 5\u00a0h", "1\u202f234\u202f567", "a, b et c", "1,5 Mo")
    assert said["ar"][0].startswith("31")
    assert "13:00:05" in said["ar"][0]
    assert said["ar"][3] == "\u2068a\u2069 و\u2068b\u2069 و\u2068c\u2069"
    assert said[PSEUDO][0] == "⟦31 Jan 2026, 13:00:05 CET⟧"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "just now"), (59, "just now"), (-30, "in under a minute"), (60, "1 min ago"),
     (86400 * 40, "40 days ago"), (-7200, "in 2 hr")],
)  # fmt: skip
def test_a_span_is_in_the_one_unit_that_matters(seconds: int, text: str) -> None:
    assert formats.ago(NOON, NOON + timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "لا ملفات"), (1, "ملف واحد"), (2, "ملفان"), (3, "3 ملفات"), (11, "11 ملفًّا"),
     (100, "100 ملف")],
)  # fmt: skip
def test_arabic_has_six_forms(count: int, said: str) -> None:
    with in_language("ar"):
        assert ngettext("%(num)d file", "%(num)d files", count) % {"num": count} == said


def test_an_id_in_a_line_from_the_right_keeps_its_own_direction(api: Api, person: Visitor) -> None:
    with in_language("ar"):
        assert gettext("The same as in %(bank)s") % {"bank": "attack-2026"} == (
            "هو نفسه كما في \u2068attack-2026\u2069"
        )
    person.send("/me/settings", {"language": "ar"})
    api.submit("post-1", text=TEXT)
    item = re.search(r"/items/[0-9a-f-]{36}", person.get("/items?id=post-1").text)
    assert item
    page = person.get(item[0]).text
    assert "<bdi data-content>default</bdi>" in page
    assert '<html lang="ar" dir="rtl"' in page


def test_small_facts_stand_apart_and_in_the_order_of_the_language() -> None:
    told = ["image/png", "15 kB", "", "333 × 200"]
    assert facts(told) == "image/png, 15 kB, 333 × 200"
    with in_language("ar"):
        assert facts(told) == "\u2068image/png\u2069، \u206815 kB\u2069، \u2068333 × 200\u2069"


@pytest.mark.parametrize("language", ["ar", "de", PSEUDO])
def test_every_twin_says_it_in_every_language(api: Api, language: str) -> None:
    person = Visitor(api.instance, api.client, "admin")
    person.send("/me/settings", {"language": language})
    api.submit("post-1", text=TEXT)
    report = {"id": "r", "item_id": "post-1", "channel": "user", "reason": "terrorism"}
    case = api.post("/v1/reports", report | {"created_at": "2025-12-31T23:00:00Z"}).json()["case"]
    looked = 0
    for one in permissions():
        path = one.path.replace("{case}", case)
        if one.method != "GET" or "{" in path or path.startswith(("/v1", "/events", "/metrics")):
            continue
        if path.endswith(".json"):
            continue
        twin = "/index.json" if path == "/" else f"{path}.json"
        answer = person.get(twin)
        assert answer.status_code in (200, 303, 404, 405, 422), (twin, answer.text[:300])
        looked += answer.status_code == 200
    assert looked > 15


def test_a_first_letter_is_raised_and_nouns_keep_theirs() -> None:
    assert (
        formats.upper_first("vertrauenswürdiger Hinweisgeber") == "Vertrauenswürdiger Hinweisgeber"
    )
    assert formats.upper_first("⟦open⟧") == "⟦Open⟧"
    assert formats.upper_first("") == ""


def test_a_zone_that_is_no_longer_known_is_utc() -> None:
    with in_language("en", "Atlantis/Capital"):
        assert zone().key == "UTC"
        assert formats.clock(NOON) == "12:00 UTC"
    with in_language("en", "Asia/Dubai"):
        assert formats.clock(NOON) == "16:00 UTC+04"


def test_refusals_are_said_in_the_reader_s_language() -> None:
    case = Refusal("case-decided", 409, "The case is decided", "user:rita decided it: restrict.")
    unknown = Refusal("new", 409, "Something that nobody translated", "Nor this.")
    with in_language("de"):
        assert plain_words(case).title == "Der Fall ist entschieden"
        assert plain_words(case).text == "user:rita hat entschieden: beschränken."
        assert plain_words(unknown).title == "Das geht nicht mehr"
        document = told(case).document()
        assert (document["title"], document["type"]) == (
            "Der Fall ist entschieden",
            "/problems/case-decided",
        )
        assert in_words("at most 500 cases") == "höchstens 500 Fälle"
        assert in_words("text of 1 to 80 characters") == "Text von 1 bis 80 Zeichen"
    with in_language("ar"):
        assert "\u2068user:rita\u2069" in plain_words(case).text
    assert plain_words(case).title == "The case is decided"
    assert told(case) is case


def test_a_fault_of_a_form_is_one_sentence_also_where_it_has_no_words() -> None:
    known = FieldError("/label", "a label, which a restriction needs", "nothing")
    other = FieldError("/name", "what nobody translated", "x")
    refusal = Refusal("invalid-body", 422, "No", errors=[known, other])
    with in_language("fr"):
        assert [one.sentence for one in faults(refusal)] == [
            "Label\u00a0: il manque encore quelque chose. Il faut\xa0: un label, dont une restriction a besoin.",
            "Nom ne peut pas être accepté tel quel.",
        ]


def test_a_refused_page_is_in_the_person_s_language(person: Visitor) -> None:
    person.send("/me/settings", {"language": "fr"})
    html = {"accept": "text/html"}
    assert "Cette page ne vous est pas ouverte" in person.get("/ledger", headers=html).text
    assert '<html lang="fr"' in person.get("/nowhere", headers=html).text
    answer = person.send(
        "/cases/filters", {"name": "", "filter": ""}, headers={"accept": "application/json"}
    )
    assert answer.json()["errors"][0]["expected"] == "un nom d’au plus 80 caractères"


def test_a_pack_is_shown_in_the_reader_s_language_and_recorded_as_it_is_written(
    api: Api, person: Visitor
) -> None:
    person.send("/me/settings", {"language": "de"})
    policy = person.get("/policy").text
    assert "Aufstachelung" in policy
    assert "Jemand hat den Beitrag gemeldet." in policy
    api.submit("post-1", text=TEXT)
    report = {"id": "r", "item_id": "post-1", "channel": "user", "reason": "terrorism",
              "created_at": "2025-12-31T23:00:00Z"}  # fmt: skip
    case = api.post("/v1/reports", report).json()["case"]
    assert 'data-words="Aufnahmen eines Anschlags"' in person.get(f"/cases/{case}").text
    form = {"outcome": "restrict", "label": "attack_footage", "template": "footage"}
    assert person.send(f"/cases/{case}/decide", form | {"undo_seconds": "0"}).status_code == 303
    decision = api.get(f"/v1/cases/{case}").json()["decisions"][0]
    assert decision["reason"].startswith("Zu sehen ist ein Anschlag")
    assert decision["ground"]["reference"] == "Terms of service: footage of attacks"
    assert decision["label"] == "attack_footage"
