"""The paths of the native kernels that this machine can take, for tests that walk each of them."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tidegate.signals.native import build
from tidegate.signals.native.library import PATHS, Library, open_library

EMULATED = "emulated avx512"
_HEADER = Path(__file__).parents[1] / "native" / "avx512_emulated.h"


def paths() -> list[object]:
    """A parameter for each path; one that cannot be taken here is skipped by its name."""
    library = open_library("")
    if library is None:
        no_library = pytest.mark.skip("the kernels were not built: no C++ compiler")
        return [pytest.param(name, marks=no_library) for name in PATHS]
    missing = pytest.mark.skip("this processor lacks the path")
    return [name if name in library.paths else pytest.param(name, marks=missing) for name in PATHS]


def search_paths() -> list[object]:
    """The same, with the AVX-512 source in emulated instructions where the processor has none."""
    library = open_library("")
    if library is None or "avx2" not in library.paths or not build.compilers():
        return paths()
    return [*library.paths, *([] if "avx512" in library.paths else [EMULATED])]


def taking(path: str) -> Library:
    library = _emulated() if path == EMULATED else open_library(path)
    assert library is not None
    assert library.path == path or path == EMULATED
    return library


@cache
def _emulated() -> Library:
    folder = Path(tempfile.mkdtemp(prefix="tidegate-emulated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    build.compile_library(build.compilers()[0], folder / "kernels.so", "-include", str(_HEADER))
    library = open_library("", folder / "kernels.so")
    assert library is not None
    assert library.functions.tidegate_check(PATHS["avx512"])
    return library._replace(path="avx512")
