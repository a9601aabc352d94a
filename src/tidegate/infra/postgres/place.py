"""Where an instance's cluster lies, who runs it, and the small file in DIR that notes it.

An ordinary user's cluster lies in `DIR/postgres`. PostgreSQL refuses to run as root, and the user
that root runs it under can often reach neither DIR nor the programs, so root's clusters lie in
`/var/lib/tidegate/<id>`, and `DIR/postgres/instance.json` says so. Only directories that are made
here get a mode and an owner; those that exist keep theirs.
"""

import os
import pwd
import re
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

import msgspec

from tidegate.infra.postgres.configuration import DATABASE, OWNER, PORT, ROLE
from tidegate.infra.postgres.errors import PostgresError

SYSTEM_HOME = Path("/var/lib/tidegate")
ORIGIN = "origin"  # names DIR in a home below SYSTEM_HOME, as the note in DIR names the home

# A socket's path must fit into 107 bytes with "/.s.PGSQL.5432.lock" behind it, and PostgreSQL
# reads its setting as a comma-separated list.
_LONGEST_SOCKET_DIRECTORY = 80
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")

# Users that root may hand the cluster to, best first: one made for it, else the usual nobody.
_ACCOUNTS = ("tidegate", "nobody")
# Group ids that systemd sets apart for passing use. With a group of its own, the cluster's home
# is closed to everything else that runs as nobody.
_FIRST_GROUP, _GROUPS = 61184, 4336


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """The file in DIR. `directory` is where DIR was then, `home` None where that is DIR/postgres.

    `initialised` says that a cluster was made: if it is missing later, it was lost; `separated` that it
    has a role that owns the tables beside the one that serves, which it got a password for before.
    """

    id: str
    directory: str
    home: str | None
    socket: str
    password: str
    initialised: bool = False
    owner_password: str | None = None
    separated: bool = False


class Account(msgspec.Struct, frozen=True):
    """The unprivileged user and group that root runs PostgreSQL under."""

    name: str
    uid: int
    gid: int


