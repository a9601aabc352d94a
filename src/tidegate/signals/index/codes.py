"""What `exact` asks of a collection of 256-bit codes; `layered` and `scan` answer."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Found(NamedTuple):
    """Hits in no order: which of the queries, the code's number, how far. Equal lengths."""

    query: NDArray[np.integer]
    number: NDArray[np.int64]
    distance: NDArray[np.int16]


class Frozen(Protocol):
    """The codes at one moment. A search may run beside changes, of which it sees any or none: whoever
    asks must know that there were none, or ask again."""

    def search(self, values: Sequence[bytes]) -> Found: ...


class Codes(Protocol):
    """Codes of one kind, each with its owner and its own radius. Calls are the caller's to order, all
    under one lock; only `Frozen.search` needs none."""

    def add(self, owner: str, value: bytes, radius: int) -> None: ...

    def remove(self, owner: str) -> None:
        """Take out all codes of an owner; it need not have any."""
        ...

    def freeze(self) -> Frozen: ...

    def owner(self, number: int) -> str:
        """Whose code has this number, which a search found and no change has touched since."""
        ...


def nearest_owners(codes: Codes, found: Found, queries: int) -> list[dict[str, int]]:
    """For each query the owners that were found, at their least distance."""
    nearest: list[dict[str, int]] = [{} for _ in range(queries)]
    for query, number, distance in zip(*(column.tolist() for column in found), strict=True):
        owner, best = codes.owner(number), nearest[query]
        best[owner] = min(distance, best.get(owner, distance))
    return nearest
