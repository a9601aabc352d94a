"""One process's hold on the embedded PostgreSQL of a data directory.

`serve`, its workers and the commands of the CLI share one server: the first to come starts it, the
last to leave stops it, whoever they are. Each holds a shared lock while it needs the server, so
the kernel counts them right even when one is killed; starting and stopping happen under a second,
exclusive lock that is never held while waiting for others.
"""

import os
import shutil
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from psycopg import pq

from tidegate.infra.postgres.binaries import Binaries, copy_binaries, find_binaries
from tidegate.infra.postgres.cluster import (
    make_cluster,
    refuse_other_version,
    separate_roles,
)
from tidegate.infra.postgres.errors import PostgresError
from tidegate.infra.postgres.locks import FileLock
from tidegate.infra.postgres.place import (
    SYSTEM_HOME,
    Place,
    find_place,
    lock_directory,
    make_directories,
    make_directory,
    make_system_home,
    open_place,
)
from tidegate.infra.postgres.server import Outcome, Postmaster, Server

# Starting includes making the cluster, stopping a last checkpoint: seconds, minutes on bad disks.
_LOCK_SECONDS = 120.0
_ATTEMPTS = 20


class EmbeddedPostgres:
    """Start or join the server of `data_dir`, keep it running, leave it. Safe between threads."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        locks = lock_directory(self.data_dir)
        self._lock = FileLock(locks / "lock")
        self._users = FileLock(locks / "users.lock")
        self._mutex = threading.Lock()
        self._holder = os.getpid()
        self._server: Server | None = None
        self._postmaster: Postmaster | None = None

    @property
    def url(self) -> str:
        """The libpq URL of the database; valid between `start` and `release`."""
        return self._place.url

    @property
    def owner_url(self) -> str:
        """The same with the role that owns the tables."""
        return self._place.owner_url

    @property
    def _place(self) -> Place:
        if self._server is None:
            raise RuntimeError("The embedded PostgreSQL was not started: call start() first.")
        return self._server.place

    def start(self) -> str:
        """Start the server, or join the one that runs; returns the URL once it answers.

        Raises PostgresError, and then holds nothing.
        """
        with self._mutex:
            if self._users.held and self._holder != os.getpid():
                self._users.forget()  # a forked copy holds nothing of its own yet
            if self._server is None or not self._users.held:
                try:
                    self._join()
                except BaseException:
                    self._leave()
                    raise
            return self.url

    def ensure_running(self) -> bool:
        """Start the server again if it was killed; True if it had gone. Cheap when all is well.

        Raises PostgresError if it cannot be started now; the hold remains, so call again.
        """
        with self._mutex:
            server, postmaster = self._server, self._postmaster
            if server is None or not self._users.held:
                raise RuntimeError("The embedded PostgreSQL is not held: call start() first.")
            server.reap()
            if (
                postmaster is not None
                and postmaster.alive()
                and server.place.socket_file.exists()
                and not server.stopping()
            ):
                return False
            self._join()
            return True

    def release(self) -> None:
        """Leave the server; the last one out stops it. Harmless when nothing is held."""
        with self._mutex:
            self._leave()

    def remove(self) -> None:
        """Leave, and delete the database with all that is in it. Raises if others use it."""
        with self._mutex:
            self._leave()
            if not self._lock.path.parent.exists():
                return
            with self._lock.exclusive(_LOCK_SECONDS, "The database was not removed"):
                place = find_place(self.data_dir)
                if place is None:
                    return
                if not self._users.acquire():
                    raise PostgresError(
                        f"The database of {self.data_dir} was not removed: another Tidegate process"
                        " uses it.",
                        "Stop that one first.",
                    )
                try:
                    Server(place).stop()
                    shutil.rmtree(place.socket, ignore_errors=True)
                    shutil.rmtree(place.home)
                    shutil.rmtree(lock_directory(self.data_dir), ignore_errors=True)
                finally:
                    self._users.release()

    def _join(self) -> None:
        """Hold the server and see to it that it answers: adopt, start, or fence and start."""
        self._holder = os.getpid()
        for _ in range(_ATTEMPTS):
            with self._exclusive():
                if not self._users.held:
                    self._users.acquire(shared=True)  # at once: exclusive only under our lock
                place = find_place(self.data_dir)
                if place is not None:
                    refuse_other_version(place)
                binaries = find_binaries()
                if os.geteuid() == 0:
                    make_system_home()
                place = open_place(self.data_dir)
                server = self._server = self._server or Server(place)
                server.place = place
                if server.stopping():
                    server.stop()  # not told by one of us: we would hold the lock
                adopted = postmaster = server.running()
                if postmaster is None:
                    binaries = _reachable_binaries(place, binaries)
                    server.place = make_cluster(make_directories(place), binaries)
                    if not server.place.note.separated:
                        with server.alone():
                            server.place = separate_roles(server.place, binaries)
                    postmaster = server.spawn(binaries)
            outcome = server.wait_ready(postmaster)
            if outcome is Outcome.READY:
                self._postmaster = postmaster
                return
            if outcome is Outcome.GONE and adopted is None and server.failed:
                raise PostgresError(
                    f"PostgreSQL did not start. It said: {server.last_words()}.",
                    "Mend that and try again; `tidegate doctor` looks at the set-up.",
                )
            if outcome is Outcome.SILENT:
                with self._exclusive():
                    if server.running() == postmaster and not server.stopping():
                        server.kill()
        raise PostgresError(
            f"The PostgreSQL of {self.data_dir} ended {_ATTEMPTS} times while being waited for.",
            "`tidegate doctor` says where its log is.",
        )

    @contextmanager
    def _exclusive(self) -> Generator[None]:
        """The instance's lock, in a directory that is made if it is missing."""
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_directory(lock_directory(self.data_dir), 0o700, None)
            with self._lock.exclusive(_LOCK_SECONDS, "The database could not be started"):
                yield
        except OSError as error:
            raise PostgresError(
                f"The database of {self.data_dir} could not be set up: {error}.",
                "Make that path usable for this user (or free the disk), or set"
                " TIDEGATE_DATABASE_URL.",
            ) from error

    def _leave(self) -> None:
        if not self._users.held:
            return
        if self._holder != os.getpid():  # a forked copy: the hold is the parent's
            self._users.forget()
            return
        server, self._server, self._postmaster = self._server, None, None
        try:
            with self._lock.exclusive(_LOCK_SECONDS, "The database was not stopped"):
                self._users.release()
                # Nobody joins while we hold the lock, so a free lock means: we were the last.
                if server is not None and self._users.acquire():
                    try:
                        server.stop()
                    finally:
                        self._users.release()
        finally:
            self._users.release()


def _reachable_binaries(place: Place, found: Binaries) -> Binaries:
    """The programs, where the cluster's user can run them."""
    if place.account is None:
        return found
    return copy_binaries(found, SYSTEM_HOME)


@contextmanager
def embedded(data_dir: Path) -> Generator[str]:
    """The URL of the embedded server of `data_dir`, held for the block."""
    server = EmbeddedPostgres(data_dir)
    url = server.start()
    try:
        yield url
    finally:
        server.release()


@contextmanager
def database_url(settings_database_url: str | None, data_dir: Path) -> Generator[str]:
    """The URL of the operator's own server if one is set, else that of the embedded one."""
    if settings_database_url:
        yield settings_database_url
        return
    with embedded(data_dir) as url:
        yield url


def environment_of(url: str) -> dict[str, str]:
    """What a URL says, as PostgreSQL's own programs take it from their environment: a command line is
    read by everybody on the machine, and a URL has the password in it."""
    return {
        option.envvar.decode(): option.val.decode()
        for option in pq.Conninfo.parse(url.encode())
        if option.val is not None and option.envvar is not None
    }
