"""Loads the compiled kernels, once a process, and says which of their paths this processor can take.

`signals.index` and `fingerprints.pdq` call them through `hamming` and `pdq` of this package. The
interpreter's lock is released during each call. TIDEGATE_NATIVE narrows the choice, for tests and
for finding faults: `off`, the best path to take (`portable`, `avx2`, `avx512`), or `require`, which
makes it an error that the kernels cannot be had.
"""

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tidegate.infra.findings import Finding
from tidegate.signals.native import build

ABI = 7  # of kernels.h
PATHS = {"portable": 1, "avx2": 2, "avx512": 4}
"""Better ones last."""


class Library(NamedTuple):
    """The loaded library: its functions, the paths that may be taken, and the one that is. A path is
    `refused` that this processor has, but that did not say the same as the portable one.
    """

    functions: ctypes.CDLL
    paths: tuple[str, ...]
    path: str
    refused: tuple[str, ...] = ()


class KernelsMissing(Exception):
    """TIDEGATE_NATIVE requires the kernels, and they were not built or cannot be loaded."""


@cache
def load() -> Library | None:
    """The library; None where it was not built or is switched off. Raises KernelsMissing."""
    return open_library(os.environ.get("TIDEGATE_NATIVE", ""))


def open_library(wish: str, path: Path | None = None) -> Library | None:
    """The library, that at `path` where given, with the best path up to the wished one. Raises
    KernelsMissing.
    """
    if wish == "off":
        return None
    functions = _loaded(path or build.target())
    if functions is None:
        if wish == "require":
            raise KernelsMissing(
                f"{path or build.target()} cannot be loaded; `{build.COMMAND}` builds it"
            )
        return None
    able: int = functions.tidegate_paths()
    of_processor = [name for name, bit in PATHS.items() if able & bit]
    refused = tuple(name for name in of_processor if not functions.tidegate_check(PATHS[name]))
    paths = tuple(name for name in of_processor if name not in refused)
    best = PATHS.get(wish, max(PATHS.values()))
    allowed = [name for name in paths if PATHS[name] <= best]
    return Library(functions, paths, allowed[-1], refused)


def _loaded(path: Path) -> ctypes.CDLL | None:
    try:
        functions = ctypes.CDLL(str(path))
    except OSError:
        return None
    if functions.tidegate_abi() != ABI:
        return None
    _declare(functions)
    return functions


def _declare(functions: ctypes.CDLL) -> None:
    pointer, long, word = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32
    functions.tidegate_search.argtypes = [word, pointer, pointer]
    functions.tidegate_search.restype = long
    functions.tidegate_build_scratch.restype = long
    functions.tidegate_build.argtypes = [pointer, long, *[pointer] * 4]
    functions.tidegate_build.restype = None
    functions.tidegate_minhash.argtypes = [word, *[pointer] * 3, long, *[pointer] * 2]
    functions.tidegate_minhash.restype = None
    functions.tidegate_winnow.argtypes = [pointer, pointer, long, pointer, pointer]
    functions.tidegate_winnow.restype = None
    _declare_clusters(functions)
    functions.tidegate_pdq_scratch.argtypes = [long, long]
    functions.tidegate_pdq_scratch.restype = long
    functions.tidegate_pdq.argtypes = [word, pointer, long, long, long, word, *[pointer] * 5]
    functions.tidegate_pdq.restype = word
    functions.tidegate_pdq_bits.argtypes = [pointer, pointer]
    functions.tidegate_pdq_bits.restype = None


def _declare_clusters(functions: ctypes.CDLL) -> None:
    pointer, long, word, number = (
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_int32,
        ctypes.c_uint32,
    )
    for name, takes, gives in (
        ("sketch", [pointer, pointer, pointer, long, pointer, pointer], word),
        ("clusters_new", [pointer], pointer),
        ("clusters_free", [pointer], None),
        ("clusters_reserve", [pointer, long], word),
        ("clusters_near", [pointer, pointer, pointer, word], word),
        ("clusters_put", [pointer, pointer, number, word, ctypes.c_double, number], number),
        ("clusters_assign", [pointer, pointer, pointer, long, pointer, pointer], None),
        ("clusters_now", [pointer, pointer, long, pointer, pointer], None),
        ("clusters_merge", [pointer, number, number], None),
        ("clusters_unmerge", [pointer, number], None),
        ("clusters_forget", [pointer, pointer], word),
        ("clusters_moved", [pointer, pointer, long], long),
        ("clusters_bytes", [pointer], long),
    ):
        function = getattr(functions, f"tidegate_{name}")
        function.argtypes, function.restype = takes, gives


def available() -> bool:
    """Whether the kernels do the work, not numpy."""
    return load() is not None


def describe() -> str:
    """In a few words what does the work."""
    library = load()
    if library is None:
        return "numpy does the work"
    refused = f"; {', '.join(library.refused)} refused" if library.refused else ""
    return f"compiled, taking the {library.path} path of {', '.join(library.paths)}{refused}"


def diagnose() -> Finding:
    """The line of `tidegate doctor`. Without the kernels all works, so it is nothing to fail on."""
    library = load()
    if library is None:
        return Finding(
            "kernels",
            True,
            f"{describe()}: the same answers, but pictures take some 10 times as long to fingerprint,"
            " and each look-up scans the whole bank: milliseconds from 100,000 codes on",
            f"Install a C++ compiler (the package g++ or clang), then run `{build.COMMAND}` as a user who"
            " may write there, and start what runs again. In a checkout `make setup` does that, and borrows a"
            " compiler from the package index where there is none.",
        )
    if library.refused:
        return Finding(
            "kernels",
            True,
            describe(),
            "These paths gave wrong answers to a test, as a faulty processor or compiler would make"
            " them. Nothing takes them; build with another compiler to find out which it is.",
        )
    return Finding("kernels", True, describe())
