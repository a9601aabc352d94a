"""Compiles the kernels with the system's compiler: `python -m tidegate.signals.native.build`.

Set-up runs it. The result lies beside the sources under the digest of what it was made from, so that
`library` never loads a stale one, and comes into being by a rename. No Python headers, no C++
standard library, and the baseline of the architecture: it runs on other machines of its kind.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
COMPILERS = ("c++", "g++", "clang++")

_UNITS = ("cpu.cpp", "hamming.cpp", "minhash.cpp", "pdq.cpp")
_PARTS = ("kernels.h", "guard.h", "hamming_search.inc", "pdq_filter.inc")
_FLAGS = (
    *("-std=c++20", "-O3", "-fPIC", "-shared", "-fvisibility=hidden"),
    *("-fno-exceptions", "-fno-rtti", "-nodefaultlibs"),
    "-ffp-contract=off",  # PDQ's floats must round as written
    *(
        "-Wall",
        "-Wno-maybe-uninitialized",
        "-Wno-psabi",
    ),  # some compilers' own headers set them off
)


class BuildError(Exception):
    """The kernels could not be compiled; the text says why."""


def target() -> Path:
    """Where the library made from the present sources is, or would be."""
    digest = hashlib.sha256(" ".join((platform.machine(), *_FLAGS)).encode())
    for name in (*_UNITS, *_PARTS):
        digest.update((HERE / name).read_bytes())
    return HERE / f"_tidegate.{digest.hexdigest()[:16]}.so"


def compiler() -> str | None:
    """The path of the system's C++ compiler; None when it has none."""
    return next((path for name in COMPILERS if (path := shutil.which(name))), None)


def build() -> Path:
    """Compile unless that is done already. Raises BuildError with nothing changed."""
    path = target()
    if path.exists():
        return path
    with_what = compiler()
    if with_what is None:
        raise BuildError(f"no C++ compiler was found ({', '.join(COMPILERS)})")
    try:
        with tempfile.TemporaryDirectory(prefix=".build-", dir=HERE) as folder:
            made = Path(folder) / path.name
            units = [str(HERE / name) for name in _UNITS]
            done = subprocess.run(
                [with_what, *_FLAGS, *units, "-o", str(made), "-lc"],
                capture_output=True,
                text=True,
                timeout=300,
            )
            if done.returncode:
                raise BuildError(f"{with_what} failed:\n{done.stderr.strip()}")
            made.chmod(0o755)  # whoever decodes media must read it, under another uid
            made.replace(path)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{with_what} could not be used: {error}") from error
    for old in HERE.glob("_tidegate.*.so"):
        if old != path:
            old.unlink(missing_ok=True)
    return path


def main() -> None:
    """Build, and say what came of it. A machine without a compiler is no error."""
    try:
        build()
    except BuildError as error:
        print(f"The fast kernels were not built; numpy takes their place. {error}", file=sys.stderr)
        sys.exit(1 if os.environ.get("TIDEGATE_NATIVE") == "require" else 0)


if __name__ == "__main__":
    main()
