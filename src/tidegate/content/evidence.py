"""The evidence store: preserved bytes as files named by their SHA-256, outside the database.

A file is durable before any row names it; a file that no row names is swept after a while.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4


class EvidenceStore:
    """Files under `DIR/evidence/ab/cd…`, readable by the instance only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _path(self, sha256: bytes) -> Path:
        name = sha256.hex()
        return self.directory / name[:2] / name[2:]

    def put(self, data: bytes, sha256: bytes | None = None) -> bytes:
        """Keep `data` durably; returns its SHA-256, which who knows it may give. The same bytes are
        kept once."""
        sha256 = sha256 or hashlib.sha256(data).digest()
        path = self._path(sha256)
        try:
            os.utime(path)  # the sweep goes by age: a file that is named anew is young again
            return sha256
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, exist_ok=True)
        draft = path.parent / f".{uuid4().hex}"
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fdatasync(file.fileno())
            os.replace(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return sha256

    def get(self, sha256: bytes) -> bytes | None:
        """The bytes, or None when they are gone."""
        try:
            return self._path(sha256).read_bytes()
        except FileNotFoundError:
            return None

    def discard(self, sha256: bytes, untouched_since: float) -> bool:
        """Delete a file that no row names, unless somebody `put` the same bytes after
        `untouched_since` (seconds since the epoch): a row of theirs may be on its way."""
        path = self._path(sha256)
        draft = path.parent / f".{uuid4().hex}"
        try:
            os.replace(path, draft)  # whoever comes from here on writes the file anew
        except FileNotFoundError:
            return False
        if draft.stat().st_mtime > untouched_since:
            os.replace(draft, path)
            return False
        draft.unlink()
        return True

    def sweep(self, named: Callable[[list[bytes]], set[bytes]], older_than_seconds: float) -> int:
        """Delete files that no row names; `named` says which of some digests are. Returns how many."""
        swept = 0
        for batch in self._old_files(time.time() - older_than_seconds):
            keep = named([digest for digest, _ in batch if digest])
            for digest, path in batch:
                if digest not in keep:
                    path.unlink(missing_ok=True)
                    swept += 1
        return swept

    def _old_files(self, before: float) -> Iterator[list[tuple[bytes, Path]]]:
        """Old files by folder, as (digest, path); an abandoned draft has the digest b""."""
        for folder in sorted(self.directory.iterdir()):
            batch: list[tuple[bytes, Path]] = []
            for path in folder.iterdir():
                try:
                    if path.stat().st_mtime > before:
                        continue
                except FileNotFoundError:
                    continue
                draft = path.name.startswith(".")
                batch.append((b"" if draft else bytes.fromhex(folder.name + path.name), path))
            if batch:
                yield batch
