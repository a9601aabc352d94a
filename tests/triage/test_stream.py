"""What the stream of clusters promises."""

import os
import random
from itertools import pairwise

import numpy as np
import pytest
from floods import flood, sentence, vocabulary

from tidegate.signals.model import Fingerprint
from tidegate.triage import Assignment, Clusters, Manner, Text, cluster, sketch_of
from tidegate.triage.slow import SlowClusters, similarity

LONG = "There is a man with a rifle on the roof of the old town hall in Springfield, come quickly"


def sketch(text: str) -> bytes:
    return sketch_of([text])[0].tobytes()


def put(known: Clusters, id: str, text: str, **more: object) -> Assignment:
    return known.assign(id, sketch(text), **more)  # type: ignore[arg-type]


def bins(text: str) -> np.ndarray:
    return np.frombuffer(sketch(text), "<u2", count=128, offset=16)


def pairs(found: list[str], sources: list[int]) -> tuple[float, float]:
    n = len(found)
    same = [(found[a] == found[b], sources[a] == sources[b]) for a in range(n) for b in range(a)]
    both = sum(one and other for one, other in same)
    return both / sum(one for one, _ in same), both / sum(other for _, other in same)


def test_edited_copies_are_found_and_others_not() -> None:
    texts, sources = flood(1500, seed=4)
    found = [one.cluster for one in cluster(enumerated(texts))]
    precision, recall = pairs(found, sources)
    assert precision >= 0.99
    assert recall >= 0.97


def enumerated(texts: list[str]) -> list[Text]:
    return [Text(f"t{number}", text, 1e9 + number) for number, text in enumerate(texts)]


def test_equal_texts_share_a_cluster_whatever_came_between() -> None:
    known = Clusters()
    texts, _ = flood(600, seed=5)
    first = {text: put(known, f"t{n}", text).cluster for n, text in enumerate(texts)}
    for number, text in enumerate(texts):
        again = put(
            known, f"again{number}", f"RT @somebody: {text.upper()}!!! http://t.co/{number}"
        )
        assert again.cluster == known.current(first[text])[0]
        assert again.how == "equal"


@pytest.mark.parametrize(
    "texts", [["😀", "😡"], ["ok", "no"], ["", "a"], ["help me now", "help us now"]]
)
def test_short_texts_are_together_only_if_they_are_equal(texts: list[str]) -> None:
    known = Clusters()
    assert len({put(known, text, text).cluster for text in texts}) == len(texts)
    assert [put(known, "again", text).how for text in texts] == ["equal"] * len(texts)


def test_five_scripts_and_a_million_characters() -> None:
    texts = [
        "Пожар на складе возле вокзала, люди не могут выйти, нужна помощь срочно",
        "حريق كبير في المستودع قرب المحطة والناس لا يستطيعون الخروج نحتاج المساعدة",
        "स्टेशन के पास गोदाम में आग लगी है लोग बाहर नहीं निकल पा रहे मदद चाहिए",
        "駅の近くの倉庫で火事が起きて人々が外に出られません助けてください急いで",
        "ไฟไหม้โกดังใกล้สถานีรถไฟคนออกมาไม่ได้ต้องการความช่วยเหลือด่วนมาก",
        LONG * 12_000,
    ]
    known = Clusters()
    names = [put(known, f"t{n}", text).cluster for n, text in enumerate(texts)]
    assert len(set(names)) == len(texts)
    for name, text in zip(names, texts, strict=True):
        edited = text[: len(text) - len(text) // 8]
        assert put(known, "edited", edited).cluster == name
    mixed = "".join(text[:30] for text in texts)
    assert put(known, "mixed", mixed).is_new


def test_unlike_texts_are_not_chained_by_small_steps() -> None:
    """A text that turns into another, a word at a time: each is like its neighbours, and each member of
    a cluster is like its representative all the same."""
    draw = random.Random(6)
    words = vocabulary()
    one, other = (sentence(draw, words, 24).split() for _ in range(2))
    steps = [" ".join(other[:done] + one[done:]) for done in range(25)]
    assert min(similarity(bins(a), bins(b)) for a, b in pairwise(steps)) > 0.6
    found = cluster(enumerated(steps))
    assert found[0].cluster != found[-1].cluster
    text_of = dict(zip((one.id for one in found), steps, strict=True))
    for member in found:
        assert similarity(bins(text_of[member.id]), bins(text_of[member.cluster])) >= Manner().near


def test_every_member_is_like_its_representative() -> None:
    texts, _ = flood(800, seed=7)
    text_of = {one.id: one.text for one in enumerated(texts)}
    for one in cluster(enumerated(texts)):
        alike = similarity(bins(text_of[one.id]), bins(text_of[one.cluster]))
        assert (
            alike >= Manner().near
            or sketch(text_of[one.id])[:16] == sketch(text_of[one.cluster])[:16]
        )


def test_the_likest_representative_wins() -> None:
    """Against an obvious search: a text joins the representative that it is most like, nearly always the
    very one (what shares too few keys with it is not looked at)."""
    texts, _ = flood(1000, seed=8)
    known, right = Clusters(), 0
    anchors = np.empty((0, 128), np.uint16)
    for number, text in enumerate(texts):
        mine = bins(text)
        same = ((anchors == mine) & (mine != 0)).sum(axis=1)
        best = float((same / ((anchors | mine) != 0).sum(axis=1)).max(initial=0.0))
        told = put(known, str(number), text)
        if told.is_new:
            anchors = np.vstack([anchors, mine])
            right += best < Manner().near
        else:
            right += told.how == "equal" or told.similarity == best
    assert right >= 0.995 * len(texts)


def test_a_batch_is_what_a_stream_is() -> None:
    texts, _ = flood(3000, seed=9)
    known = Clusters()
    told = [put(known, one.id, one.text, created=one.created) for one in enumerated(texts)]
    batch = cluster(enumerated(texts))
    assert [one.cluster for one in told] == [one.cluster for one in batch]
    assert [known.current(one.cluster)[1] for one in told] == [one.story for one in batch]
    assert batch == cluster(iter(enumerated(texts)))


def test_another_order_gives_nearly_the_same() -> None:
    texts, _ = flood(900, seed=10)
    order = random.Random(1).sample(range(len(texts)), len(texts))
    one = [told.cluster for told in cluster(enumerated(texts))]
    found = cluster(enumerated([texts[place] for place in order]))
    other = [told.cluster for _, told in sorted(zip(order, found, strict=True))]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(one))}
    precision, recall = pairs(other, [numbers[name] for name in one])
    assert min(precision, recall) >= 0.95


