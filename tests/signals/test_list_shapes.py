"""Lists as people have them: each is taken whole, or refused with the header line to add.

What is made here by hypothesis is some list in some dress; whatever it is, every entry of it is found,
in order and of its kind, or nothing is.
"""

import bz2
import gzip
import hashlib
import io
import lzma
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.signals.fingerprints import KINDS
from tidegate.signals.lists import opened
from tidegate.signals.lists.format import HEAD_BYTES, Broken, Read, read
from tidegate.signals.lists.plain import plain

MD5 = "098f6bcd4621d373cade4e832627b4f6"


def pdq_codes(count: int, seed: int = 1) -> list[str]:
    """As pictures have them: half of the bits are set."""
    random, bits = Random(seed), [0, 1] * 128

    def code() -> str:
        random.shuffle(bits)
        return f"{int(''.join(map(str, bits)), 2):064x}"

    return [code() for _ in range(count)]


def digests(count: int, seed: int = 1) -> list[str]:
    return [hashlib.sha256(f"{seed} {n}".encode()).hexdigest() for n in range(count)]


PDQ, SHA256 = pdq_codes(4), digests(40)


def read_list(data: bytes, format: str | None = None) -> list[Read]:
    with ExitStack() as stack:
        file, head = plain(io.BytesIO(data), data[:HEAD_BYTES], stack)
        _, reading = opened(head, format)
        return list(read(reading, file))


def values(found: Sequence[Read]) -> list[str]:
    """Each entry as its kinds and values; what became none as why."""
    return [
        " ".join(f"{c.kind} {KINDS[c.kind].format(c.value)}" for c in one.entry.fingerprints)
        if one.entry is not None
        else f"{one.number}: {one.problem or one.skipped}"
        for one in found
    ]


def lines(*some: str) -> bytes:
    return "\n".join(some).encode()


