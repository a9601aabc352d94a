"""The paths of the native kernels that this machine can take, for tests that walk each of them."""

import pytest

from tidegate.signals.native.library import PATHS, Library, open_library


def paths() -> list[object]:
    """A parameter for each path; one that cannot be taken here is skipped by its name."""
    library = open_library("")
    if library is None:
        no_library = pytest.mark.skip("the kernels were not built: no C++ compiler")
        return [pytest.param(name, marks=no_library) for name in PATHS]
    missing = pytest.mark.skip("this processor lacks the path")
    return [name if name in library.paths else pytest.param(name, marks=missing) for name in PATHS]


def taking(path: str) -> Library:
    library = open_library(path)
    assert library is not None
    assert library.path == path
    return library
