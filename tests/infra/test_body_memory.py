"""Bodies, lists and phrases take memory in proportion to their length, however they nest."""

import io
import json
from collections.abc import Callable

import pytest
from tests.api import item
from tests.infra.memory import grows_with_its_length

from tidegate.content.model import ItemIn
from tidegate.infra.errors import Refusal
from tidegate.infra.parsing import check_text, decode
from tidegate.signals.index.phrases import PhraseTable
from tidegate.signals.lists import FORMATS
from tidegate.signals.lists.format import Broken, read


def nested(n: int) -> str:
    """Objects in one another by long names, with many values at the bottom, and an escape."""
    depth, name = 200, "k" * (n // 1000)
    inner = "[" + "1," * (n // 4) + '"\\ud83d\\ude00"]'
    return f'{{"{name}": [0, ' * depth + inner + "]}" * depth


def take_item(context: str) -> None:
    body = json.dumps(item("a", context={})).replace('"context": {}', f'"context": {context}')
    decode(body.encode(), ItemIn)


def take_list(name: str) -> Callable[[str], None]:
    def take(text: str) -> None:
        data = text.encode()
        reading = FORMATS[name].open(data[:65536])
        try:
            for _ in read(reading, io.BytesIO(data)):
                pass
        except Broken:
            pass

    return take


def take_phrases(text: str) -> None:
    table = PhraseTable()
    for owner, phrase in enumerate(text.split("\n")):
        table.upsert(owner, phrase.encode())
    table.search_owners(text[:10_000])


PROVENANCE = '{"kind": "md5", "value": "' + "0" * 32 + '", "provenance": '
TAKEN: dict[str, tuple[Callable[[str], None], Callable[[int], str]]] = {
    "a context": (take_item, nested),
    "a list's provenance": (take_list("ndjson"), lambda n: f"{PROVENANCE}{nested(3 * n)}}}"),
    "a line without an end": (take_list("ndjson"), lambda n: "{" * n),
    "brackets": (take_list("tat"), lambda n: "[" + "[" * n),
    "an open object": (take_list("tat"), lambda n: '[{"a":' * n),
    "a line of hex digits": (take_list("digests"), lambda n: "a" * n),
    "a line without blanks": (take_list("addresses"), lambda n: "bad.example\n" + "a." * (n // 2)),
    "an open quote": (take_list("csv"), lambda n: 'text,note\n"' + "a\n" * (n // 2)),
    "many open quotes": (take_list("csv"), lambda n: "text,note\n" + '"a\n' * (n // 100)),
    "phrases of one key": (
        take_phrases,
        lambda n: "\n".join(
            "".join(two * (1 + (k >> b & 1)) for b, two in enumerate("abcdefghijklmnop"))
            for k in range(n // 24)
        ),
    ),
}


@pytest.mark.parametrize("what", TAKEN)
def test_memory_grows_with_the_length(what: str) -> None:
    take, make = TAKEN[what]
    grows_with_its_length(take, make, 200_000 if make is nested else 60_000)


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"a": [0, {"b/~": "\0"}]}, "/a/1/b~1~0"),
        ({"a": {"b": {"c\0": 1}}}, "/a/b"),
        (["", ["\ud800"]], "/1/0"),
        ("\0", ""),
    ],
)
def test_what_no_store_can_keep_is_told_with_its_place(value: object, pointer: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_text(value)
    assert refused.value.errors[0].pointer == pointer
