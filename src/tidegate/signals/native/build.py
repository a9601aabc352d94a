"""Compiles the kernels: `python -m tidegate.signals.native.build`. Set-up runs it.

With the system's compiler, or that of the `ziglang` wheel where it can be imported: set-up borrows
the wheel for systems that have none. The result lies beside the sources under the digest of what it
was made from, so that `library` never loads a stale one, and comes into being by a rename. No Python
headers, no C++ standard library, and the baseline of the architecture: it runs on other machines of
its kind. TIDEGATE_NATIVE=off builds nothing, and `require` makes a failure one of set-up.
"""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
COMMAND = f"{sys.executable} -m tidegate.signals.native.build"
COMPILERS = ("c++", "g++", "clang++")

_UNITS = (
    "clusters.cpp",
    "cpu.cpp",
    "hamming.cpp",
    "minhash.cpp",
    "pdq.cpp",
    "sketch.cpp",
    "winnow.cpp",
)
_PARTS = (
    "blake2b.inc",
    "kernels.h",
    "growing.inc",
    "guard.h",
    "hamming_avx2.inc",
    "hamming_avx512.inc",
    "hamming_search.inc",
    "pdq_filter.inc",
    "stories.inc",
)
_FLAGS = (
    *("-std=c++20", "-O3", "-fPIC", "-shared", "-fvisibility=hidden"),
    *("-fno-exceptions", "-fno-rtti", "-nodefaultlibs"),
    "-ffp-contract=off",  # PDQ's floats must round as written
    # Some compilers' own headers set off the second and third.
    *("-Wall", "-Wno-maybe-uninitialized", "-Wno-psabi"),
)
FAILED = 3
"""The exit status when the kernels were wanted and could not be built."""


class BuildError(Exception):
    """The kernels could not be compiled; the text says why."""


def target() -> Path:
    """Where the library made from the present sources is, or would be."""
    digest = hashlib.sha256(" ".join((platform.machine(), *_FLAGS)).encode())
    for name in (*_UNITS, *_PARTS):
        digest.update((HERE / name).read_bytes())
    return HERE / f"_tidegate.{digest.hexdigest()[:16]}.so"


def compilers() -> list[list[str]]:
    """The commands of the C++ compilers that there are, the system's first."""
    found = [[path] for name in COMPILERS if (path := shutil.which(name))]
    return [*found, zig()] if importlib.util.find_spec("ziglang") else found


def zig(machine: str = platform.machine(), python: str = sys.executable) -> list[str]:
    """The command of the ziglang wheel's compiler, for a kind of machine. It compiles for the
    processor it runs on unless told otherwise, and links what it brings: nothing of it is needed.
    """
    libc = "gnu" if platform.libc_ver()[0] == "glibc" else "musl"
    goal = ("-target", f"{machine}-linux-{libc}", "-mcpu=baseline")
    return [python, "-m", "ziglang", "c++", *goal, "-nostdlib++"]


def compile_library(compiler: list[str], made: Path, *more: str) -> None:
    """Compile the present sources into `made`, with more flags. Raises BuildError."""
    units = [str(HERE / name) for name in _UNITS]
    command = [*compiler, *_FLAGS, *more, *units, "-o", str(made), "-lc"]
    with tempfile.TemporaryDirectory(prefix="tidegate-zig-") as cache:
        caches = {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=300, env=os.environ | caches
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildError(f"{compiler[0]} could not be used: {error}") from error
    if done.returncode:
        raise BuildError(f"{' '.join(compiler)} failed:\n{done.stderr.strip()}")


def build() -> Path:
    """Compile, unless that is done already, with the first compiler that can. Raises BuildError with
    nothing changed.
    """
    path = target()
    if path.exists():
        return path
    problems: list[str] = []
    try:
        with tempfile.TemporaryDirectory(prefix=".build-", dir=HERE) as folder:
            made = Path(folder) / path.name
            for compiler in compilers():
                try:
                    compile_library(compiler, made)
                except BuildError as error:
                    problems.append(str(error))
                    continue
                made.chmod(0o755)  # whoever decodes media must read it, under another uid
                made.replace(path)
                break
            else:
                none = f"no C++ compiler was found ({', '.join(COMPILERS)})"
                raise BuildError("\n".join(problems) or none)
    except OSError as error:
        raise BuildError(f"{HERE} cannot be written to: {error}") from error
    for old in HERE.glob("_tidegate.*.so"):
        if old != path:
            old.unlink(missing_ok=True)
    return path


def main() -> None:
    """Build; where that fails, say why and exit with FAILED. Whoever called says what it means."""
    if os.environ.get("TIDEGATE_NATIVE") == "off":
        return
    try:
        build()
    except BuildError as error:
        print(f"The fast kernels were not built: {error}", file=sys.stderr)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
