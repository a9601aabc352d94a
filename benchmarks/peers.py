"""The environment of the peers: what a benchmark compares with is installed into `.venv-bench`, away
from what the program needs. Both sides then run in one process there.
"""

import fcntl
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = ROOT / ".venv-bench"
LOCK = ROOT / "requirements" / "bench.lock"  # pins them by hash


def environment(requirements: list[str]) -> Path:
    """Install what is not there yet; returns the interpreter. All of the lock is installed where it
    is there, else the requirements by name. Raises CalledProcessError if that cannot be done."""
    HERE.mkdir(exist_ok=True)
    folder = os.open(HERE, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # two benchmarks may start at once
        python = HERE / "bin" / "python"
        if not python.exists():
            venv.create(HERE, with_pip=True, symlinks=True)
        wanted = [LOCK.read_text()] if LOCK.exists() else requirements
        stamp = HERE / "installed"
        installed = stamp.read_text() if stamp.exists() else ""
        missing = [one for one in wanted if f"{one}\n" not in installed]
        if missing:
            print(f"installing {', '.join(requirements)} …", file=sys.stderr, flush=True)
            _install(python, ["--require-hashes", "-r", str(LOCK)] if LOCK.exists() else missing)
            stamp.write_text(installed + "".join(f"{one}\n" for one in missing))
        return python
    finally:
        os.close(folder)


def _install(python: Path, what: list[str]) -> None:
    """By uv, else by pip: uv does not read pip's settings, and may not reach the package index."""
    quick = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", str(python), *what]
    surroundings = {**os.environ, "UV_SYSTEM_CERTS": "1"}
    if subprocess.run(quick, stderr=subprocess.DEVNULL, env=surroundings).returncode:
        command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *what]
        subprocess.run(command, check=True)


def enter(module: str, requirements: list[str]) -> None:
    """Go on as `module` in that environment, with the program and its packages before the peers';
    returns at once when this process is there already."""
    if Path(sys.prefix) == HERE:
        return
    python = environment(requirements)
    paths = [str(ROOT / "src"), str(ROOT), sysconfig.get_path("purelib")]
    os.chdir(ROOT)
    os.execve(
        python,
        [str(python), "-m", module, *sys.argv[1:]],
        {**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
