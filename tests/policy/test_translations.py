"""A pack's texts in other languages: optional, checked, and never what is recorded."""

from pathlib import Path

import pytest

from tidegate.policy import reading
from tidegate.policy.reading import check_source, load_pack
from tidegate.policy.templates import fields_of

SHIPPED = (Path(reading.__file__).parent / "packs" / "tvec.toml").read_text()
LANGUAGES = ("ar", "de", "fr")


def test_the_shipped_pack_says_all_in_every_language() -> None:
    pack = load_pack(SHIPPED)
    assert set(pack.translations) == set(LANGUAGES)
    for language in LANGUAGES:
        said = pack.translations[language]
        assert said.text
        assert said.ground
        assert set(said.labels) == set(pack.labels)
        assert all(one.name and one.text and one.ground for one in said.labels.values())
        assert set(said.exemptions) == set(pack.exemptions)
        assert set(said.rules) == {rule.name for rule in pack.rules}
    for template in pack.templates:
        assert set(template.texts) == set(LANGUAGES), template.name
        for text in template.texts.values():
            assert sorted(fields_of(text)) == sorted(fields_of(template.text)), template.name


def test_a_pack_in_a_language_is_the_same_pack_in_other_words() -> None:
    pack = load_pack(SHIPPED)
    german = pack.in_language("de-AT")
    assert german.labels["threat"].called == "Drohung"
    assert german.label_called("none_of_ours") == "none of ours"
    assert german.ground_for("threat").reference.startswith("Nutzungsbedingungen")
    assert german.ground_for("threat").kind == pack.ground_for("threat").kind
    assert (german.ident, german.digest, german.acting) == (pack.ident, pack.digest, pack.acting)
    assert [rule.when for rule in german.rules] == [rule.when for rule in pack.rules]
    assert pack.in_language("en") is pack
    assert pack.in_language("en-XA") is pack
    assert pack.labels["threat"].called == "threat"


def test_what_is_not_translated_stays_as_it_is_written() -> None:
    some = SHIPPED.partition("[translations.ar]")[0]
    pack = load_pack(f'{some}[translations.nl.labels.threat]\nname = "dreiging"\n')
    dutch = pack.in_language("nl")
    assert dutch.labels["threat"].called == "dreiging"
    assert dutch.labels["threat"].text == pack.labels["threat"].text
    assert dutch.text == pack.text
    assert dutch.labels["propaganda"] == pack.labels["propaganda"]


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("[translations.nl.labels.thread]\nname = 'x'", "unknown label `thread`"),
        ("[translations.nl.exemptions]\nnewz = 'x'", "unknown exemption `newz`"),
        ("[translations.nl.rules]\nreportd = 'x'", "unknown rule `reportd`"),
        ("[translations.'n!l']\ntext = 'x'", "`n!l` is no language"),
        ("[translations.nl]\ntxt = 'x'", "has no key `txt`"),
        ("[translations.nl.labels.threat]\ncalled = 'x'", "has no key `called`"),
        ("[translations]\nnl = 'x'", "`nl` must be a table"),
        ("[translations.nl]\ntext = 5", "`text` must be a text"),
        ("[translations.nl]\nlabels = 'x'", "`labels` must be a table"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(added: str, message: str) -> None:
    some = SHIPPED.partition("[translations.ar]")[0]
    problems = check_source(some + added + "\n")
    assert any(message in one.message for one in problems), problems
    first = some.count("\n") + 1
    assert all(one.line is not None and one.line >= first for one in problems)
