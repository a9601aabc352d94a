"""The index and what it is compared with, all asked in the form that each takes and answers in.

Every engine counts on one thread. FAISS's binary `range_search` finds what is nearer than its radius,
hence one more; `threatexchange.PDQIndex` is what the Hasher-Matcher-Actioner looks up pictures with.
"""

import ctypes
import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import faiss  # pyright: ignore[reportMissingImports]
import numpy as np
from threatexchange.signal_type.pdq.pdq_index import (  # pyright: ignore[reportMissingImports]
    PDQIndex,
)

from benchmarks.codes import RADIUS, Codes
from tidegate.signals.index import CodeIndex, Folder
from tidegate.signals.index.layer import Codes as Columns
from tidegate.signals.index.layer import Run, Values, fill, shapes_of
from tidegate.signals.index.segment import new_segment
from tidegate.signals.model import Fingerprint
from tidegate.signals.native.library import load

Answer = frozenset[tuple[int, int]]  # (row, distance)

faiss.omp_set_num_threads(1)


class Engine(Protocol):
    """`prepare` takes queries once, in whatever form the engine wants them; `ask` and `ask_all` are
    what is timed; `answers` makes what they gave comparable, query by query."""

    name: str

    def prepare(self, queries: Codes) -> Sequence[Any]: ...
    def ask(self, query: Any) -> Any: ...
    def ask_all(self, queries: Sequence[Any]) -> Any: ...
    def answers(self, given: Any) -> list[Answer]: ...


class Built:
    """An engine, how long its building took, and the bytes that each code holds from then on."""

    def __init__(self, make: Callable[[Codes], Engine], codes: Codes) -> None:
        before = _held()
        began = time.perf_counter()
        self.engine = make(codes)
        self.seconds = time.perf_counter() - began
        on_disk = self.engine.file_bytes() if isinstance(self.engine, Tidegate) else 0
        self.bytes_per_code = (_held() - before + on_disk) / len(codes)


def _held() -> int:
    """Bytes of this process's own memory, mapped files left out."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no RssAnon")


class Tidegate:
    """The program's own index: a sealed, mapped file, as every process of an instance has it."""

    name = "tidegate"

    def __init__(self, codes: Codes, path: Path) -> None:
        write_sealed(codes, path)
        self.path = path
        self._index = open_sealed(path)

    def file_bytes(self) -> int:
        return sum(one.stat().st_size for one in self.path.iterdir())

    def prepare(self, queries: Codes) -> list[Fingerprint]:
        return [Fingerprint("pdq", code.tobytes()) for code in queries]

    def ask(self, query: Fingerprint) -> Any:
        return self._index.search([query])

    def ask_all(self, queries: Sequence[Fingerprint]) -> Any:
        return self._index.search(queries)

    def answers(self, given: Any) -> list[Answer]:
        return [frozenset((hit.owner, hit.distance) for hit in hits) for hits in given]


def write_sealed(codes: Codes, path: Path) -> None:
    """Seal codes into the folder of an index; each row is an owner of its own."""
    folder = Folder(path, "bench")
    none = np.empty(0, np.int64)
    columns = Columns(codes, np.arange(len(codes)), np.zeros(len(codes), np.uint16))
    run = Run({"pdq": [columns]}, Values(np.empty((0, 2), np.uint64), none), {}, none)
    name = folder.new_name(0)
    library = load()
    shapes = shapes_of(run, library)
    with new_segment(path / name, shapes, {"identity": folder.identity}) as arrays:
        fill(arrays, run, library)
    folder.publish(0, [name])


def open_sealed(path: Path) -> CodeIndex:
    """The index of a sealed folder, ready to be asked."""
    index = CodeIndex(Folder(path, "bench"))
    index.set_radius("pdq", 0, RADIUS)
    index.adopt()
    return index


class PDQ:
    """`threatexchange.PDQIndex`: FAISS's multi-hash index, and a dictionary and a list in Python."""

    name = "threatexchange.PDQIndex"

    def __init__(self, codes: Codes) -> None:
        rows = (code.tobytes().hex() for code in codes)
        self._index = PDQIndex((row, place) for place, row in enumerate(rows))

    def prepare(self, queries: Codes) -> list[str]:
        return [code.tobytes().hex() for code in queries]

    def ask(self, query: str) -> Any:
        return [self._index.query(query)]

    def ask_all(self, queries: Sequence[str]) -> Any:
        # It has no call for several; what its `query` calls does, and is quicker than one by one.
        found = self._index.index.search_with_distance_in_result(queries, RADIUS)
        return [found[query] for query in queries]

    def answers(self, given: Any) -> list[Answer]:
        return [
            frozenset(
                (one[0], int(one[2]))
                if isinstance(one, tuple)
                else (one.metadata, one.similarity_info.distance)
                for one in found
            )
            for found in given
        ]


class _Faiss:
    name: str
    _index: Any

    def prepare(self, queries: Codes) -> Any:
        return queries.view(np.uint8).reshape(-1, 1, 32)

    def ask(self, query: Any) -> Any:
        return self._index.range_search(query, RADIUS + 1)

    def ask_all(self, queries: Any) -> Any:
        return self._index.range_search(queries.reshape(-1, 32), RADIUS + 1)

    def answers(self, given: Any) -> list[Answer]:
        limits, distances, rows = given
        pairs = list(zip(rows.tolist(), map(int, distances.tolist()), strict=True))
        ends = zip(limits.tolist(), limits.tolist()[1:], strict=False)
        return [frozenset(pairs[first:last]) for first, last in ends]


class Flat(_Faiss):
    """FAISS `IndexBinaryFlat`: every row compared, in AVX2."""

    name = "faiss.IndexBinaryFlat"

    def __init__(self, codes: Codes) -> None:
        self._index = faiss.IndexBinaryFlat(256)
        self._index.add(codes.view(np.uint8))


class MultiHash(_Faiss):
    """FAISS `IndexBinaryMultiHash` with 16 tables of 16 bits: exact up to 31 with one flip each."""

    name = "faiss.IndexBinaryMultiHash"

    def __init__(self, codes: Codes) -> None:
        self._index = faiss.IndexBinaryMultiHash(256, 16, 16)
        self._index.nflip = 1
        self._index.add(codes.view(np.uint8))
