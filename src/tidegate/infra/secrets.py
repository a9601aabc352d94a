"""The instance's own keys: made at the first start, kept in DIR/secrets, readable by the owner only.

They never leave these files: not into the environment, the database or a log. One that is missing is
made once, with the instance (`identity.claim_database` says when); from then on it was lost, and no
other can stand in for it.
"""

import os
import stat
from collections.abc import Container, Iterator
from functools import cached_property
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.infra.settings import SettingsError

_BYTES = 32


class Secret(msgspec.Struct, frozen=True):
    """A key, and in words what goes with it when it is lost."""

    name: str
    lost: str


# In the order in which they are made. A new one comes last.
SECRETS = (
    Secret("author", "the authors and reporters of before cannot be told from others any more"),
    Secret(
        "ledger", "nobody can go on with the ledger: what it holds stays as it is, to be verified"
    ),
    Secret("terms", "what was sent before is not known when it comes again"),
    Secret("sources", "who told us, where they gave their names, can never be read again"),
    Secret("organisation", "nobody can sign for this organisation as it is known to others"),
)


class InstanceSecrets:
    """Keys of one instance. `author_key` makes pseudonyms, `ledger_key` signs the ledger's head,
    `terms_key` makes the digests by which content is compared in the database, `sources_key` encrypts who
    the source of a report is, `organisation_key` signs what is sent to other organisations. Each raises
    SettingsError when its file is missing or damaged."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def open(cls, data_dir: Path) -> "InstanceSecrets":
        """The secrets of `data_dir`; nothing is made."""
        return cls(data_dir / "secrets")

    @cached_property
    def author_key(self) -> bytes:
        return self._key("author")

    @cached_property
    def ledger_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._key("ledger"))

    @cached_property
    def organisation_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._key("organisation"))

    @cached_property
    def terms_key(self) -> bytes:
        return self._key("terms")

    @cached_property
    def sources_key(self) -> bytes:
        return self._key("sources")

    def further(self, name: str) -> bytes:
        """A key beside the first ones, such as `organisation-2`. Raises SettingsError as those do."""
        return self._key(name)

    def has(self, name: str) -> bool:
        """Whether the file of a key is there."""
        return self._path(name).exists()

    def make(self, trace: Path) -> None:
        """Make the keys of a new instance; cut short, it is done again. Raises SettingsError where one
        was lost instead: `trace` is there, a file that only a used instance has, or a key that is made
        after it."""
        used = trace.exists()
        # The last first: another process may be making them.
        missing = [one for one in reversed(SECRETS) if not self.has(one.name)]
        if missing and (used or missing != [*reversed(SECRETS)][: len(missing)]):
            raise self._lost(missing[-1].name, "is missing")
        for one in reversed(missing):
            self.make_one(one.name)

    def make_one(self, name: str) -> None:
        """Make a key. A link from a finished file lets one of two makers win."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.directory / f".{name}.{os.getpid()}"
        draft.unlink(missing_ok=True)  # of one that was killed
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, self._path(name))
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)

    def _key(self, name: str) -> bytes:
        path = self._path(name)
        try:
            key = _read(path)
        except FileNotFoundError:
            raise self._lost(name, "is missing") from None
        except OSError as error:
            raise SettingsError(
                f"{path} cannot be read: {error.strerror}. Run as the user who owns it."
            ) from error
        if key is None:
            raise self._lost(name, "is no regular file")
        if len(key) > _BYTES:
            raise self._lost(name, f"is damaged: it has more than {_BYTES} bytes")
        if len(key) < _BYTES:
            raise self._lost(name, f"is damaged: it has {len(key)} bytes instead of {_BYTES}")
        return key

    def damage(self, unmade: Container[str] = ()) -> Iterator[SettingsError]:
        """What is wrong with each file that cannot be used, and what to do; those that are `unmade` yet may
        be missing."""
        for one in SECRETS:
            if one.name in unmade and not self.has(one.name):
                continue
            try:
                self._key(one.name)
            except SettingsError as error:
                yield error

    def _path(self, name: str) -> Path:
        return self.directory / f"{name}.key"

    def _lost(self, name: str, how: str) -> SettingsError:
        (secret,) = (one for one in SECRETS if one.name == name.partition("-")[0])
        return SettingsError(
            f"{self._path(name)} {how}, and this instance has been used with it. Nothing was changed, and"
            " no other key can stand in for it. Put it back from the backup of the secrets (or name the"
            f" right --data-dir). Without one, {secret.lost}: start a new instance with an empty data"
            " directory and database; `tidegate bank export` still writes the banks of this one."
        )


def _read(path: Path) -> bytes | None:
    """The beginning of a file, one byte more than a key has; None for what is no regular file, whose
    reading might never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(_BYTES + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
