"""Makes a release: the wheel, the source archive, what is in them, and a signature over all.

`sh scripts/release.sh …` runs it with its own pinned tools; `make help` names the ways in.
"""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent
VENDORED = ROOT / "src/tidegate/web/static/vendor/vendored.toml"
SUMS = "SHA256SUMS"


class ReleaseError(Exception):
    """Says why there is no release, and what to do."""


def sbom(target: Path) -> None:
    """Write what an instance consists of as CycloneDX 1.6: every pinned package with its hashes, and
    the files of others that are served as they are."""
    made = subprocess.run(
        [
            TOOLS / "cyclonedx-py",
            "requirements",
            "--pyproject",
            "pyproject.toml",
            "--output-reproducible",
            "--short-PURLs",
            "--sv",
            "1.6",
            "requirements/runtime.lock",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise ReleaseError(f"cyclonedx-py: {made.stderr.strip()[-500:]}")
    found = json.loads(made.stdout)
    for one in found["components"]:
        one.pop("description", None)  # the lock's line, word for word
    for one in tomllib.loads(VENDORED.read_text())["file"]:
        found["components"].append(
            {
                "type": "library",
                "bom-ref": f"vendored-{one['package']}",
                "name": one["package"],
                "version": one["version"],
                "purl": f"pkg:npm/{one['package']}@{one['version']}",
                "hashes": [{"alg": "SHA-256", "content": one["sha256"]}],
                "licenses": [{"license": {"id": one["license"]}}],
            }
        )
    text = json.dumps(found, indent=2, sort_keys=True) + "\n"
    _check(text)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    print(f"{target}: {len(found['components'])} components")


def _check(text: str) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    if fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ReleaseError(f"The list of components is not valid CycloneDX: {fault}")


def build(target: Path, *kinds: str) -> None:
    """Build the wheel and the source archive, the same from the same commit."""
    stamp = _git("log", "-1", "--format=%ct")
    command = [sys.executable, "-m", "build", "--no-isolation", "-o", str(target), *kinds]
    made = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"SOURCE_DATE_EPOCH": stamp}, capture_output=True
    )
    if made.returncode:
        raise ReleaseError(f"The build failed: {made.stderr.decode().strip()[-1500:]}")


def key(target: Path) -> None:
    """Make a signing key; the public half, which whoever verifies needs, lies beside it."""
    public = target.with_suffix(".pub")
    if public == target:
        raise ReleaseError(
            f"{target} would be the name of the public half: give the key another, such as"
            f" {target.with_suffix('.key')}."
        )
    for one in (target, public):
        if os.path.lexists(one):
            raise ReleaseError(f"{one} exists: neither half of a key is ever overwritten.")
    secret = Ed25519PrivateKey.generate()
    _write_new(
        target, 0o600, secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    half = secret.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write_new(public, 0o644, half)
    print(f"{target} (keep it secret, and a copy off this machine) and {public} (publish it)")


def _write_new(target: Path, mode: int, content: bytes) -> None:
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
    except OSError as error:
        raise ReleaseError(f"{target} cannot be written: {error.strerror}.") from error


def dist(key_file: Path) -> None:
    """Make `dist/tidegate-VERSION/`: archives, components, their digests, and a signature over these."""
    try:
        secret = load_pem_private_key(key_file.read_bytes(), None)
    except (OSError, ValueError) as error:
        raise ReleaseError(f"{key_file} is no signing key: {error}") from error
    if not isinstance(secret, Ed25519PrivateKey):
        raise ReleaseError(f"{key_file} is no Ed25519 key.")
    if changed := _git("status", "--porcelain"):
        raise ReleaseError(f"A release is made of a commit alone; these differ:\n{changed}")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    target = ROOT / "dist" / f"tidegate-{version}"
    for old in target.glob("*"):
        old.unlink()
    build(target)
    sbom(target / f"tidegate-{version}.cdx.json")
    files = sorted(file for file in target.iterdir())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    sums = "".join(lines).encode()
    (target / SUMS).write_bytes(sums)
    (target / f"{SUMS}.sig").write_bytes(secret.sign(sums))
    print(f"{target}: {', '.join(file.name for file in files)}, {SUMS}, {SUMS}.sig")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise ReleaseError(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def main(words: list[str]) -> int:
    match words:
        case ["sbom"]:
            sbom(ROOT / "dist" / "tidegate.cdx.json")
        case ["wheel", target]:
            build(Path(target), "--wheel")
        case ["key", target]:
            key(Path(target))
        case ["dist", key_file]:
            dist(Path(key_file))
        case ["dist"]:
            raise ReleaseError(
                "Say with which key to sign: make dist KEY=release.key. `sh scripts/release.sh key"
                " release.key` makes one."
            )
        case _:
            raise ReleaseError(
                "Usage: release.sh sbom | wheel DIR | advisories FILE… | key FILE | dist KEY"
            )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ReleaseError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
