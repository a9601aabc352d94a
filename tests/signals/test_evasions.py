"""What is done to hide phrases is undone, and nothing else; and it is known where they were."""

import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.fingerprints.evasion import (
    as_it_stands,
    key,
    readings,
    reads_as,
    spelled_out,
)
from tidegate.signals.fingerprints.skeleton import (
    bare,
    bare_with_offsets,
    bounded,
    dense,
    places,
    plain,
    skeleton,
)
from tidegate.signals.index.phrases import PhraseTable, spans

SET = Path(__file__).parents[1] / "data" / "evasions.ndjson"
DEMO = Path(__file__).parents[2] / "demo" / "text"
NOT_UNDONE = "split by a space (not undone)"

TRICKY = st.sampled_from(
    "aAiIlo0 1!|@$+.-_'ßſıøæΣσςϲοΑάйёـةۆءأَکی٥攻撃がแ้ก한हिｆ🅰🔪🏽👏"
    "\u0301\u0323\u0345\u3099\u200b\u200d\u202e\u00ad\ufe0f\u2060\t\n\u00a0\x00\x1c\x7f\ud800\u0378"
)
TEXT = st.one_of(st.text(), st.lists(TRICKY, max_size=30).map("".join))


def found(text: str, *phrases: str) -> list[str]:
    table = PhraseTable()
    for owner, phrase in enumerate(phrases):
        table.upsert(owner, skeleton(phrase).encode())
    seen = table.search(text)
    assert {owner for owner, _, _ in seen} == table.search_owners(text)
    return [text[start:end] for _, start, end in seen]


@pytest.mark.parametrize(
    "text",
    [
        "аttасk",  # Cyrillic а, с
        "αττacκ",
        "attaϲk",
        "ａｔｔａｃｋ",
        "𝕬𝖙𝖙𝖆𝖈𝖐",
        "🅰🅃🅃🅰🄲🄺",
        "a\u200bt\u200dt\u00ada\u2060ck",
        "a t t a c k",
        "a  t  t  a  c  k",
        "a\nt\nt\na\nc\nk",
        "a.t.t.a.c.k",
        "a - t - t - a - c - k",
        "a👏t👏t👏a👏c👏k",
        "at-tack",
        "at_tack",
        "at*tack",
        "4tt4ck",
        "@774ck",
        "a++ack",
        "att@ck",
        "4 t t 4 c k",
        "áttàçk",
        "a\u0336t\u0336t\u0336a\u0336c\u0336k\u0336",
        "aaaattttaaack",
        "attaaaack",
        "#attack!",
        "АTTАCK",
    ],
)
def test_what_hides_a_word_is_undone(text: str) -> None:
    assert len(found(text, "attack")) == 1
    assert len(found(f"they said: {text}, and left", "attack")) == 1


@pytest.mark.parametrize(
    ("phrase", "text", "span"),
    [
        ("join the choir", "j.o.i.n  t h e  ch\xf6ir!", "j.o.i.n  t h e  ch\xf6ir"),
        ("join the choir", "now j.o.i.n t h e ch0ir", "j.o.i.n t h e ch0ir"),
        ("join the choir", "JOIN the c h o i r", "JOIN the c h o i r"),
        ("join the choir", "jointhe c-h-o-i-r", "jointhe c-h-o-i-r"),
        ("join the choir", "joooin thee choir", ""),
        ("join the choir", "joooin theee choir", "joooin theee choir"),
        ("join the choir", "jointhechoir", "jointhechoir"),
        ("join the choir", "j0inth3choir", "j0inth3choir"),
        ("join the choir", "rejointhechoir jointhechoirs", ""),
        ("join the choir", "join t h echoir", ""),
        ("death is near", "death 15 near", "death 15 near"),
        ("this is the end", "7h15 15 7h3 3nd", "7h15 15 7h3 3nd"),
        ("see us", "see 05", ""),
        ("as were", "45 were", ""),
        ("harvest is", "harvest 15", ""),
        ("kill a man", "kill 4 man", ""),
        ("topple the turbine", "#ToppleTheTurbine", "ToppleTheTurbine"),
        ("topple the turbine", "so #ToppleThe turbine", "ToppleThe turbine"),
        ("topple the turbine", "#ToppleTheTurbine2026", "ToppleTheTurbine"),
        ("topple the turbine", "#toppletheturbine", "toppletheturbine"),
        ("topple the turbine", "ToppleTheTurbineNow", "ToppleTheTurbine"),
        ("topple the turbine", "#untoppletheturbines", ""),
        ("topple the turbine", "#toppletheturbine2026!", "toppletheturbine"),
        ("topple the turbine", "we topple theturbine now", "topple theturbine"),
        ("topple the turbine", "topplethe turbine", "topplethe turbine"),
        ("to get her out", "together out", ""),
        ("the rapist is", "the therapist is in", ""),
        ("burn it", "#burnit", "burnit"),
        ("burn it", "burnit", ""),
        ("to get her", "together", ""),
        ("the rapist", "therapist", ""),
        ("laren", "McLaren", ""),
        ("laren", "#StopLaren", "Laren"),
        ("Слава реке", "#СлаваРеке", "СлаваРеке"),
    ],
)
def test_several_tricks_at_once_and_words_in_one(phrase: str, text: str, span: str) -> None:
    assert found(text, phrase) == ([span] if span else [])
    assert found(f"they said: {text} and left", phrase) == ([span] if span else [])


