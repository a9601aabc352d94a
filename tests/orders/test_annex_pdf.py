"""An annex as a PDF says all that its JSON says, in words that a lawyer can change, and obeys nothing in it."""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from tests.orders.papers import executed, not_executed, order

from tidegate.infra.edited import read_edited
from tidegate.infra.settings import SettingsError
from tidegate.orders import annex_pdf
from tidegate.orders.annex_pdf import layout, render_pdf, visible
from tidegate.orders.wording import ANNEXES, NAMES, REDRESS, Name, read_redress, read_wording

KID = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
WORDING = read_wording()
EXAMPLES: dict[Name, dict[str, Any]] = {
    "annex-1": order(
        non_disclosure={
            "decided_at": "2026-11-29T10:00:00Z",
            "until": "2026-12-29T10:00:00Z",
            "reason": "Arrests are prepared.",
        },
        items=[
            {
                "url": "https://forum.example/t/1",
                "item_id": "t1",
                "sha256": ["a1" * 32],
                "description": "The second post.",
            },
            {"url": "https://forum.example/t/2"},
        ],
    ),
    "annex-2": executed(),
    "annex-3": not_executed(
        clarification="Which of the three?", items=[{"url": "https://forum.example/t/1"}]
    ),
}
BOXES: dict[Name, list[tuple[dict[str, Any], list[str]]]] = {
    "annex-1": [
        ({"types": ["b", "e"]}, ["solicits others to commit", "constitutes a threat"]),
        ({"cross_border": {"applies": True, "copy_to": "Garda"}}, ["The Member State", "A copy"]),
    ],
    "annex-2": [],
    "annex-3": [
        ({"grounds": ["force_majeure"]}, ["force majeure"]),
        ({"grounds": ["impossible"]}, ["de facto impossibility"]),
        ({"grounds": ["manifest_error"]}, ["the removal order contains manifest"]),
        ({"grounds": ["insufficient_information"]}, ["the removal order does not contain"]),
    ],
}


def printed(name: Name, document: object, **more: Any) -> PdfReader:
    said: dict[str, Any] = {"signer_kid": KID, "synthetic": False, "wording": WORDING} | more
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return PdfReader(io.BytesIO(render_pdf(name, data, **said)))


def text(pdf: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in pdf.pages)


def squeezed(words: str) -> str:
    """Words without the breaks of lines."""
    return re.sub(r"\s+", "", words)


def leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    elif isinstance(value, str):
        yield value


def ticked(pdf: PdfReader) -> list[str]:
    return re.findall(r"☒\s+(.+)", text(pdf))


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_the_json_stands_in_the_pdf(name: Name) -> None:
    said = squeezed(text(printed(name, EXAMPLES[name])))

    ticks = {"a", "d", "law_enforcement", "disabled", "insufficient_information"}
    said_by_words = set(leaves(EXAMPLES[name])) - ticks
    assert [one for one in said_by_words if squeezed(one) not in said] == []
    assert squeezed(WORDING.further) not in said


@pytest.mark.parametrize("name", NAMES)
def test_every_word_of_the_form_stands_in_the_pdf(name: Name) -> None:
    said = squeezed(text(printed(name, EXAMPLES[name])))
    form = WORDING.form(name)

    rows = [row for section in form.sections for row in section.rows]
    rows += [inner for row in rows for inner in row.rows]
    words = [form.title, form.heading, form.law, *(section.heading for section in form.sections)]
    words += [one for row in rows for one in (row.text, row.label, *row.boxes.values())]
    assert [one for one in words if squeezed(one) not in said] == []


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [(name, *one) for name, cases in BOXES.items() for one in cases],
)
def test_the_boxes_that_apply_are_ticked_and_no_others(
    name: Name, changes: dict[str, Any], expected: list[str]
) -> None:
    plain = order() if name == "annex-1" else EXAMPLES[name]
    found = [one for one in ticked(printed(name, plain | changes)) if "law enforcement" not in one]

    if "cross_border" in changes:
        found = found[2:]  # two types of content
    assert len(found) == len(expected)
    assert all(one.startswith(start) for one, start in zip(found, expected, strict=True))


def test_non_disclosure_ticks_its_box() -> None:
    def silenced(document: dict[str, Any]) -> bool:
        said = ticked(printed("annex-1", document))
        return any("refrain from informing" in one for one in said)

    assert silenced(EXAMPLES["annex-1"])
    assert not silenced(order())


