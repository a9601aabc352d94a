"""The matcher by itself finds what comparing each code with each finds, and says what is wrong."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals import (
    BankFileError,
    BuildError,
    DecoderDown,
    Matcher,
    build_bank,
)
from tidegate.signals.fingerprints import of_page, of_text, of_url
from tidegate.signals.index.segment import BLOCK, Shape, new_segment
from tidegate.signals.standalone import bankfile, examining
from tidegate.signals.standalone.bankfile import About, BankFile, Named, write_bank
from tidegate.signals.standalone.bankstats import statistics
from tidegate.signals.standalone.examining import Examiner

IMAGES = Path(__file__).parents[3] / "demo" / "images"
TEXT = "Join us on Friday and bring what you need to finish them, as we did last year"
CODE = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"

Codes = np.ndarray


@pytest.fixture(params=["native", "numpy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the kernels, if there are any, and without."""
    if request.param == "numpy":
        monkeypatch.setattr(bankfile, "load", lambda: None)


def flipped(draw: np.random.Generator, codes: Codes, most: int) -> Codes:
    bits = np.unpackbits(codes, axis=1)
    for row in bits:
        row[draw.choice(256, draw.integers(0, most + 1), replace=False)] ^= 1
    return np.packbits(bits, axis=1)


def some_codes(draw: np.random.Generator, manner: str, size: int) -> Codes:
    codes = draw.integers(0, 256, (size, 32), np.uint8)
    if manner == "clustered":
        return flipped(draw, codes[draw.integers(0, max(1, size // 20), size)], 30)
    if manner == "equal":
        codes[:] = codes[:1]
    elif manner == "zero":
        codes[:] = 0
    elif manner == "skewed":
        codes[: size * 9 // 10, 4:] = codes[:1, 4:]
    return codes


def write_list(path: Path, codes: Codes) -> Path:
    path.write_text("".join(f"{code.tobytes().hex()}\n" for code in codes))
    return path


def compared(bank: Codes, queries: Codes, radius: int) -> list[list[tuple[int, str]]]:
    bank = np.unique(bank, axis=0)
    found = []
    for query in queries:
        distances = np.bitwise_count(bank ^ query).sum(axis=1, dtype=int)
        near = np.flatnonzero(distances <= radius)
        found.append(sorted((int(distances[row]), bank[row].tobytes().hex()) for row in near))
    return found


def matched(bank: Path, queries: Codes, radius: int) -> list[list[tuple[int, str]]]:
    with Matcher(bank) as matcher:
        answers = matcher.match_codes([query.tobytes().hex() for query in queries], radius)
    return [[(one.distance, one.entry) for one in answer] for answer in answers]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("many", [2, 512])
def test_codes_match_as_by_brute_force(
    many: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bankfile, "_MANY", many)
    monkeypatch.setattr(bankfile, "_BATCH", 7)

    @settings(max_examples=25, deadline=None)
    @given(
        st.integers(0, 2**32),
        st.sampled_from(["random", "clustered", "equal", "zero", "skewed"]),
        st.integers(0, 200),
        st.integers(0, 64),
    )
    def check(seed: int, manner: str, size: int, radius: int) -> None:
        draw = np.random.default_rng(seed)
        codes = some_codes(draw, manner, size)
        near = flipped(draw, codes[:15], 70)
        queries = np.concatenate((near, codes[-2:], draw.integers(0, 256, (2, 32), np.uint8)))
        build_bank([write_list(tmp_path / "list.txt", codes)], tmp_path / "it.bank", format="pdq")
        assert matched(tmp_path / "it.bank", queries, radius) == compared(codes, queries, radius)

    (tmp_path / "list.txt").write_text("")
    check()


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("radius", [0, 15, 31, 32, 64])
def test_a_large_bank_matches_as_by_brute_force(radius: int, tmp_path: Path) -> None:
    draw = np.random.default_rng(radius)
    codes = some_codes(draw, "clustered", 9000)
    queries = np.concatenate((flipped(draw, codes[:40], radius), codes[50:60]))
    build_bank([write_list(tmp_path / "list.txt", codes)], tmp_path / "it.bank", format="pdq")
    assert matched(tmp_path / "it.bank", queries, radius) == compared(codes, queries, radius)


def test_a_list_may_be_written_in_many_ways(tmp_path: Path) -> None:
    other = "0f" * 32
    (tmp_path / "list.csv").write_text(
        f"hash,quality\r\n{CODE.upper()},100\r\n\r\n{CODE},100,again\r\n{other},\r\n{'3c' * 32},49"
    )
    built = build_bank([tmp_path / "list.csv"], tmp_path / "it.bank")
    assert (built.about.listed, built.about.repeated, built.about.low_quality) == (2, 1, 1)
    assert [text for _, text in built.notes] == ["left out: 1 codes of a quality below 50"]
    with Matcher(tmp_path / "it.bank") as matcher:
        found = matcher.match_codes([CODE, "3c" * 32, other.upper()], 0)
    assert [[one.entry for one in answer] for answer in found] == [[CODE], [], [other]]
    all_of_them = build_bank([tmp_path / "list.csv"], tmp_path / "it.bank", min_quality=0)
    assert all_of_them.about.listed == 3


@pytest.mark.parametrize("header", ["hash,quality", "Hash;Quality", "name,hash,quality"])
def test_digests_with_a_quality_are_not_taken_for_pdq(header: str, tmp_path: Path) -> None:
    row = {"hash,quality": "{},100", "Hash;Quality": "{};100"}.get(header, "a.jpg,{},100")
    digests = [hashlib.sha256(b"%d" % n).hexdigest() for n in range(6)]
    (tmp_path / "list.csv").write_text("\n".join([header, *map(row.format, digests)]))
    with pytest.raises(BuildError) as raised:
        build_bank([tmp_path / "list.csv"], tmp_path / "it.bank")
    [(_, told)] = raised.value.problems
    assert "header line" in told
    assert "PDQ codes" in told
    assert not (tmp_path / "it.bank").exists()


def test_lines_that_are_no_utf8_are_noted_in_the_bank_that_is_built(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(f"pdq,note\n{CODE},groß\n".encode("cp1252"))
    built = build_bank([tmp_path / "list.csv"], tmp_path / "it.bank")
    assert built.about.listed == 1
    [(_, told)] = built.notes
    assert "1 lines are not UTF-8" in told


def test_a_radius_beyond_all_is_refused(tmp_path: Path) -> None:
    codes = np.full((1, 32), 0x0F, np.uint8)
    build_bank([write_list(tmp_path / "list.txt", codes)], tmp_path / "bank")
    with Matcher(tmp_path / "bank") as matcher:
        for radius in (-1, 65):
            with pytest.raises(ValueError, match="0 to 64"):
                matcher.match_codes([CODE], radius)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of known content, with a bank file of it beside."""
    folder = tmp_path_factory.mktemp("known") / "known"
    (folder / "deep" / "er").mkdir(parents=True)
    shutil.copy(IMAGES / "horse.png", folder)
    shutil.copy(IMAGES / "rocket.jpg", folder / "deep" / "er")
    (folder / "call.txt").write_text(TEXT)
    (folder / "video.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    (folder / "empty").touch()
    (folder / ".hidden").write_text("not content")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("not content either")
    (folder / "deep" / "around").symlink_to(folder, target_is_directory=True)
    build_bank([folder], folder.parent / "known.bank")
    return folder


def entries_of(bank: Path) -> set[str]:
    opened = BankFile.open(bank)
    return set(opened.names(np.arange(len(opened))))


def test_each_file_is_an_entry_named_by_it(known: Path) -> None:
    assert entries_of(known.parent / "known.bank") == {
        "call.txt",
        "deep/er/rocket.jpg",
        "horse.png",
        "video.mp4",
    }


@pytest.fixture(scope="module")
def matcher(known: Path) -> Iterator[Matcher]:
    with Matcher(known.parent / "known.bank") as matcher:
        yield matcher


def test_files_are_matched_by_all_that_they_are_known_by(matcher: Matcher, tmp_path: Path) -> None:
    from PIL import Image

    Image.open(IMAGES / "rocket.jpg").resize((300, 200)).save(tmp_path / "b.png")
    (tmp_path / "a.md").write_text(TEXT.upper() + "!!")
    shutil.copy(IMAGES / "horse.png", tmp_path / "c")
    (tmp_path / "d").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    shutil.copy(IMAGES / "moon.png", tmp_path / ".e")
    answers = list(matcher.match_files([tmp_path]))
    assert [Path(answer.path).name for answer in answers] == [".e", "a.md", "b.png", "c", "d"]
    found = {
        Path(answer.path).name: {(one.entry, one.kind) for one in answer.matches}
        for answer in answers
    }
    assert found == {
        ".e": set(),
        "a.md": {("call.txt", "text_minhash")},
        "b.png": {("deep/er/rocket.jpg", "pdq")},
        "c": {("horse.png", "md5"), ("horse.png", "pdq"), ("horse.png", "sha256")},
        "d": {("video.mp4", "md5"), ("video.mp4", "sha256")},
    }
    assert [answer.problem for answer in answers] == [None] * 5
    notes = {Path(answer.path).name for answer in answers if answer.note}
    assert notes == {"d"}
    (pdq,) = answers[2].matches
    assert (pdq.bank, pdq.route, pdq.exact) == ("known", "pdq", True)
    assert 0 < pdq.distance <= 31
    assert matcher.match_file(tmp_path / "b.png", radius=0).matches == []


def test_text_is_matched_as_it_reads(matcher: Matcher) -> None:
    found = matcher.match_text(TEXT.replace("i", "\u0456").replace(" ", "\u200b  "))
    assert {(one.entry, one.kind, one.distance) for one in found} == {
        ("call.txt", code.kind, 0) for code in of_text(TEXT)
    }
    assert matcher.match_text("Nothing of the kind") == []


def test_links_in_a_text_are_matched_as_what_is_named_in_it(tmp_path: Path) -> None:
    page = "https://bad.example/watch?v=42"
    entries = [Named("page", of_page(page)), Named("site", of_url(page)[1:3])]
    about = About(bank="links", files=2, listed=0, values={"url": 1, "domain": 1, "host": 1})
    write_bank(tmp_path / "links.bank", entries, np.empty((0, 32), np.uint8), about)
    (tmp_path / "post.txt").write_text(f"see {page}.")
    (tmp_path / "page.txt").write_text(f"{page}\n")
    (tmp_path / "other.txt").write_text("see https://other.example/")
    with Matcher(tmp_path / "links.bank") as matcher:
        answers = {Path(one.path).name: one for one in matcher.match_files([tmp_path])}
        told = {
            name: {(one.entry, one.kind, one.exact) for one in answer.matches}
            for name, answer in answers.items()
        }
        assert matcher.match_text(f"see {page}.") == answers["post.txt"].matches
    named = {("site", "domain", False), ("site", "host", False)}
    assert told["post.txt"] == {("page", "url", False), *named}
    assert told["page.txt"] == {("page", "url", True), *named}
    assert told["other.txt"] == set()


def test_the_links_of_a_text_do_not_stand_for_it(tmp_path: Path) -> None:
    (tmp_path / "article.txt").write_text(f"{TEXT} https://press.example/page")
    build_bank([tmp_path / "article.txt"], tmp_path / "texts.bank")
    with Matcher(tmp_path / "texts.bank") as matcher:
        assert matcher.match_text("more at https://press.example/page") == []


def test_what_cannot_be_looked_at_is_a_problem_and_matched_by_what_there_is(
    matcher: Matcher, tmp_path: Path
) -> None:
    data = (IMAGES / "rocket.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    build_bank([tmp_path / "cut.jpg"], tmp_path / "cut.bank")
    with Matcher(tmp_path / "cut.bank") as other:
        answer = other.match_file(tmp_path / "cut.jpg")
    assert answer.problem == "file is cut short"
    assert {"md5", "sha256"} <= {one.kind for one in answer.matches}
    assert matcher.match_file(tmp_path / "nothing").problem == "No such file or directory"
    assert matcher.match_file(tmp_path).problem is not None


def test_a_drawing_is_compared_as_the_text_it_is(matcher: Matcher, tmp_path: Path) -> None:
    for prolog in ("", '<?xml version="1.0"?>\n'):
        (tmp_path / "a.svg").write_text(f"{prolog}<svg></svg>")
        answer = matcher.match_file(tmp_path / "a.svg")
        assert answer.problem is None
        assert "image/svg+xml" in (answer.note or "")


def test_files_of_one_name_stay_apart(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(f"content of {folder}")
    build_bank([tmp_path / "one", tmp_path / "two", tmp_path / "two"], tmp_path / "it.bank")
    assert entries_of(tmp_path / "it.bank") == {"a.txt", str(tmp_path / "two" / "a.txt")}


def test_a_bank_built_beside_its_content_is_no_content(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    for _ in range(2):
        build_bank([tmp_path], tmp_path / "it.bank")
        assert entries_of(tmp_path / "it.bank") == {"a.txt"}


def test_files_and_lists_share_a_bank(tmp_path: Path) -> None:
    (tmp_path / "known").mkdir()
    shutil.copy(IMAGES / "horse.png", tmp_path / "known" / "zebra.png")
    with Examiner(1) as examiner:
        look = examiner.examine(IMAGES / "horse.png")
    code = next(one.value.hex() for one in look.face if one.kind == "pdq")
    near = (int(code, 16) ^ 0b111).to_bytes(32).hex()
    (tmp_path / "list.txt").write_text(f"{near}\n{CODE}\n")
    build_bank([tmp_path / "known", tmp_path / "list.txt"], tmp_path / "it.bank")
    with Matcher(tmp_path / "it.bank") as matcher:
        (found,) = matcher.match_codes([code])
        answer = matcher.match_file(IMAGES / "horse.png")
    assert [(one.entry, one.distance) for one in found] == [("zebra.png", 0), (near, 3)]
    assert {(one.entry, one.kind) for one in answer.matches} == {
        ("zebra.png", "md5"),
        ("zebra.png", "sha256"),
        ("zebra.png", "pdq"),
        (near, "pdq"),
    }


def test_several_banks_are_asked_at_once(known: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text(TEXT)
    build_bank([tmp_path / "mine.txt"], tmp_path / "file.bank", name="mine")
    with Matcher(known.parent / "known.bank", tmp_path / "file.bank") as matcher:
        found = {(one.bank, one.entry) for one in matcher.match_text(TEXT)}
    assert found == {("known", "call.txt"), ("mine", "mine.txt")}


def test_what_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    bank = tmp_path / "it.bank"
    (tmp_path / "list.txt").write_text(f"{CODE}\n\n{CODE[:-1]}\n{CODE},999\n")
    (tmp_path / "dangling").symlink_to("nowhere")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BuildError) as raised:
        build_bank([tmp_path / "list.txt", tmp_path / "dangling", tmp_path / "no"], bank)
    assert [text.partition(":")[0] for _, text in raised.value.problems] == [
        "line 3",
        "line 4",
        "No such file or directory",
        "No such file or directory",
    ]
    assert sorted(tmp_path.iterdir()) == before

    bank.write_bytes(b"what was there")
    with pytest.raises(BuildError):
        build_bank([tmp_path / "list.txt"], bank)
    assert bank.read_bytes() == b"what was there"


def test_without_a_decoder_it_says_so_and_writes_nothing(
    known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "HASHER", "tidegate.nothing:of_pixels")
    with pytest.raises(DecoderDown):
        build_bank([known], tmp_path / "it.bank")
    assert list(tmp_path.iterdir()) == []
    with Matcher(known.parent / "known.bank") as matcher:
        assert matcher.match_file(known / "call.txt").matches
        with pytest.raises(DecoderDown):
            list(matcher.match_files([known]))


def test_a_foreign_or_cut_file_is_refused(known: Path, tmp_path: Path) -> None:
    whole = (known.parent / "known.bank").read_bytes()
    for number, data in enumerate(
        (b"", b"text", (IMAGES / "horse.png").read_bytes(), whole[:-1], whole + b"\0", whole[:5000])
    ):
        file = tmp_path / f"{number}.bank"
        file.write_bytes(data)
        with pytest.raises(BankFileError):
            Matcher(file)
    with new_segment(tmp_path / "other", {"codes": Shape("u8", (3, 4))}, {}) as arrays:
        arrays["codes"][...] = 0
    with pytest.raises(BankFileError, match="not a bank"):
        Matcher(tmp_path / "other")


@pytest.mark.usefixtures("way")
def test_damage_is_never_answered_from(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    codes = some_codes(draw, "clustered", 5000)
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "b.txt").write_text(TEXT + " and the year before")
    bank = tmp_path / "it.bank"
    build_bank(
        [tmp_path / "a.txt", tmp_path / "b.txt", write_list(tmp_path / "l", codes)],
        bank,
        format="pdq",
    )

    def answers() -> object:
        with Matcher(bank) as matcher:
            return [
                matcher.match_codes([code.tobytes().hex() for code in codes[:50]]),
                matcher.match_text(TEXT),
            ]

    expected = answers()
    whole = bank.read_bytes()
    refused = 0
    blocks = len(whole) // BLOCK
    for at in [0, 20, *(draw.integers(0, BLOCK, blocks) + np.arange(blocks) * BLOCK), -30]:
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        bank.write_bytes(damaged)
        try:
            assert answers() == expected
        except BankFileError:
            refused += 1
    assert refused > 5


def test_statistics_count_and_point_at_what_is_odd(known: Path, tmp_path: Path) -> None:
    found = statistics(BankFile.open(known.parent / "known.bank"))
    assert (found.entries, found.files, found.listed) == (4, 4, 0)
    assert found.values == {"sha256": 4, "md5": 4, "text_sha256": 1}
    assert found.kinds["pdq"].codes == 2

    draw = np.random.default_rng(1)
    codes = draw.integers(0, 256, (100, 32), np.uint8)
    codes[0] = 0
    codes[1] = codes[2] ^ np.eye(1, 32, dtype=np.uint8)[0]
    build_bank([write_list(tmp_path / "list.txt", codes)], tmp_path / "it.bank", format="pdq")
    (pdq,) = statistics(BankFile.open(tmp_path / "it.bank")).kinds.values()
    assert (pdq.codes, pdq.near_constant, pdq.sampled, pdq.near_others) == (100, 1, 100, 2)