PERSIAN = ["می\u200cخواهم", "می خواهم", "میخواهم"]


@pytest.mark.parametrize("phrase", PERSIAN)
@pytest.mark.parametrize("text", PERSIAN)
def test_persian_is_written_with_a_joiner_a_space_or_nothing(phrase: str, text: str) -> None:
    value = KINDS["phrase"].parse(f"{phrase} با تو")
    assert KINDS["phrase"].parse(KINDS["phrase"].format(value)) == value
    table = PhraseTable()
    table.upsert(0, value)
    assert table.search_owners(f"من {text} با تو") == {0}


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("acar", "a car"),
        ("together", "to get her"),
        ("therapist", "the rapist"),
        ("the rapist", "therapist"),
        ("ass", "class a-s glass"),
        ("god", "good"),
        ("good", "god g0d"),
        ("good", "gooood-bye" and "goo d"),
        ("fail", "fall fa11"),
        ("its", "it's"),
        ("fires", "the fire's out"),
        ("ist", "1st"),
        ("loam", "10am"),
        ("zoza", "2024"),
        ("as were", "45 were"),
        ("50", "5.0"),
        ("50", "v 5.0 a b"),
        ("200", "2000"),
        ("ill", "111"),
        ("us", "u s"),
        ("kill", "k i ll"),
        ("im", "I'm a"),
        ("so", "S/O"),
        ("cab", "a, b and c"),
        ("кот", "котик"),
        ("كتب", "كتبت"),
        ("και", "καίω"),
    ],
)
def test_what_nobody_wrote_is_not_found(phrase: str, text: str) -> None:
    assert found(text, phrase) == []


@pytest.mark.parametrize(
    ("phrase", "text", "span"),
    [
        ("kill them all", "we k.i.l.l t.h.e.m ALL!", "k.i.l.l t.h.e.m ALL"),
        ("kill them all", "k i l l   t h e m   a l l", "k i l l   t h e m   a l l"),
        ("kill them all", "w e k i l l t h e m a l l", "k i l l t h e m a l l"),
        ("kill", "x k1ll y", "k1ll"),
        ("kill", "x ki1l y", "ki1l"),
        ("little", "11tt1e", "11tt1e"),
        ("good", "so goooood", "goooood"),
        ("ride tonight", "r1de, tonight", "r1de, tonight"),
        ("встреча", "(встр\u0301ееееча)", "встр\u0301ееееча"),
        ("сало", "С.А.Л.О!", "С.А.Л.О"),
        ("سلام عليكم", "قال: سَـــلَامٌ عَلَيْكُمْ.", "سَـــلَامٌ عَلَيْكُمْ"),
        ("μίσος", "ΜΙΣΟΣ.", "ΜΙΣΟΣ"),
        ("hello", "hellσ", "hellσ"),
        ("攻撃", "明日 攻 撃 する", "攻 撃"),
    ],
)
def test_it_is_known_where_the_hidden_phrase_was(phrase: str, text: str, span: str) -> None:
    assert found(text, phrase) == [span]
    assert [text[start:end] for start, end in spans(text, skeleton(phrase).encode())] == [span]


def test_recall_on_the_generated_set() -> None:
    """Made by `benchmarks/evasions.py --write-set`, whose look-alikes are not our table's."""
    cases = [json.loads(line) for line in SET.read_text("utf-8").splitlines()]
    phrases = sorted({case[2] for case in cases})
    table = PhraseTable()
    for owner, phrase in enumerate(phrases):
        table.upsert(owner, skeleton(phrase).encode())
    times: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    missed: list[list[str]] = []
    for script, way, phrase, text, start, end in cases:
        if way == NOT_UNDONE:
            continue
        places_of = {owner: (left, right) for owner, left, right in table.search(text)}
        hit = places_of.pop(phrases.index(phrase), None)
        assert places_of == {}, text
        times[script] += 1
        if hit is None:
            missed.append([script, way, text])
            continue
        seen[script] += 1
        assert hit == (start, end), text
    assert len(times) == 4
    assert min(times.values()) >= 75
    assert all(seen[script] >= 0.96 * times[script] for script in times), (seen, times, missed)