@pytest.mark.parametrize("name", NAMES)
def test_each_page_has_the_digest_of_the_json_and_the_key_of_its_signer(name: Name) -> None:
    data = json.dumps(EXAMPLES[name]).encode()
    for page in printed(name, data).pages:
        said = page.extract_text()
        assert hashlib.sha256(data).hexdigest() in said
        assert KID in said


def test_what_nobody_signed_says_so() -> None:
    assert WORDING.foot_unsigned in text(printed("annex-1", order(), signer_kid=None))


def test_a_synthetic_annex_says_so_on_every_page_and_no_other_does() -> None:
    pages = printed("annex-1", order(), synthetic=True).pages

    assert len(pages) > 1
    assert all(WORDING.synthetic in page.extract_text() for page in pages)
    assert "SYNTHETIC" not in text(printed("annex-1", order()))


ATTACKS = [
    '#import "@preview/cetz:0.3.1": canvas',
    '#read("/etc/passwd")',
    '#include "/etc/hostname"',
    "#panic(1)",
    "$ sum_(i=0)^oo $ and $x$",
    "*bold* _leaning_ `raw` ```raw```",
    "= A heading\n- a list\n+ another",
    "// a comment /* and another */",
    "#sys.inputs.document <label> @reference",
    "<b onclick=alert(1)>HTML</b> &lt; &#0;",
    r"\u{41} \# \\ ~ -- --- ... 'q' \"q\"",
    "{{ 7 * 7 }} ${7*7} %s",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_looks_like_markup_is_printed_as_it_is(attack: str) -> None:
    said = squeezed(text(printed("annex-1", order(reasons=f"{attack} {order()['reasons']}"))))

    assert squeezed(attack) in said
    assert "root:" not in said


def test_markup_in_names_and_addresses_is_printed_as_it_is_too() -> None:
    """Also in names of fields that nobody knows."""
    attack = '#read("/etc/passwd")$x$*b*'
    document = order(items=[{"url": attack, "description": attack}], **{attack: attack})
    said = squeezed(text(printed("annex-1", document)))

    assert said.count(attack) == 3
    assert attack.replace("/", "~1") in said  # the name, as a pointer
    assert "root:" not in said


def test_latin_greek_and_cyrillic_can_be_selected() -> None:
    words = "Ünïcödé ßþðœ Ελληνικά ώΰ Кирилица ѝщъюя „“–€"
    assert squeezed(words) in squeezed(text(printed("annex-1", order(reasons=f"{words} x"))))


def test_signs_that_steer_how_others_look_are_named() -> None:
    assert visible("a\u202egnp.exe\u200b\x07\r\nb\tc") == "a⟨U+202E⟩gnp.exe⟨U+200B⟩⟨U+0007⟩\nb c"
    said = text(printed("annex-1", order(reasons="left \u202e right")))
    assert "left ⟨U+202E⟩ right" in said


def test_what_the_form_has_no_place_for_follows_it() -> None:
    """Fields of a later version, and values of a kind that the form does not expect."""
    document = order(more={"b/c": [1, None, "v"]}, types=["a", "zz"], reasons={"odd": "one"})
    said = squeezed(text(printed("annex-1", document)).partition(WORDING.further)[2])

    for place, value in (
        ("/more/b~1c/0", "1"),
        ("/more/b~1c/1", "null"),
        ("/more/b~1c/2", "v"),
        ("/types/1", "zz"),
        ("/reasons/odd", "one"),
    ):
        assert f"{place}{value}" in said


@pytest.mark.parametrize("document", [[], 7, None, "text", {}, {"items": 5, "issuing": [1]}])
def test_what_is_no_annex_is_printed_all_the_same(document: object) -> None:
    assert "ANNEX I" in text(printed("annex-1", document))


def test_the_longest_order_is_printed_whole() -> None:
    """A thousand addresses of two thousand characters, none of them with a place to break, and reasons."""
    urls = [f"https://forum.example/{n}/" + "a" * 1970 + f"-{n}" for n in range(1000)]
    document = order(items=[{"url": url} for url in urls], reasons="x" * 9990 + " the end.")
    pdf = printed("annex-1", document)

    assert len(pdf.pages) > 100
    last = squeezed("".join(page.extract_text() for page in list(pdf.pages)[-8:]))
    assert "aaa-999" in last
    assert "theend." in last


def test_a_long_word_is_no_wider_than_its_page() -> None:
    for page in printed("annex-1", order(reasons="W" * 10_000)).pages:
        for line in page.extract_text().split("\n"):
            assert line.count("W") <= 60


def test_a_flood_of_unknown_fields_is_cut_and_counted() -> None:
    pages = list(printed("annex-1", order(more=list(range(30_000)))).pages)
    assert f"28000 {WORDING.more}" in pages[-1].extract_text()


def test_the_page_itself_reads_nothing_and_takes_no_text_for_code() -> None:
    source = (Path(annex_pdf.__file__).parent / "page" / "annex.typ").read_text()
    code = re.sub(r"//.*", "", source)
    assert not re.search(r"\b(import|include|read|eval|plugin|image|bibliography|csv|raw)\b", code)
    assert re.findall(r"\bjson\(.*", code) == ["json(bytes(sys.inputs.document))"]


def test_many_are_printed_at_once() -> None:
    data = [json.dumps(order(reference=f"R-{n}")).encode() for n in range(8)]
    said: dict[str, Any] = {"signer_kid": KID, "synthetic": False, "wording": WORDING}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: render_pdf("annex-1", one, **said), data))

    assert found == [render_pdf("annex-1", one, **said) for one in data]


