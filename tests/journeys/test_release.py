"""A release as it is made and as strangers take it: signed, the same twice, and run by pip alone."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tests.serving import free_port

from tidegate.infra.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone, as a release is made of a commit alone; its tools are set up."""
    there = tmp_path_factory.mktemp("release") / "tidegate"
    cloned = subprocess.run(["git", "clone", "-q", ROOT, there], capture_output=True)
    if cloned.returncode:
        pytest.skip("this is no checkout")
    if (ROOT / "var/release").is_dir():  # saves a download
        shutil.copytree(ROOT / "var/release", there / "var/release", symlinks=True)
    if sh(there, "key", "release.key", check=False).returncode:
        pytest.skip("no package index offers the tools of a release")
    return there


def sh(there: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = ["sh", "scripts/release.sh", *words]
    done = subprocess.run(command, cwd=there, capture_output=True, text=True)
    assert not check or done.returncode == 0, done.stderr
    return done


def test_a_release_is_signed_and_the_same_twice(checkout: Path) -> None:
    target = made(checkout)
    sums = (target / "SHA256SUMS").read_bytes()
    public = load_pem_public_key((checkout / "release.pub").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    public.verify((target / "SHA256SUMS.sig").read_bytes(), sums)
    with pytest.raises(InvalidSignature):
        public.verify((target / "SHA256SUMS.sig").read_bytes(), sums.replace(b"0", b"1", 1))
    named = {line.split()[1]: line.split()[0] for line in sums.decode().splitlines()}
    assert {Path(name).suffix for name in named} == {".whl", ".gz", ".json"}
    for name, digest in named.items():
        assert hashlib.sha256((target / name).read_bytes()).hexdigest() == digest
    made(checkout)
    assert (target / "SHA256SUMS").read_bytes() == sums


def test_the_list_of_components_has_every_pin_and_every_vendored_file(checkout: Path) -> None:
    (file,) = made(checkout).glob("*.cdx.json")
    found = {one["name"]: one for one in json.loads(file.read_text())["components"]}
    lock = (ROOT / "requirements/runtime.lock").read_text()
    pinned = {line.partition("==")[0] for line in lock.splitlines() if "==" in line}
    record = ROOT / "src/tidegate/web/static/vendor/vendored.toml"
    vendored = {one["package"] for one in tomllib.loads(record.read_text())["file"]}
    assert pinned | vendored == set(found)
    assert all(one["version"] for one in found.values())


def test_nothing_is_released_of_a_changed_tree_or_without_a_key(checkout: Path) -> None:
    assert "make dist KEY=" in sh(checkout, "dist", check=False).stderr
    (checkout / "README.md").write_text("changed")
    try:
        refused = sh(checkout, "dist", "release.key", check=False)
        assert (refused.returncode, "README.md" in refused.stderr) == (2, True)
        again = sh(checkout, "key", "release.key", check=False)
        assert (again.returncode, "ever overwritten" in again.stderr) == (2, True)
    finally:
        subprocess.run(["git", "checkout", "-q", "README.md"], cwd=checkout, check=True)


def test_the_wheel_runs_with_pip_alone(checkout: Path, tmp_path: Path) -> None:
    (wheel,) = made(checkout).glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    pip = [tmp_path / "env/bin/python", "-m", "pip", "install", "-q", wheel]
    installed = subprocess.run(pip, cwd=tmp_path, capture_output=True, text=True)
    if installed.returncode:
        pytest.skip("no package index offers what the wheel needs")
    data_dir = tmp_path / "demo"
    command = [tmp_path / "env/bin/tidegate", "demo", "--headless", "--port", str(free_port())]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            [*command, "--data-dir", data_dir],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "checks of the above hold" in done.stdout
    finally:
        EmbeddedPostgres(data_dir).remove()


def made(checkout: Path) -> Path:
    sh(checkout, "dist", "release.key")
    (target,) = (one for one in (checkout / "dist").iterdir() if one.is_dir())
    return target
