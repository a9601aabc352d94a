"""Loads the compiled kernels, once a process, and says which of their paths this processor can take.

`signals.index` and `fingerprints.pdq` call them through `hamming` and `pdq` of this package. The
interpreter's lock is released during each call. TIDEGATE_NATIVE narrows the choice, for tests and
for finding faults: `off`, or the best path to take (`portable`, `avx2`).
"""

import ctypes
import os
from functools import cache
from typing import NamedTuple

from tidegate.infra.findings import Finding
from tidegate.signals.native import build

ABI = 2  # of kernels.h
PATHS = {"portable": 1, "avx2": 2}
"""Better ones last."""


class Library(NamedTuple):
    """The loaded library: its functions, the paths that may be taken, and the one that is."""

    functions: ctypes.CDLL
    paths: tuple[str, ...]
    path: str


@cache
def load() -> Library | None:
    """The library; None where it was not built or is switched off."""
    return open_library(os.environ.get("TIDEGATE_NATIVE", ""))


def open_library(wish: str) -> Library | None:
    """The library with the best path up to the wished one."""
    if wish == "off":
        return None
    try:
        functions = ctypes.CDLL(str(build.target()))
    except OSError:
        return None
    if functions.tidegate_abi() != ABI:
        return None
    _declare(functions)
    able: int = functions.tidegate_paths()
    paths = tuple(name for name, bit in PATHS.items() if able & bit)
    best = PATHS.get(wish, max(PATHS.values()))
    allowed = [name for name in paths if PATHS[name] <= best]
    return Library(functions, paths, allowed[-1])


def _declare(functions: ctypes.CDLL) -> None:
    pointer, long, word = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32
    functions.tidegate_search.argtypes = [word, pointer, pointer]
    functions.tidegate_search.restype = long
    functions.tidegate_build.argtypes = [pointer, long, pointer, pointer]
    functions.tidegate_build.restype = None
    functions.tidegate_minhash.argtypes = [word, *[pointer] * 3, long, *[pointer] * 2]
    functions.tidegate_minhash.restype = None
    functions.tidegate_pdq_scratch.argtypes = [long, long]
    functions.tidegate_pdq_scratch.restype = long
    functions.tidegate_pdq.argtypes = [word, pointer, long, long, long, *[pointer] * 4]
    functions.tidegate_pdq.restype = word


def available() -> bool:
    """Whether the kernels do the work, not numpy."""
    return load() is not None


def describe() -> str:
    """In a few words what does the work."""
    library = load()
    if library is None:
        return "numpy does the work"
    return f"compiled, taking the {library.path} path of {', '.join(library.paths)}"


def diagnose() -> Finding:
    """The line of `tidegate doctor`. Without the kernels all works, so it is nothing to fail on."""
    if available():
        return Finding("kernels", True, describe())
    return Finding(
        "kernels",
        True,
        f"{describe()}: the same answers, but pictures take some 10 times as long to fingerprint, and"
        " each look-up scans the whole bank: milliseconds from 100,000 codes on",
        "Install a C++ compiler (the package g++ or clang), then run `make setup`.",
    )