def zipped(**files: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return archive.getvalue()


ALL = [f"pdq {code}" for code in PDQ]
TABLE = lines("pdq,note", *(f"{code},n" for code in PDQ))
TAKEN: dict[str, tuple[bytes, list[str]]] = {
    "comments": (lines("# of a partner", "", *PDQ, "# the end"), ALL),
    "a comment behind": (lines(*(f"{code} # seen" for code in PDQ)), ALL),
    "in quotes": (lines(*(f'"{code}"' for code in PDQ)), ALL),
    "out of a program": (lines(*(f"    '{code}'," for code in PDQ)), ALL),
    "semicolons": (lines(*(f"{code};100" for code in PDQ)), ALL),
    "the code in the second column": (
        lines("filename,pdq_hash,quality", *(f"a.jpg,{code},100" for code in PDQ)),
        ALL,
    ),
    "capitals": (lines("PDQ,Note", *(f"{code},n" for code in PDQ)), ALL),
    "words in the header": (lines("Note;PDQ Hash", *(f"n;{code}" for code in PDQ)), ALL),
    "a header of the format": (lines("hash,name", *(f"{code},n" for code in PDQ)), ALL),
    "PDQ by name, and what is no quality": (lines("PDQ_HASH;Note", *(f"{code};7" for code in PDQ)), ALL),
    "a quality beside a hash": (lines("Hash;Quality;x", *(f"{code};100;y" for code in PDQ)), ALL),
    "a quality beside a column of hashes": (
        lines("filename,hash,quality", f"a.jpg,{SHA256[0]},7", *(f"a.jpg,{code},90" for code in PDQ)),
        ["2: pdq: its quality 7 is below 50: codes of nearly flat content are noise, and near to each other", *ALL],
    ),
    "trailing commas": (lines("pdq,note", *(f"{code},n,,," for code in PDQ)), ALL),
    "short rows": (lines("pdq,note,labels", *(f"{code},n" for code in PDQ)), ALL),
    "empty names": (lines("pdq,,note,", *(f"{code},x,n," for code in PDQ)), ALL),
    "empty rows": (lines("pdq,note", ",", *(f"{code},n" for code in PDQ), ",,"), ALL),
    "sep": (lines("sep=;", "pdq;note", *(f"{code};n" for code in PDQ)), ALL),
    "tabs": (lines("PDQ\tNote", *(f"{code}\tn" for code in PDQ)), ALL),
    "UTF-16": (TABLE.decode().encode("utf-16"), ALL),
    "UTF-16 without a mark": (TABLE.decode().encode("utf-16-be"), ALL),
    "a mark of UTF-8": (b"\xef\xbb\xbf" + TABLE, ALL),
    "carriage returns": (TABLE.replace(b"\n", b"\r"), ALL),
    "ends of lines of three sorts": (f"{PDQ[0]}\r\n{PDQ[1]}\n{PDQ[2]}\r{PDQ[3]}\r\n".encode(), ALL),
    "Windows-1252": ("# Liste für euch\nPDQ;Größe\n".encode("cp1252") + lines(*(f"{code};groß" for code in PDQ)), ALL),
    "gzip": (gzip.compress(TABLE), ALL),
    "bzip2": (bz2.compress(TABLE), ALL),
    "xz": (lzma.compress(TABLE), ALL),
    "zip": (zipped(list=TABLE), ALL),
    "gzip of UTF-16 with carriage returns": (
        gzip.compress(TABLE.decode().replace("\n", "\r").encode("utf-16")),
        ALL,
    ),
    "kinds in capitals": (
        lines("Type,Value", f"PDQ,{PDQ[0]}", f"MD5,{MD5}", f"SHA-256,{SHA256[0]}", "SHA1,00"),
        [ALL[0], f"md5 {MD5}", f"sha256 {SHA256[0]}", "5: SHA1: nothing here is compared by it"],
    ),
    "Mastodon": (
        lines("#domain,#severity", "bad.example,suspend", "sub.worse.example,silence"),
        ["domain bad.example", "host sub.worse.example"],
    ),
    "URLhaus": (
        lines(
            "#########",
            "# abuse.ch URLhaus #",
            "# id,url,tags",
            '"1","http://x.example/a","b,c"',
        ),
        ["url https://x.example/a"],
    ),
    "hashdeep": (
        lines("%%%% HASHDEEP-1.0", "%%%% size,md5,filename", "## $ hashdeep", f"4,{MD5},/a b"),
        [f"md5 {MD5}"],
    ),
    "a column of domains": (
        lines("Domain", "*.a.example", ".b.example", "https://c.example/", "d[.]example"),
        ["domain a.example", "domain b.example", "domain c.example", "domain d.example"],
    ),
    "domains": (lines("bad.example", "*.worse[.]example"), ["domain bad.example", "domain worse.example"]),
    "hosts": (
        lines("# hosts", "127.0.0.1 localhost", "0.0.0.0 bad.example # why"),
        ["2: the machine's own name in a file of hosts", "domain bad.example"],
    ),
    "filters": (
        lines("[Adblock Plus 2.0]", "! Title: x", "||bad.example^", "||b.example^$third-party"),
        ["domain bad.example", "domain b.example"],
    ),
    "addresses": (
        lines("https://x.example/1", "hxxps://x[.]example/2", "<HXXP[:]//y(dot)example/3>"),
        ["url https://x.example/1", "url https://x.example/2", "url https://y.example/3"],
    ),
    "addresses with commas in some": (
        lines("https://x.example/1,2", "https://x.example/3"),
        ["url https://x.example/1,2", "url https://x.example/3"],
    ),
    "a column of addresses": (lines("Link", "hxxps://x[.]example/2"), ["url https://x.example/2"]),
    "addresses in a table, as they are written elsewhere": (
        lines("url", "<https://x.example/1>", "'https://x.example/2'", "fxps://x[.]example/3", "meow://x.example/4"),
        [f"url https://x.example/{n}" for n in range(1, 5)],
    ),
    "a column of places": (
        lines("address", "joe[at]bad[.]example", "tg[:]//resolve?domain=name", "<mailto:ann@bad.example>"),
        ["address mailto:joe@bad.example", "address tg://resolve?domain=name", "address mailto:ann@bad.example"],
    ),
    "MD5": (lines(MD5), [f"md5 {MD5}"]),
    "sums": (
        lines(f"{SHA256[0]}  a.jpg", f"{SHA256[1]} *b c.jpg", f"\\{MD5}  d\\\\e.jpg"),
        [f"sha256 {SHA256[0]}", f"sha256 {SHA256[1]}", f"md5 {MD5}"],
    ),
    "sums as BSD has them": (
        lines(f"MD5 (a (1).jpg) = {MD5}", f"SHA256 (b) = {SHA256[0]}"),
        [f"md5 {MD5}", f"sha256 {SHA256[0]}"],
    ),
    "digests with their kind": (lines(f"sha256:{SHA256[0]}", f"MD5={MD5}"), [f"sha256 {SHA256[0]}", f"md5 {MD5}"]),
    "SHA-256 that says so": (lines("SHA-256", *SHA256), [f"sha256 {one}" for one in SHA256]),
    "an array": (f'[{{"kind":"PDQ","value":"{PDQ[0]}"}}]'.encode(), ALL[:1]),
    "an array in an object": (
        f'{{"count": 1, "entries": [{{"kind":"md5","value":"{MD5}"}}], "next": null}}'.encode(),
        [f"md5 {MD5}"],
    ),
    "hashtags": (
        lines("phrase", "#killall", "# the end", "some words"),
        ["phrase killall", "phrase some words"],
    ),
    "threatexchange with comments": (lines("# mine", f"pdq {PDQ[0]}", f"MD5 {MD5}"), [ALL[0], f"md5 {MD5}"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_a_list_is_taken_whole(name: str) -> None:
    data, expected = TAKEN[name]
    assert values(read_list(data)) == expected


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (lines(*SHA256), "header line on top that says what they are: `sha256`"),
        (lines(*(f"{one},90" for one in SHA256)), "scatter as those of SHA-256"),
        (lines("# partner", *(f'"{one}"' for one in SHA256)), "header line"),
        (lines("hash", *SHA256), "`sha256`"),
        (lines("hash,quality", *(f"{one},90" for one in SHA256)), "that says what they are: `sha256`"),
        (lines("Hash;Quality", *(f"{one};90" for one in SHA256)), "scatter as those of SHA-256"),
        (lines("hash,quality", f"{PDQ[0]},90"), "too few lines to tell"),
        (lines("filename,hash,quality", *(f"a,{one},90" for one in SHA256)), "its bits are not those of PDQ codes"),
        (lines("filename,hash,quality", f"a,{PDQ[0]},90"), "so few rows cannot tell"),
        (",".join(PDQ).encode(), "header line on top, `pdq`, and one value a line"),
        (",".join(SHA256).encode(), "`sha256` (`pdq` if these are PDQ codes), and one value a line"),
        (lines("a.example,b.example", "c.example"), "header line on top, `domain`, and one value a line"),
        (lines("tg://resolve?domain=name", "tg[:]//resolve?domain=other"), "header line on top, such as `address`"),
        (lines("magnet:?xt=urn:btih:" + "a" * 40), "header line on top, such as `address`"),
        (lines("mailto:joe@bad.example", "ann@bad.example"), "header line on top, such as `address`"),
        (lines("joe[at]bad[.]example;spam", "ann(at)bad.example;x"), "header line on top, such as `address;note`"),
        (lines(SHA256[0]), "header line"),
        (lines(*PDQ[:2]), "too few lines to tell"),
        (lines(*(f"{code}  a.jpg" for code in PDQ)), "header line on top and a comma"),
        (lines(*(f"a.jpg,{code},100" for code in PDQ)), "header line on top, such as `filename,pdq,quality`"),
        (lines(*(f"{one};a.jpg" for one in SHA256[:1])), "header line"),
        (lines("da39a3ee5e6b4b0d3255bfef95601890afd80709"), "holds SHA-1"),
        (lines("bad.example", "https://x.example/1"), "header line on top: `url`, or `domain`"),
        (lines("x.example/1", "x.example/2"), "header line `url`"),
        (lines("a.jpg", "b.png"), "header line on top"),
        (lines('"https://x.example/1","spam"'), "header line on top, such as `url,note`"),
        (lines("'https://x.example/1';'spam'", "'https://x.example/2';'b'"), "such as `url;note`"),
        (lines("https://x.example/1;spam", "https://x.example/2;b"), "header line on top: `url;note`"),
        (lines("https://x.example/1;", "https://x.example/2;"), "header line on top: `url;note`"),
        (lines("https://x.example/1,a,b", "hxxp://x[.]example/2,a"), "header line on top: `url,note,note3`"),
        (lines("https://x.example/1,https://x.example/2", "https://x.example/3,https://x.example/4"), "one a line"),
        (b'[{"pdq": "00", "quality": 1}]', "has objects with pdq, quality, which are no entries of ours"),
        (b'{"value": [{"MediaID": 1, "MD5": "00"}]}', "An entry has kind and value"),
        (lines('{"hash": "00"}', '{"hash": "01"}'), "has objects with hash"),
        (b'[{"domain": "bad.example", "comment": ""}]', "may have quality, labels, provenance"),
        (lines("join us", "come along"), "header line on top"),
        (b'["https://x.example/1"]', "under a header line"),
        (lines("name,size", "a,1"), "header line on top"),
        (lines("pdq,PDQ hash", *(f"{code},{code}" for code in PDQ)), "in its header line"),
        (zipped(**{"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "with a header line"),
        (b"\x89PNG\r\n\x1a\n" + bytes(90), "header line on top"),
        (b"", "is empty"),
        (b"# nothing\n\n# at all\n", "holds no entry"),
        (gzip.compress(TABLE)[:-9], "damaged or cut short"),
        (zipped(a=TABLE, b=TABLE), "of 2 files"),
        (b"\xff\xfep\x00d\x00\x00\xd8", "not sound UTF-16"),
    ],
)  # fmt: skip
def test_a_list_that_does_not_say_what_it_holds_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|holds|looks|does|names|unpacks)\b") as refused:
        read_list(data)
    assert told in str(refused.value)


def test_what_is_packed_to_be_a_trap_is_refused() -> None:
    with pytest.raises(ValueError, match="200 times its size"):
        read_list(gzip.compress(b"pdq\n" + bytes(70 << 20)))


def test_whoever_says_what_it_is_is_believed() -> None:
    assert values(read_list(lines(*SHA256), "pdq")) == [f"pdq {one}" for one in SHA256]
    assert values(read_list(lines(*SHA256), "digests")) == [f"sha256 {one}" for one in SHA256]
    assert values(read_list(lines("pdq", *SHA256))) == [f"pdq {one}" for one in SHA256]


def test_what_belongs_to_the_addresses_is_taken_where_somebody_says_so() -> None:
    rows = ["https://x.example/1,a.html", "https://x.example/2,b.html"]
    with pytest.raises(ValueError, match="say --format addresses if it belongs"):
        read_list(lines(*rows))
    assert values(read_list(lines(*rows), "addresses")) == [f"url {row}" for row in rows]


def test_digests_behind_codes_are_told_line_by_line() -> None:
    far = [one for one in SHA256 if abs(int(one, 16).bit_count() - 128) > 8]
    known = pdq_codes(90)
    found = values(read_list(lines(*known, *far)))
    assert found[:90] == [f"pdq {one}" for one in known]
    assert len(found) == 90 + len(far)
    assert all("is it another digest?" in one for one in found[90:])


def test_no_part_of_a_file_is_passed_over() -> None:
    """A second array, and a second part of an object."""
    entry = f'{{"kind":"md5","value":"{MD5}"}}'
    for data in (f"[{entry}][{entry}]", f'{{"entries":[{entry}],"more":[{entry}]}}'):
        with pytest.raises(Broken, match="more behind the array"):
            read_list(data.encode())
    with pytest.raises(Broken, match="more behind the array"):
        read_list(f"[{entry}]\n{entry}".encode())


def test_a_commented_row_is_no_entry_and_a_doubtful_one_is_told() -> None:
    rows = ["filename,pdq", f"a.jpg,{PDQ[0]}", f"#b.jpg,{PDQ[1]}", f'"#c.jpg",{PDQ[2]}', "# end"]
    first, doubtful, quoted = values(read_list(lines(*rows)))
    assert (first, quoted) == (ALL[0], ALL[2])
    assert "begins with #" in doubtful
    rows = ["pdq,filename", f"{PDQ[0]},a.jpg", f"#{PDQ[1]},b.jpg"]
    assert values(read_list(lines(*rows))) == ALL[:1]


def test_a_link_beside_a_code_is_where_it_was_found() -> None:
    [entry] = [
        one.entry for one in read_list(lines("pdq,Link,Type", f"{PDQ[0]},https://x.example/,jpg"))
    ]
    assert entry is not None
    assert [code.kind for code in entry.fingerprints] == ["pdq"]
    assert entry.provenance == {"link": "https://x.example/", "type": "jpg"}


def test_no_domain_is_widened() -> None:
    """A name below a registrable domain stands for itself, and an address's path is no domain."""
    rows = ["domain", "forum.bad.example", "https://bad.example/page", "b*d.example", "b**.exa***e"]
    one, page, *starred = values(read_list(lines(*rows)))
    assert one == "host forum.bad.example"
    assert "expected a domain" in page
    assert all("starred out" in why for why in starred)


def test_lines_that_are_no_utf8_are_read_as_windows_1252_but_no_value_is_guessed() -> None:
    rows = [f"{PDQ[0]},Fußnote", f"{PDQ[1]},n", f"\xa0“{PDQ[2]}”,“é”"]
    found = read_list("\n".join(["PDQ,Größe", *rows]).encode("cp1252"))
    assert values(found) == ALL[:3]
    assert [one.guessed for one in found] == [True, False, True]
    assert [one.entry.provenance for one in found if one.entry] == [
        {"größe": "Fußnote"},
        {"größe": "n"},
        {"größe": "“é”"},
    ]
    for kind, value in {
        "url": "https://x.example/é",
        "domain": "bücher.example",
        "phrase": "stürmt die tore jetzt",
        "text": "Die Tore sind für alle – kommt",
        "address": "jörg@x.example",
    }.items():
        one, two = read_list(f"{kind},note\n{value},n\n{value},é\n".encode("cp1252"))
        assert (one.entry, two.entry) == (None, None), kind
        assert "is not UTF-8; save the list as UTF-8" in (one.problem, two.problem)
    [comment] = read_list("https://x.example/1\n# für euch\n".encode("cp1252"))
    assert values([comment]) == ["url https://x.example/1"]


def test_a_carriage_return_in_a_cell_ends_no_line() -> None:
    """What a bank is exported as is read as the same."""
    [found] = read_list(f'pdq,note\r\n{PDQ[0]},"a\rb ""c"""\r\n'.encode())
    assert found.entry is not None
    assert found.entry.note == 'a\rb "c"'
    whole = b"\r".join([b"pdq,note\n", *(f"{code},{'n' * 2000}".encode() for code in PDQ * 500)])
    assert values(read_list(whole)) == ALL * 500


# A list in some dress: (kind, its values, how it is written), each in its own way.
Dress = Callable[[Sequence[str]], str]
KINDS_OF_LISTS: dict[str, Callable[[int, int], list[str]]] = {
    "pdq": pdq_codes,
    "sha256": digests,
    "md5": lambda count, seed: [one[:32] for one in digests(count, seed)],
    "url": lambda count, seed: [f"https://x{seed}.example/{n}" for n in range(count)],
    "domain": lambda count, seed: [f"x{n}-{seed}.example" for n in range(count)],
}
decorations = st.lists(
    st.sampled_from(["comment", "blank", "end comment", "quotes", "commas", "crlf", "mark"]),
    unique=True,
)
packings = st.sampled_from(["", "gzip", "utf-16", "utf-16-le", "cr", "xz"])


def dressed(rows: list[str], decoration: list[str], packing: str) -> bytes:
    if "quotes" in decoration:
        rows = [",".join(f'"{cell}"' for cell in row.split(",")) for row in rows]
    if "commas" in decoration:
        rows = [rows[0], *(f"{row},,," for row in rows[1:])]
    if "comment" in decoration:
        rows = ["# a list, of somebody's", *rows]
    if "blank" in decoration:
        rows = ["", *rows[:2], "", *rows[2:], ""]
    if "end comment" in decoration:
        rows = [*rows, "# the end"]
    text = ("\r\n" if "crlf" in decoration and packing != "cr" else "\n").join(rows)
    if packing == "cr":
        text = text.replace("\n", "\r")
    if packing.startswith("utf"):
        return text.encode(packing)
    data = ("\ufeff" if "mark" in decoration else "").encode() + text.encode()
    return {"gzip": gzip.compress, "xz": lzma.compress}.get(packing, lambda data: data)(data)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS_OF_LISTS)),
    count=st.integers(1, 30),
    seed=st.integers(0, 10**6),
    header=st.sampled_from(["", "{}", "{},note", "Name,{}", "#{}", "kind,value", "hash"]),
    decoration=decorations,
    packing=packings,
)
def test_whatever_its_dress_a_list_is_taken_whole_or_not_at_all(
    kind: str, count: int, seed: int, header: str, decoration: list[str], packing: str
) -> None:
    given = KINDS_OF_LISTS[kind](count, seed)
    rows = {"{},note": "{},n", "Name,{}": "n,{}", "kind,value": f"{kind},{{}}"}.get(header, "{}")
    written = [rows.format(one) for one in given]
    if header:
        written.insert(0, header.format(kind.upper()))
    data = dressed(written, decoration, packing)
    if header in ("", "hash") and kind in ("pdq", "sha256") and (kind == "sha256" or count < 3):
        with pytest.raises(ValueError, match="header"):
            read_list(data)
        return
    found = values(read_list(data))
    assert found == [f"{kind} {one}" for one in given]


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 200), st.integers(0, 10**9), st.booleans())
def test_a_list_of_digests_is_never_taken_for_pdq(count: int, seed: int, measured: bool) -> None:
    """By the odds of `evidence`; of one or two that happen to be even and have a score, nobody could tell."""
    given = [f"{one},100" if measured and count > 2 else one for one in digests(count, seed)]
    with pytest.raises(ValueError, match="header"):
        read_list(lines(*given))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(st.sampled_from("a,;\t\"'#|[]{}:./*@=0f \\é\0"), max_size=12),
            st.sampled_from(["pdq,note", "url", "#domain", "sep=;", "[", "{", *PDQ[:2], SHA256[0]]),
            st.sampled_from(["bad.example", "https://x.example/", f"pdq {PDQ[0]}", f"{MD5}  a"]),
        ),
        max_size=8,
    ),
    st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"]),
)
def test_every_line_is_an_entry_or_told_or_says_nothing(given: list[str], end: str) -> None:
    """Of any text: never a crash, and no line that is passed over."""
    data = end.join(given).encode()
    with ExitStack() as stack:
        try:
            file, head = plain(io.BytesIO(data), data[:HEAD_BYTES], stack)
            form, reading = opened(head)
            found = list(read(reading, file))
        except (ValueError, Broken):
            return
        file.seek(0)
        plain_lines = file.read().split(b"\n")
    if form.name in ("ndjson", "tat") and head.lstrip(b"\xef\xbb\xbf \n\r").startswith(
        (b"[", b"{")
    ):
        return  # numbers are those of elements
    covered = {n for one in found for n in range(one.number, one.last + 1)}
    above = 0
    for number, line in enumerate(plain_lines, 1):
        if not line.strip() or number in covered:
            continue
        above += 1
        quiet = (
            line.strip().lstrip(b'"').startswith((b"#", b"!", b";", b"//", b"sep=", b"[Adblock"))
        )
        empty = not line.strip(b' ,;\t|"\r')
        assert above <= reading.above or quiet or empty, (form.name, number, line)


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x1f\x8b", b"PK\x03\x04", b"\xff\xfe", b"pdq\n"]),
)
def test_no_bytes_make_a_reader_fail(data: bytes, start: bytes) -> None:
    with suppress(ValueError, Broken):
        read_list(start + data)