def test_other_words_about_one_thing_are_a_story_and_later_ones_are_not() -> None:
    draw, words = random.Random(11), vocabulary()
    texts = [Text(f"n{n}", sentence(draw, words), 1e9) for n in range(300)]
    fire = [
        "warehouse",
        "fire",
        "Hafenstrasse",
        "Rotterdam",
        "evacuated",
        "smoke",
        "#rotterdamfire",
    ]
    about = [
        Text(f"f{n}", " ".join([*draw.sample(fire, 5), sentence(draw, words, 4)]), 1e9 + 3600 * n)
        for n in range(20)
    ]
    late = Text("late", " ".join([*fire[2:6], sentence(draw, words, 12)]), 1e9 + 400 * 86400)
    told = {one.id: one for one in cluster([*texts, *about, late])}
    assert len({told[one.id].story for one in about}) <= 2
    assert len({told[one.id].cluster for one in about}) > 5
    assert told["late"].story not in {told[one.id].story for one in about}


# ----------------------------------------------------------------------------------------- media


def test_what_shares_no_word_with_anything_is_a_story_by_itself() -> None:
    """However near in time, and however few texts are known."""
    drawn = random.Random(29)

    def word() -> str:
        return "".join(drawn.choices("abcdefghijklmnoprstuvw", k=drawn.randint(4, 9)))

    for size in (2, 3, 12, 60, 300):
        common = [word() for _ in range(size // 2 + 1)]
        texts = [
            " ".join(drawn.sample(common, 1) * (number % 3 == 0) + [word() for _ in range(6)])
            for number in range(size)
        ]
        found = cluster([(str(number), text, 1.7e9) for number, text in enumerate(texts)])
        stories: dict[str, list[set[str]]] = {}
        for one, text in zip(found, texts, strict=True):
            stories.setdefault(one.story, []).append(set(text.split()))
        for some in stories.values():
            for place, words in enumerate(some):
                others = set[str]().union(*some[:place], *some[place + 1 :])
                assert len(some) == 1 or words & others, (size, some)


def test_media_join_what_text_does_not_decide() -> None:
    picture = [Fingerprint("sha256", os.urandom(32)), Fingerprint("pdq", os.urandom(32), 100)]
    near = bytearray(picture[1].value)
    near[3] ^= 0b111
    known = Clusters()
    first = put(known, "one", LONG, codes=picture)
    same = put(
        known, "two", "words that say nothing of the kind, about something else", codes=picture[:1]
    )
    alike = put(known, "three", "", codes=[Fingerprint("pdq", bytes(near), 100)])
    assert [first.how, same.how, alike.how] == ["new", "media", "media"]
    assert {same.cluster, alike.cluster} == {"one"}


def test_the_text_goes_first_and_the_other_cluster_is_named() -> None:
    picture = [Fingerprint("sha256", os.urandom(32))]
    known = Clusters()
    put(known, "one", LONG)
    put(known, "two", "words that say nothing of the kind, about something else", codes=picture)
    told = put(known, "three", f"{LONG}, please", codes=picture)
    assert (told.cluster, told.how, told.also) == ("one", "near", ("two",))


def test_codes_that_say_too_little_join_nothing() -> None:
    flat = [Fingerprint("pdq", bytes(32), 0), Fingerprint("pdq", b"\xff" * 32, 100)]
    known = Clusters()
    put(known, "one", LONG, codes=flat)
    assert put(known, "two", "words that say nothing of the kind at all", codes=flat).is_new


# ---------------------------------------------------------------------------------------- people


def copies(count: int) -> list[str]:
    return [f"{LONG} {number} {'!' * number} thank you" for number in range(count)]


def test_what_was_split_stays_apart_and_equal_texts_follow() -> None:
    known = Clusters()
    some = copies(4)
    for number, text in enumerate(some):
        assert put(known, str(number), text).cluster == "0"
    assert known.split([("2", sketch(some[2])), ("3", sketch(some[3]))]) == "2"
    assert [put(known, f"again{n}", text).cluster for n, text in enumerate(some)] == [
        "0",
        "0",
        "2",
        "2",
    ]
    assert put(known, "never", LONG, never=["0", "2"]).is_new
    with pytest.raises(ValueError, match="no cluster yet"):
        known.split([("2", sketch(some[2]))])
    with pytest.raises(ValueError, match="members"):
        known.split([])


def test_clusters_that_were_merged_are_one_and_can_be_taken_apart() -> None:
    known = Clusters()
    other = "words that say nothing of the kind, about something else entirely"
    put(known, "one", LONG)
    put(known, "two", other)
    known.merge("one", "two")
    assert known.current("two")[0] == "one"
    assert put(known, "three", f"{other}, as I said").cluster == "one"
    known.merge("one", "two")  # once more is no error
    assert (
        known.split([("three", sketch(f"{other}, as I said")), ("two", sketch(other))]) == "three"
    )
    assert put(known, "four", other).cluster == "three"
    assert put(known, "five", LONG).cluster == "one"


def test_a_merge_is_undone() -> None:
    known = Clusters()
    other = "words that say nothing of the kind, about something else entirely"
    put(known, "one", LONG)
    put(known, "two", other)
    known.merge("one", "two")
    known.unmerge("two")
    assert known.current("two")[0] == "two"
    assert put(known, "three", f"{other}, as I said").cluster == "two"
    assert put(known, "four", LONG).cluster == "one"
    with pytest.raises(ValueError, match="no other"):
        known.unmerge("two")
    for correct in (known.unmerge, lambda name: known.merge("one", name), known.current):
        with pytest.raises(KeyError):
            correct("nobody")


def test_a_pin_takes_what_is_like_it_along() -> None:
    known = Clusters()
    other = "words that say nothing of the kind, about something else entirely"
    put(known, "one", LONG)
    known.add("two", sketch(other), "one", pinned=True)
    assert put(known, "three", f"{other}, as I said").cluster == "one"
    known.add("four", sketch("a member and no more, which takes none along at all"), "one")
    assert put(known, "five", "a member and no more, which takes none along at all, you see").is_new


def test_after_a_restart_it_goes_on_as_before() -> None:
    texts, _ = flood(800, seed=12)
    known, again = Clusters(), Clusters()
    for one in enumerated(texts):
        told = put(known, one.id, one.text, created=one.created)
        again.add(one.id, sketch(one.text), told.cluster, created=one.created, story=told.story)
    more, _ = flood(300, seed=13)
    for number, text in enumerate(texts[::5] + more):
        asked = [(c.cluster, c.how, c.similarity) for c in known.candidates(sketch(text))]
        assert [(c.cluster, c.how, c.similarity) for c in again.candidates(sketch(text))] == asked
        assert put(again, f"m{number}", text).cluster == put(known, f"m{number}", text).cluster


def test_a_story_under_a_name_that_is_not_here_keeps_it() -> None:
    known = Clusters()
    known.add("one", sketch(LONG), "one", story="gone")
    known.add("two", sketch("other words about it"), "two", story="gone")
    assert known.current("one")[1] == known.current("two")[1] == "gone"


def test_what_is_forgotten_finds_nothing() -> None:
    known = Clusters()
    put(known, "one", LONG)
    assert known.forget(sketch(LONG))
    assert not known.forget(sketch(LONG))
    assert put(known, "two", LONG).is_new


def test_an_id_that_came_before_begins_a_cluster_of_another_name() -> None:
    known = Clusters()
    names = [put(known, "id", f"{word} " * 3).cluster for word in ("first", "second", "third")]
    assert names == ["id", "id#2", "id#3"]
    assert known.current("id#2")[0] == "id#2"


def test_candidates_change_nothing() -> None:
    known = Clusters()
    put(known, "one", LONG)
    for _ in range(2):
        assert known.candidates(sketch("nothing that anybody knows of yet, at all")) == []
        assert [one.cluster for one in known.candidates(sketch(f"{LONG}, please"))] == ["one"]
    assert len(known) == 1
    assert known.bytes_held > 0


def test_without_kernels_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, _ = flood(300, seed=14)
    expected = cluster(enumerated(texts))
    monkeypatch.setattr("tidegate.triage.stream.new_engine", SlowClusters)
    assert cluster(enumerated(texts)) == expected
