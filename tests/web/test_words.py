"""All that is said to people can be said in another language: nothing is written past gettext."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes
from scripts.words import POT, collect, found, written

from tidegate.web import words
from tidegate.web.pages.render import DONE, TEMPLATES
from tidegate.web.words import Language, language_for, languages, speaking

SHEETS = sorted(TEMPLATES.glob("*.html"))
# No words: names and units that are the same everywhere.
# (The last are names of classes.)
ALLOWED = {"DE", "FR", "Tidegate", "SHA-256", "MB", "kB", "Ctrl", "k", "Esc", "Enter", "UTC", "id",
           "for-restrict", "asks"}  # fmt: skip
UNREAD = ("script", "style", "kbd")
SAYING = ("aria-label", "title", "alt", "placeholder")


class _Texts(HTMLParser):
    """What a template writes as it stands: text between tags, and attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skipping += tag in UNREAD
        self.found += [value for name, value in attrs if name in SAYING and value]

    def handle_endtag(self, tag: str) -> None:
        self.skipping -= tag in UNREAD

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.found.append(data)


def as_written(source: str) -> str:
    """The template without its expressions and without what is translated."""
    kept: list[str] = []
    within, first, names, unread = None, "", "", False
    for _, kind, value in Environment(extensions=["jinja2.ext.i18n"]).lex(source):
        if kind in ("block_begin", "variable_begin", "comment_begin"):
            within, first, names = kind, "", ""
        elif kind in ("block_end", "variable_end", "comment_end"):
            if first in ("trans", "endtrans"):
                unread = first == "trans"
            elif names in (
                "block page",
                "block titled",
            ):  # the page's name for scripts; an attribute
                unread = True
            elif first == "endblock":
                unread = False
            within = None
        elif within:
            first = first or (value if kind == "name" else "")
            names = f"{names} {value}".strip() if kind == "name" else names
        elif kind == "data" and not unread:
            kept.append(value)
    return "".join(kept)


def chosen(node: nodes.Node) -> Iterator[str]:
    """The strings that an expression may come to by itself: `"Yes" if good else "No"`."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, nodes.CondExpr):
        yield from chosen(node.expr1)
        if node.expr2 is not None:
            yield from chosen(node.expr2)
    elif isinstance(node, nodes.Or | nodes.Concat):
        for one in node.iter_child_nodes():
            yield from chosen(one)


def bare(source: str) -> list[str]:
    """What a reader of another language would be left with."""
    parser = _Texts()
    parser.feed(as_written(source))
    # A macro may write attributes alone.
    texts = [re.sub(r'[\w-]+=("[^"]*"?)?', "", " ".join(text.split())) for text in parser.found]
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(source)
    for output in tree.find_all(nodes.Output):
        for node in output.nodes:
            if not isinstance(node, nodes.TemplateData):
                texts += [one for one in chosen(node) if re.search(r"^[A-Z]|\w \w", one)]
    words_of = (word for text in texts for word in re.findall(r"[^\W\d_][\w-]*", text))
    return [word for word in words_of if word not in ALLOWED]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_no_template_writes_past_gettext(sheet: Path) -> None:
    assert bare(sheet.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        '<input placeholder="a name">',
        '{{ "Yes" if page else "No" }}',
        "<p>{{ name }} was here</p>",
        "<p>{% if page %}gone{% endif %}</p>",
    ],
)
def test_what_is_written_past_gettext_is_seen(source: str) -> None:
    assert bare(source)


@pytest.mark.parametrize(
    "source",
    [
        "<p>{{ _('Hello') }}</p>",
        '<input placeholder="{{ _("a name") }}">',
        "{% trans name=page.name %}{{ name }} was here{% endtrans %}",
        '<p class="Hello">{{ page.name }}: 3 × 4</p>',
        '{{ _("Yes") if page else _("No") }}',
    ],
)
def test_what_goes_through_gettext_is_let_through(source: str) -> None:
    assert bare(source) == []


def test_everything_said_is_collected() -> None:
    said = {message if isinstance(message, str) else message[0] for _, message, _ in found()}
    assert set(DONE.values()) <= said
    assert {"Skip to the content", "take the next case", "At least %(count)s character. Your other"
            " sessions end."} <= said  # fmt: skip
    assert POT.read_bytes() == written(collect()), "run `make words`"


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_every_template_can_be_read_by_whoever_collects(sheet: Path) -> None:
    """One that cannot is left out in silence, else."""
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(sheet.read_text())
    called = [
        one.node.name for one in tree.find_all(nodes.Call) if isinstance(one.node, nodes.Name)
    ]
    if "_" in called or "gettext" in called:
        assert any(file.endswith(f"/{sheet.name}") for file, _, _ in found())


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("fr-CH, fr;q=0.9", "fr"),
        ("xx;q=oops, ;;,", "en"),
        ("*, ../../etc;q=1", "en"),
        ("it;q=0.9, ar-SA;q=0.8", "ar"),
    ],
)
def test_a_reader_is_spoken_to_in_a_language_that_we_speak(accepted: str, tag: str) -> None:
    assert language_for(accepted).tag == tag


def test_a_catalogue_that_is_there_is_spoken(tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "he" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    (folder / "tidegate.po").write_text(f'{head}\nmsgid "Home"\nmsgstr "בית"\n')
    monkeypatch.setattr(words, "LOCALE", tmp_path)
    caches = (languages, language_for, words.catalogue)
    for remembered in caches:
        remembered.cache_clear()
    try:
        found_ = language_for("de, he-IL;q=0.8, en;q=0.1")
        assert found_ == Language("he", "rtl", "עברית")
        with speaking(found_):
            assert words.gettext("Home") == "בית"
            assert words.gettext("Cases") == "Cases"
        assert words.gettext("Home") == "Home"
    finally:
        for remembered in caches:
            remembered.cache_clear()
