"""Every language says all that is said: with the same places, the same markup, and as many forms as it has
kinds of numbers."""

import re
from collections import Counter
from collections.abc import Sequence

import pytest
from babel.messages.catalog import Catalog, Message
from scripts.refused_words import refused
from scripts.words import POT, ROOT, catalogues, collect, forms, missing, read, updated, written

from tidegate.web.words import PSEUDO, SOURCE, languages

FORMS = {"ar": 6, "de": 2, "fr": 3}
_PLACE = re.compile(r"%\((\w+)\)([sd])|%%")
_TAG = re.compile(r"</?[a-z]+[^>]*>")
# What is the same in every language.
SAME = re.compile(r"%\(\w+\)[sd]|[\d\W]|PDQ|URL|UUID|priority|later|or|taken|cursor")


def originals(message: Message) -> list[str]:
    id: Sequence[str] = message.id
    return [id] if isinstance(id, str) else list(id)


@pytest.fixture(scope="module", params=sorted(FORMS))
def catalog(request: pytest.FixtureRequest) -> Catalog:
    return read(request.param, catalogues()[request.param])


def test_the_languages_are_these() -> None:
    assert set(languages()) == {SOURCE, PSEUDO, *FORMS}
    assert {tag: one.dir for tag, one in languages().items() if one.rtl} == {"ar": "rtl"}


@pytest.mark.parametrize("language", sorted(FORMS))
def test_a_catalogue_is_as_it_is_made(language: str) -> None:
    path = catalogues()[language]
    assert path.read_bytes() == written(updated(language, path, collect())), "run `make words`"


def test_all_is_translated(catalog: Catalog) -> None:
    empty = [originals(one)[0] for one in catalog if one.id and not all(forms(one))]
    assert empty == [], "translate these: docs/languages.md"
    assert missing(catalog) == 0


def test_there_is_a_form_for_each_kind_of_number(catalog: Catalog) -> None:
    language = str(catalog.locale)
    for one in catalog:
        if one.id and isinstance(one.id, tuple | list):
            assert len(forms(one)) == FORMS[language], one.id


def test_what_is_put_in_has_its_place(catalog: Catalog) -> None:
    """A form for one or two may say the number itself."""
    for one in catalog:
        if not one.id:
            continue
        wanted = {name for text in originals(one) for name, _ in _PLACE.findall(text)}
        wanted |= {"num"} if isinstance(one.id, tuple | list) else set()
        for text in forms(one):
            names = {name for name, _ in _PLACE.findall(text)}
            assert names <= wanted, (one.id, text)
            assert "%" not in _PLACE.sub("", text), (one.id, text)
        last = {name for name, _ in _PLACE.findall(forms(one)[-1])}
        assert last == {name for name, _ in _PLACE.findall(originals(one)[-1])}, one.id


def test_the_markup_is_the_same(catalog: Catalog) -> None:
    for one in catalog:
        if one.id:
            wanted = Counter(_TAG.findall(originals(one)[-1]))
            assert Counter(_TAG.findall(forms(one)[-1])) == wanted, one.id


def test_a_sentence_begins_and_ends_as_it_did(catalog: Catalog) -> None:
    for one in catalog:
        if one.id:
            first, said = originals(one)[-1], forms(one)[-1]
            assert first[-1] not in ".…" or said[-1] == first[-1], (first, said)
            assert said == said.strip(" ") or first != first.strip(), said


def test_arabic_is_in_its_own_letters() -> None:
    for one in read("ar", catalogues()["ar"]):
        for text in forms(one) if one.id else []:
            assert re.search("[\u0600-\u06ff]", text) or not SAME.sub("", text), text


def test_what_refusals_say_is_collected_from_where_it_is_written() -> None:
    said = refused(ROOT.parent)
    assert {
        "The case is decided",
        "%(decided_by)s decided it: %(outcome)s.",
        "at most %(most)s cases",
        "a label, which a restriction needs",
    } <= said
    assert not any("`" in one or "/v1" in one for one in said), "pages keep these to themselves"
    assert POT.name == "tidegate.pot"
