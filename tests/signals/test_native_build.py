"""Compiling the kernels: once, atomically, and with a clear word where it cannot be done."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.signals.native import build, library

needs_compiler = pytest.mark.skipif(not build.compilers(), reason="no C++ compiler")


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sources, to be built beside."""
    for source in (*build.HERE.glob("*.cpp"), *build.HERE.glob("*.inc"), *build.HERE.glob("*.h")):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    monkeypatch.setattr(build, "HERE", tmp_path)
    return tmp_path


@needs_compiler
def test_a_change_of_the_sources_makes_another_library(sources: Path) -> None:
    # A smaller kernel compiles faster.
    monkey = '#include "kernels.h"\nEXPORT i32 tidegate_abi() { return TIDEGATE_ABI; }\n'
    for name in ("hamming.cpp", "pdq.cpp", "minhash.cpp"):
        (sources / name).write_text("")
    (sources / "cpu.cpp").write_text(monkey)
    first = build.build()
    assert build.build() == first
    assert ctypes.CDLL(str(first)).tidegate_abi() == library.ABI
    (sources / "pdq.cpp").write_text("// changed\n")
    second = build.build()
    assert second != first
    assert list(sources.glob("_tidegate.*.so")) == [second], "what is stale goes"


@needs_compiler
def test_sources_that_do_not_compile_leave_nothing(sources: Path) -> None:
    for name in ("hamming.cpp", "pdq.cpp", "minhash.cpp"):
        (sources / name).write_text("")
    (sources / "cpu.cpp").write_text("not C++")
    with pytest.raises(build.BuildError, match="failed"):
        build.build()
    assert not [path for path in sources.iterdir() if path.name.startswith((".", "_"))]


def test_without_a_compiler_it_says_so(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(sources))
    monkeypatch.setattr(build, "compilers", lambda: [])
    with pytest.raises(build.BuildError, match=r"no C\+\+ compiler"):
        build.build()
    assert library.open_library("") is None
    with pytest.raises(library.KernelsMissing):
        library.open_library("require")


@needs_compiler
def test_a_compiler_that_fails_gives_way_to_the_next(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("hamming.cpp", "pdq.cpp", "minhash.cpp"):
        (sources / name).write_text("")
    works = build.compilers()[0]
    monkeypatch.setattr(build, "compilers", lambda: [["false"], ["no-such-program"], works])
    assert build.build().exists()


def test_switched_off_numpy_answers_the_same() -> None:
    program = (
        "import numpy as np\n"
        "from tidegate.signals.fingerprints.pdq import pdq\n"
        "from tidegate.signals.native import library\n"
        "rgb = np.random.default_rng(5).integers(0, 256, (90, 110, 3), np.uint8)\n"
        "print(pdq(rgb)[0].hex(), pdq(rgb)[1], library.available())\n"
        "print(library.diagnose().mend)\n"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "TIDEGATE_NATIVE": wish},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for wish in ("off", "portable")
    ]
    assert outputs[0][:2] == outputs[1][:2]
    assert outputs[0][2] == "False"
    assert outputs[1][2] == str(build.target().exists())
    assert "compiler" in outputs[0]
    # The way out works where the wheel was installed too, which has no `make`.
    assert f"`{sys.executable} -m tidegate.signals.native.build`" in " ".join(outputs[0])