class Place(msgspec.Struct, frozen=True):
    """All the paths of one instance's cluster; `account` is None for an ordinary user."""

    directory: Path
    home: Path
    note: Note
    account: Account | None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def socket(self) -> Path:
        """The directory of the socket, which only the cluster's user (and root) may enter."""
        return Path(self.note.socket)

    @property
    def socket_file(self) -> Path:
        return self.socket / f".s.PGSQL.{PORT}"

    @property
    def start_log(self) -> Path:
        return self.home / "start.log"

    @property
    def name(self) -> str:
        """The cluster's name, which PostgreSQL shows in the titles of its processes."""
        return f"tidegate-{self.note.id}"

    @property
    def uid(self) -> int:
        return os.geteuid() if self.account is None else self.account.uid

    @property
    def url(self) -> str:
        """The URL of the role that serves."""
        return self._url(ROLE, self.note.password)

    @property
    def owner_url(self) -> str:
        """That of the role that owns the tables; the same until there are two."""
        if not self.note.separated or self.note.owner_password is None:
            return self.url
        return self._url(OWNER, self.note.owner_password)

    def _url(self, role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@/{DATABASE}?host={quote(self.note.socket)}"


def lock_directory(data_dir: Path) -> Path:
    """`DIR/postgres`: the note and the locks, and an ordinary user's cluster."""
    return data_dir / "postgres"


def find_place(data_dir: Path) -> Place | None:
    """The place noted in `data_dir`, or None; nothing is written.

    Raises PostgresError where the note is somebody else's, damaged, or that of a copied DIR.
    """
    path = _note_path(data_dir)
    try:
        note = msgspec.json.decode(path.read_bytes(), type=Note)
        noted_by = path.stat().st_uid
    except (FileNotFoundError, NotADirectoryError):
        _refuse_data_without_note(data_dir)
        return None
    except PermissionError as error:
        raise PostgresError(
            f"{path} cannot be read by user id {os.geteuid()}: the instance belongs to somebody"
            " else.",
            "Run the command as the user who made it.",
        ) from error
    except msgspec.MsgspecError as error:
        raise PostgresError(
            f"{path} is damaged ({error}). It says where the database lies and how to log in.",
            "Restore it from a backup of the data directory.",
        ) from error
    if noted_by != os.geteuid():
        raise PostgresError(
            f"The database of {data_dir} belongs to user id {noted_by}, and this is user id"
            f" {os.geteuid()}.",
            f"Run the command as that user (`sudo -u '#{noted_by}' ...`).",
        )
    _refuse_copy(data_dir, note)
    home = lock_directory(data_dir) if note.home is None else Path(note.home)
    return Place(data_dir, home, note, _account(note, home))


def open_place(data_dir: Path) -> Place:
    """The place of `data_dir`, noted now if it wasn't. Call it under the instance's lock."""
    place = find_place(data_dir)
    if place is None:
        place = _new_place(data_dir)
    elif Path(place.note.directory) != data_dir:  # DIR was moved
        place = renote(place, directory=str(data_dir), socket=str(_socket_directory(place.home)))
    return place


def renote(place: Place, **changes: object) -> Place:
    """The place with a changed note, written durably. Call it under the instance's lock."""
    note = msgspec.structs.replace(place.note, **changes)
    path = _note_path(place.directory)
    write_private(path, msgspec.json.format(msgspec.json.encode(note)))
    return msgspec.structs.replace(place, note=note)


def make_directories(place: Place) -> Place:
    """Make what is missing: the home, the log's and the socket's directory.

    The socket's directory may have to move if somebody else took its path meanwhile.
    """
    make_directory(place.home, 0o710, place.account, owned_by_account=False)
    make_directory(place.home / "log", 0o700, place.account)
    if not make_directory(place.socket, 0o700, place.account):
        found = place.socket.lstat()
        if found.st_uid != place.uid or found.st_mode & 0o077 or place.socket.is_symlink():
            place = renote(place, socket=tempfile.mkdtemp(prefix="tidegate-"))
            if place.account is not None:
                os.chown(place.socket, place.account.uid, place.account.gid)
    return place


def make_system_home() -> None:
    """Make the home of root's clusters, or raise PostgresError if what exists is not fit for it."""
    if make_directory(SYSTEM_HOME, 0o755, None):
        return
    found = SYSTEM_HOME.stat()
    if found.st_uid != 0 or found.st_mode & 0o022 or not found.st_mode & 0o001:
        raise PostgresError(
            f"{SYSTEM_HOME} must belong to root, be writable by root alone and passable for all.",
            f"Look at what it is for, then `chown root {SYSTEM_HOME}; chmod 755 {SYSTEM_HOME}`.",
        )


def make_directory(
    path: Path, mode: int, account: Account | None, *, owned_by_account: bool = True
) -> bool:
    """Make a directory with exactly this mode and the account's group; False if it exists."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return False
    if account is not None:
        try:
            os.chown(path, account.uid if owned_by_account else -1, account.gid)
        except OSError as error:
            path.rmdir()
            raise PostgresError(
                f"{path} could not be given to user {account.name}, group {account.gid}: {error}."
                " This root cannot act for other users, as in some containers.",
                "Run as an ordinary user, or set TIDEGATE_DATABASE_URL.",
            ) from error
    path.chmod(mode)
    return True


def write_private(path: Path, content: bytes, gid: int | None = None) -> None:
    """Replace a file durably. Its owner may read and write it, group `gid` (if any) read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if gid is not None:
            os.fchown(descriptor, -1, gid)
            os.fchmod(descriptor, 0o640)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    draft.rename(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def abandoned_homes() -> list[tuple[Path, str]]:
    """Homes of root's clusters whose DIR is gone or has another database by now, and that DIR."""
    found: list[tuple[Path, str]] = []
    for origin in sorted(SYSTEM_HOME.glob(f"*/{ORIGIN}")):
        directory = Path(origin.read_text())
        try:
            note = msgspec.json.decode(_note_path(directory).read_bytes(), type=Note)
        except (OSError, msgspec.MsgspecError):
            note = None
        if note is None or note.id != origin.parent.name:
            found.append((origin.parent, str(directory)))
    return found


def _note_path(data_dir: Path) -> Path:
    return lock_directory(data_dir) / "instance.json"


def _new_place(data_dir: Path) -> Place:
    instance = secrets.token_hex(6)
    as_root = os.geteuid() == 0
    home = SYSTEM_HOME / instance if as_root else lock_directory(data_dir)
    note = Note(
        id=instance,
        directory=str(data_dir),
        home=str(home) if as_root else None,
        socket=str(_socket_directory(home)),
        password=secrets.token_urlsafe(32),
    )
    return renote(Place(data_dir, home, note, _account(note, home)))


def _socket_directory(home: Path) -> Path:
    """`run` in the home, or a fresh private directory where that path is too long or unusual."""
    path = str(home / "run")
    if len(path) <= _LONGEST_SOCKET_DIRECTORY and _PLAIN_PATH.fullmatch(path):
        return Path(path)
    return Path(tempfile.mkdtemp(prefix="tidegate-"))


def _account(note: Note, home: Path) -> Account | None:
    """Whom root runs the cluster under: the owner of an existing one, else the best there is."""
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise PostgresError(
                f"User id {os.geteuid()} has no entry in the passwd database, and PostgreSQL does"
                " not run without one.",
                "Add the user, or set TIDEGATE_DATABASE_URL.",
            ) from None
        return None
    gid = _FIRST_GROUP + int(note.id, 16) % _GROUPS
    try:
        owner = pwd.getpwuid((home / "data").stat().st_uid)
        return Account(owner.pw_name, owner.pw_uid, (home / "data").stat().st_gid)
    except (FileNotFoundError, KeyError):
        pass
    for name in _ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return Account(name, found.pw_uid, gid)
    raise PostgresError(
        "PostgreSQL does not run as root, and there is no unprivileged user to run it under.",
        f"Add a system user {_ACCOUNTS[0]}, run as an ordinary user, or set TIDEGATE_DATABASE_URL.",
    )


def _refuse_data_without_note(data_dir: Path) -> None:
    data = lock_directory(data_dir) / "data"
    if data.exists():
        raise PostgresError(
            f"{data} exists, but {_note_path(data_dir)}, which says how to log in to it, does not.",
            "Restore that file from a backup, or move the directory away to start with nothing.",
        )


def _refuse_copy(data_dir: Path, note: Note) -> None:
    """A copied DIR names the database of its original: two instances would share one."""
    original = Path(note.directory)
    if note.home is None or original == data_dir:
        return
    try:
        other = msgspec.json.decode(_note_path(original).read_bytes(), type=Note)
        is_copy = other.id == note.id and not original.samefile(data_dir)
    except (OSError, msgspec.MsgspecError):
        return
    if is_copy:
        raise PostgresError(
            f"{data_dir} is a copy of {original}, and the database of both would be {note.home}.",
            f"Use {original}; for a second instance start with an empty directory and load a dump.",
        )
