"""Whether a text holds any of some ASCII characters, in a fraction of the time of a pattern: a first look."""

from collections.abc import Iterable


class AnyOf:
    """Some ASCII characters."""

    def __init__(self, characters: Iterable[str]) -> None:
        wanted = set(map(ord, characters))
        self._others = bytes(code for code in range(256) if code not in wanted)

    def within(self, text: str) -> bytes:
        """Those of a text, in order; none where it has none."""
        return text.encode(errors="replace").translate(None, self._others)


class Follows:
    """One of some ASCII characters right after one of others."""

    def __init__(self, first: Iterable[str], second: Iterable[str]) -> None:
        table = bytearray(b" " * 256)
        for letter, characters in ((1, first), (2, second)):
            for one in characters:
                table[ord(one)] = letter
        self._table = bytes(table)

    def within(self, text: str) -> bool:
        return b"\x01\x02" in text.encode(errors="replace").translate(self._table)


def repeats_thrice(text: str) -> bool:
    """Whether a byte of a text stands three times in a row: by one great number beside itself."""
    data = text.encode(errors="replace")
    number = int.from_bytes(data, "little")
    differs = number ^ (number >> 8)
    return b"\0" in (differs | (differs >> 8)).to_bytes(len(data), "little")