def test_the_same_json_gives_the_same_bytes() -> None:
    data = json.dumps(order()).encode()
    said: dict[str, Any] = {"signer_kid": KID, "synthetic": True, "wording": WORDING}
    assert render_pdf("annex-1", data, **said) == render_pdf("annex-1", data, **said)


@given(st.text(max_size=80), st.sampled_from(NAMES))
def test_any_text_is_kept_in_what_is_laid_out(words: str, name: Name) -> None:
    document = {"reasons": words, "explanation": words, "addressee": words}
    laid = layout(
        name, json.dumps(document).encode(), signer_kid=None, synthetic=False, wording=WORDING
    )

    values = [
        "\n".join("".join(p if isinstance(p, str) else p[0] for p in line) for line in one["value"])
        for one in laid["blocks"]
        if one["kind"] == "value"
    ]
    assert visible(words) in values


def changed(folder: Path, name: str, old: str, new: str) -> None:
    own = folder / "policies" / name
    own.parent.mkdir(parents=True, exist_ok=True)
    source = read_edited("tidegate.clocks", "jurisdictions", name, None)[0]
    assert old in source
    own.write_text(source.replace(old, new))


def test_a_lawyer_corrects_the_wording_without_code(tmp_path: Path) -> None:
    changed(
        tmp_path, ANNEXES, "Contact details for follow-up", "Whom to ask, as the Journal has it"
    )
    said = text(printed("annex-1", order(), wording=read_wording(tmp_path)))

    assert "Whom to ask, as the Journal has it" in said
    assert "Contact details for follow-up" not in said


def test_a_value_without_a_row_is_not_lost_with_it(tmp_path: Path) -> None:
    changed(tmp_path, ANNEXES, 'field = "issuing.file"', 'field = "issuing.fax"')
    said = text(printed("annex-1", order(), wording=read_wording(tmp_path)))

    assert "/issuing/file\nST-1/26" in said


def test_redress_is_data_too(tmp_path: Path) -> None:
    changed(tmp_path, REDRESS, "One month after the order was made known", "Two months")
    assert read_redress(tmp_path)["DE"].deadline == "Two months"
    assert read_redress()["DE"].deadline != "Two months"


@pytest.mark.parametrize("name", [ANNEXES, REDRESS])
def test_a_file_that_cannot_be_used_is_told_when_it_is_read(tmp_path: Path, name: str) -> None:
    own = tmp_path / "policies" / name
    own.parent.mkdir(parents=True)
    own.write_text("heading = 1")

    with pytest.raises(SettingsError, match=r"cannot be used"):
        (read_wording if name == ANNEXES else read_redress)(tmp_path)


def test_each_section_says_whether_its_words_were_read_or_remembered() -> None:
    sources = [one.source for name in NAMES for one in WORDING.form(name).sections]
    assert set(sources) == {"V", "M"}
    letters = [one.letter for one in WORDING.annex_1.sections if one.letter]
    assert letters == list("ABCDEFG")
    for form in (WORDING.annex_2, WORDING.annex_3):
        assert [one.letter for one in form.sections] == list("ABC")