def test_ordinary_texts_are_not_read_as_other_words() -> None:
    """Words of the texts themselves as phrases: what is found must stand there plainly, but for
    words that are written in one or with a hyphen."""
    lines = (DEMO / "messages.ndjson").read_text("utf-8").splitlines()
    texts = [json.loads(line)["message"] for line in lines[::3]]
    counts = Counter(word for text in texts for word in skeleton(text).split())
    words = [word for word in counts if len(word) > 1]
    table = PhraseTable()
    for owner, word in enumerate(words):
        table.upsert(owner, word.encode())
    wrong: list[tuple[str, str]] = []
    for text in texts:
        stands = dense(plain(bare(text)))
        wrong += [
            (words[owner], text[start:end])
            for owner, start, end in table.search(text)
            if bounded(words[owner]) not in stands
        ]
    assert len(wrong) <= counts.total() / 1500, wrong


@given(TEXT)
@settings(deadline=None, max_examples=300)
@example("\u0378\ud800 ϲ")
@example("a\u0345\u0301")
def test_the_bare_form_and_its_places(text: str) -> None:
    once = bare(text)
    assert bare(once) == once
    slow = bare_with_offsets(text)
    assert slow.text == once
    assert list(slow.offsets) == sorted(slow.offsets)
    assert len(slow.offsets) == len(once) + 1
    assert slow.offsets[-1] == len(text)


@given(TEXT)
@settings(deadline=None, max_examples=300)
def test_skeletons_stay_as_they_are(text: str) -> None:
    once = skeleton(text)
    assert skeleton(once) == once
    assert once == " ".join(once.split())


@given(TEXT)
@settings(deadline=None, max_examples=300)
@example("a b c 攻 撃 !")
def test_readings_are_as_long_as_the_bare_text_and_keep_its_letters(text: str) -> None:
    bare_text = bare(text)
    plainly = as_it_stands(bare_text)
    for reading in readings(bare_text, plainly, 5, spelled_out(bare_text, plainly)):
        assert len(reading.marked) <= len(bare_text)
        for one, original in zip(reading.marked, bare_text, strict=False):
            assert one == original or not (one.isalnum() or original.isalnum()) or one == " "
        made, where = reading.text, places(reading.marked)
        assert made == dense(reading.marked)
        assert len(made) == len(where)
        assert all(
            reading.marked[place] == one
            for one, place in zip(made, where, strict=True)
            if one != " " and 0 <= place < len(reading.marked)
        )


@given(st.lists(st.sampled_from([*"aio 1.-3", "  ", "l l", "攻", " - "]), max_size=40), st.data())
@settings(deadline=None, max_examples=300)
def test_looking_at_parts_finds_what_looking_at_all_does(
    parts: list[str], data: st.DataObject
) -> None:
    bare_text = bare("".join(parts))
    plainly = as_it_stands(bare_text)
    alone = spelled_out(bare_text, plainly)
    whole = list(readings(bare_text, plainly, len(bare_text) + 2, alone))
    phrase = bounded(data.draw(st.text("aiol ", min_size=2, max_size=4).map(skeleton).filter(len)))
    in_parts = list(readings(bare_text, plainly, len(phrase), alone))
    assert [one.marked for one in in_parts] == [one.marked for one in whole]

    def finds(text: str) -> bool:
        made, coarse = key(text), key(phrase).text
        ends = [*made.starts.tolist(), len(text)]
        return any(
            reads_as(text[ends[place] : ends[place + len(coarse)]], phrase)
            for place in range(len(made.text) - len(coarse) + 1)
            if made.text.startswith(coarse, place)
        )

    for one, other in zip(in_parts, whole, strict=True):
        if phrase not in plainly.text:
            assert finds(one.text[one.start : one.end]) == finds(other.text)


WORDS = st.text("abilotskz1", min_size=2, max_size=8)


@given(WORDS, WORDS)
@settings(deadline=None, max_examples=200)
def test_different_words_without_signs_never_read_as_one_another(one: str, other: str) -> None:
    one, other = re.sub(r"1|(.)\1\1+", r"\1", one), other.replace("1", "")
    if key(one).text == key(other).text:
        assert reads_as(one, other) == (one == other)


@given(st.lists(st.sampled_from(["lantern", "meet", "river", "box"]), min_size=1, max_size=3),
       st.integers(0, 2**32), TEXT, TEXT)  # fmt: skip
@settings(deadline=None, max_examples=200)
def test_the_span_holds_the_hidden_phrase_wherever_it_is(
    words: list[str], seed: int, before: str, after: str
) -> None:
    draw = random.Random(seed)
    invisible = ["", "", "\u200b", "\u00ad", "\u0301", "\u0336"]
    hidden = "".join(one + draw.choice(invisible) for one in " ".join(words))
    text = f"{before} xx {hidden} xx {after}"
    value = " ".join(words)
    got = [
        (start, end)
        for start, end in spans(text, value.encode())
        if skeleton(text[start:end]) == value
    ]
    assert got
    assert all(not text[start - 1].isalnum() for start, _ in got)
