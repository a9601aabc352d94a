"""The instance's own keys: made at the first start, kept in DIR/secrets, readable by the owner only.

They never leave these files: not into the environment, the database or a log.
"""

import os
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class InstanceSecrets:
    """Keys of one instance. `author_key` makes pseudonyms, `ledger_key` signs the ledger's head,
    `terms_key` makes the digests by which content is compared in the database."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def open(cls, data_dir: Path) -> "InstanceSecrets":
        """The secrets of `data_dir`, which is made if it does not exist."""
        directory = data_dir / "secrets"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(directory)

    @cached_property
    def author_key(self) -> bytes:
        return self._key("author")

    @cached_property
    def ledger_key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._key("ledger"))

    @cached_property
    def terms_key(self) -> bytes:
        return self._key("terms")

    def _key(self, name: str) -> bytes:
        """Read the key, or make it. A link from a finished file lets one of two makers win."""
        path = self.directory / f"{name}.key"
        if not path.exists():
            draft = self.directory / f".{name}.{os.getpid()}"
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.urandom(32))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                os.unlink(draft)
        return path.read_bytes()
