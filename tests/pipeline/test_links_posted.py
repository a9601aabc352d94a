"""Links in texts, links in attributes and places without http, on every way that a content can take."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from tests.pipeline.posts import work_off

from tidegate.content.kept import kept_revision
from tidegate.content.model import ItemIn, ItemRow
from tidegate.content.queries import get_item
from tidegate.content.tables import items, revisions
from tidegate.infra.clock import FakeClock
from tidegate.infra.db import counters
from tidegate.infra.errors import Refusal
from tidegate.intake.model import ReportIn
from tidegate.pipeline.enrol import enrol_json
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.kinds import KindWalk
from tidegate.pipeline.report import submit_report
from tidegate.pipeline.submission import describe
from tidegate.pipeline.submit import submit_group
from tidegate.signals.banks.actions import add_entry, create_bank
from tidegate.signals.banks.model import BankIn, EntryIn
from tidegate.signals.fingerprints import KINDS, of_link
from tidegate.signals.links import MOST
from tidegate.signals.model import Fingerprint, decode_codes, encode_codes

PAGE = "https://bad.example/watch?v=42"
CURATOR = "user:curator@example.org"
Post = Callable[..., dict[str, Any]]


@pytest.fixture
def post(instance: Instance, clock: FakeClock) -> Post:
    """Submit an item; the answer."""

    def make(id: str = "one", publicness: Any = "public", **fields: Any) -> dict[str, Any]:
        clock.advance(1)
        said: dict[str, Any] = {
            "surface": "post",
            "author": "anna",
            "created_at": clock.now(),
        } | fields
        item = ItemIn(id=id, publicness=publicness, **said)
        submission = describe(
            instance, item, platform="forum", actor="key:forum", request_id="r", now=clock.now()
        )
        with instance.database.begin("key:forum") as tx:
            (answer,) = submit_group(tx, instance, [submission])
            assert isinstance(answer, bytes), answer
            return msgspec.json.decode(answer)

    return make


def known(
    instance: Instance, kind: str, value: str, bank: str = "known", stance: Any = "known"
) -> None:
    with instance.database.begin(CURATOR) as tx:
        create_bank(tx, BankIn(name=bank, stance=stance, labels=["propaganda"]))
        add_entry(tx, bank, [Fingerprint(kind, KINDS[kind].parse(value))], confirmed=True)


def matches(answer: dict[str, Any]) -> list[tuple[str, str, bool]]:
    return [(one["part"], one["kind"], one["exact"]) for one in answer["evaluation"]["matches"]]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("url", PAGE),
        ("domain", "bad.example"),
        ("host", "www.bad.example"),
        ("url_prefix", "https://www.bad.example/watch"),
        ("host_lookalike", "paypal.com"),
    ],
)
def test_all_kinds_that_an_address_has_find_a_link_and_ask(
    instance: Instance, post: Post, kind: str, value: str
) -> None:
    known(instance, kind, value)
    link = {"url": PAGE, "host_lookalike": "https://раypal.com/"}.get(
        kind, "https://www.bad.example/watch?v=42"
    )
    text = f"Ünd 𝒲atch {link} before it is gone"
    answer = post(text=text)
    assert answer["verdict"] == "review"
    (match,) = answer["evaluation"]["matches"]
    assert (match["part"], match["kind"], match["exact"]) == ("text/url/0", kind, False)
    assert text[match["start"] : match["end"]] == link


def test_a_text_that_is_nothing_but_a_known_page_is_acted_upon(
    instance: Instance, post: Post
) -> None:
    known(instance, "url", PAGE)
    answer = post(text=f" {PAGE}\n")
    assert (answer["verdict"], matches(answer)) == ("restrict", [("text/url/0", "url", True)])
    for number, text in enumerate(
        ["hxxps://bad[.]example/watch?v=42", f"<{PAGE}>", f"{PAGE} {PAGE}"]
    ):
        assert post(f"more {number}", text=text)["verdict"] == "review"


def test_a_whole_site_named_in_a_text_alone_is_not_acted_upon(
    instance: Instance, post: Post
) -> None:
    known(instance, "domain", "bad.example")
    assert post(text=PAGE)["verdict"] == "review"


def test_another_page_is_not_the_known_one(instance: Instance, post: Post) -> None:
    known(instance, "url", PAGE)
    for number, text in enumerate(["see https://bad.example/watch?v=43", "bad.example is a host"]):
        assert post(str(number), text=text)["verdict"] == "pass"


def test_an_allowed_link_speaks_for_itself_alone(instance: Instance, post: Post) -> None:
    known(instance, "url", PAGE)
    known(instance, "domain", "bad.example", "press", "allow")
    broader = post(text=f"see {PAGE}")  # a page says more than its domain
    assert broader["verdict"] == "review"
    known(instance, "url", PAGE, "fine", "allow")
    assert post("two", text=f"see {PAGE}")["verdict"] == "pass"
    known(instance, "url", "https://other.example/x", "more")
    assert post("three", text=f"see {PAGE} and other.example/x")["verdict"] == "review"


def test_links_in_attributes_ask_at_most(instance: Instance, post: Post) -> None:
    known(instance, "url", PAGE)
    links = ["https://fine.example/", PAGE, {"url": PAGE}, {"x": 1}, 7, "no address"]
    answer = post(attributes={"links": links})
    assert answer["verdict"] == "review"
    assert matches(answer) == [
        ("attributes/links/1", "url", False),
        ("attributes/links/2", "url", False),
    ]
    assert [one.partition(" (")[0] for one in answer["evaluation"]["problems"]] == [
        "attributes/links/5: cannot be compared"
    ]
    assert post("two", attributes={"links": PAGE})["verdict"] == "review"
    assert post("three", attributes={"link": PAGE, "links": None})["verdict"] == "pass"


def test_private_texts_are_not_looked_into(instance: Instance, post: Post) -> None:
    known(instance, "url", PAGE)
    answer = post(publicness="private", text=PAGE, attributes={"links": [PAGE]})
    assert (answer["verdict"], matches(answer)) == ("pass", [])
    report(instance, item_id="one")
    with instance.database.begin() as tx:
        verdicts = tx.execute(sa.select(items.c.verdict)).scalars().all()
    assert verdicts == ["review"]


def report(instance: Instance, **about: Any) -> dict[str, Any]:
    with instance.database.begin("key:forum") as tx:
        told = ReportIn(
            id=f"report on {about}", channel="user", reason="hate", created_at=tx.now, **about
        )
        return msgspec.json.decode(submit_report(tx, instance, told, platform="forum")[0])


def test_more_links_than_are_looked_up_are_told_and_reviewed(
    instance: Instance, post: Post
) -> None:
    known(instance, "url", PAGE)
    text = " ".join(f"https://h{number}.example/" for number in range(MOST)) + f" {PAGE}"
    answer = post(text=text)
    assert answer["verdict"] == "review"
    assert answer["evaluation"]["problems"] == [
        f"text: too many links (the first {MOST} are looked up)"
    ]
    attributes = {"links": text.split()}
    assert (
        "attributes: too many links"
        in post("two", attributes=attributes)["evaluation"]["problems"][0]
    )


@pytest.mark.parametrize(
    "place",
    [
        "tg://resolve?domain=someone",
        "magnet:?xt=urn:btih:" + 40 * "a",
        "#room:bad.example",
        "joe@bad.example",
        "+49 30 123456",
        "at://did:plc:abc/x/y",
        "session:05" + 32 * "ab",
        56 * "b" + ".onion",
        "xmpp:joe@bad.example",
    ],
)
def test_places_without_http_are_found_as_pages_are(
    instance: Instance, post: Post, place: str
) -> None:
    known(instance, "address", place)
    assert post("as its url", url=place)["verdict"] == "restrict"
    assert post("as its text", text=place)["verdict"] == "restrict"
    answer = post("in its text", text=f"come to {place} tonight")
    assert answer["verdict"] == "review"
    (match,) = answer["evaluation"]["matches"]
    text = f"come to {place} tonight"
    assert text[match["start"] : match["end"]] == place
    assert post("in attributes", attributes={"links": [place]})["verdict"] == "review"


def test_an_entry_for_a_url_may_be_such_a_place(instance: Instance) -> None:
    enrolled = asyncio.run(enrol_json(instance, EntryIn(url="tg:resolve?domain=Someone")))
    assert enrolled.fingerprints == of_link("tg://resolve?domain=someone")
    with pytest.raises(Refusal, match="or a place such as"):
        asyncio.run(enrol_json(instance, EntryIn(url="javascript:alert(1)")))


def test_a_page_of_an_onion_service_asks_by_the_service(instance: Instance, post: Post) -> None:
    known(instance, "address", f"{56 * 'b'}.onion")
    answer = post(url=f"http://{56 * 'b'}.onion/forum")
    assert (answer["verdict"], matches(answer)) == ("review", [("url/place", "address", False)])


def test_a_report_on_a_place_without_http_opens_a_case(instance: Instance, post: Post) -> None:
    first = report(instance, url="tg://resolve?domain=someone")
    assert report(instance, url="tg:resolve?domain=Someone")["case"] == first["case"]
    assert report(instance, url="tg://resolve?domain=other")["case"] != first["case"]
    post("posted", url="mailto:joe@bad.example")
    assert report(instance, url="mailto:Joe@bad.example?subject=x")["item"] == "posted"
    with pytest.raises(Refusal, match="or a place such as"):
        report(instance, url="javascript:alert(1)")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "no address", "tel:1x", "about:blank"])
def test_a_url_that_cannot_be_compared_is_told(post: Post, url: str) -> None:
    answer = post(text="hello", url=url)
    assert answer["verdict"] == "pass"
    assert [one.partition(" (")[0] for one in answer["evaluation"]["problems"]] == [
        "url: cannot be compared"
    ]


def test_a_new_entry_finds_kept_texts(instance: Instance, post: Post) -> None:
    post(text=f"see {PAGE}")
    post("other", text="see https://bad.example/watch?v=43")
    look_back = LookBack(instance)
    work_off(look_back)
    known(instance, "url", PAGE)
    work_off(look_back)
    assert verdicts(instance) == {"one": "review", "other": "pass"}


def verdicts(instance: Instance) -> dict[str, str]:
    with instance.database.begin() as tx:
        return {row.external_id: row.verdict for row in tx.execute(sa.select(items))}


def test_posts_of_before_get_the_codes_of_their_links(instance: Instance, post: Post) -> None:
    post(text=f"see {PAGE} or joe@bad.example", attributes={"links": [PAGE]})
    with instance.database.begin() as tx:
        item = get_item(tx, "forum", "one")
        made = decode_codes(kept_revision(tx, item).fingerprints)
        old = [(part, code) for part, code in made if part == "text"]
        tx.execute(sa.update(revisions).values(fingerprints=encode_codes(old)))
        tx.execute(sa.delete(counters).where(counters.c.name.startswith("kind ")))
    walk = KindWalk(instance)
    while walk.step() is not None:
        pass
    assert set(kept(instance, item)) == set(made)


def kept(instance: Instance, item: ItemRow) -> list[tuple[str, Fingerprint]]:
    with instance.database.begin() as tx:
        return decode_codes(kept_revision(tx, item).fingerprints)
