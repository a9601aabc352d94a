"""What `tidegate doctor` says of the instance's key files: each that is lost, damaged or another one."""

from collections.abc import Iterator

from tidegate.infra.findings import Finding
from tidegate.infra.identity import is_mark_of, mark_at, unmade_keys
from tidegate.infra.postgres import PostgresError
from tidegate.infra.postgres.place import find_place
from tidegate.infra.postgres.server import Server
from tidegate.infra.secrets import SECRETS, InstanceSecrets
from tidegate.infra.settings import Settings
from tidegate.ledger.model import HEAD_FILE, key_id
from tidegate.ledger.sequencer import read_head

_NAME = "keys"
_BACK = (
    "Put the file back from the backup of the secrets (or name the right --data-dir): no other key can"
    " stand in for it."
)


def diagnose_keys(settings: Settings) -> Iterator[Finding]:
    """Compares the keys with what they were used for: the ledger's last head, and the database if that can
    be asked. Starts and changes nothing."""
    secrets = InstanceSecrets.open(settings.data_dir)
    head, mark = settings.data_dir / HEAD_FILE, _mark(settings)
    if not head.exists() and mark is None and not any(secrets.has(one.name) for one in SECRETS):
        yield Finding(_NAME, True, "none yet: they are made at the first start")
        return
    unmade = () if mark is None else unmade_keys(secrets, mark)
    broken = False
    for error in secrets.damage(unmade):
        broken = True
        what, _, mend = str(error).partition(". ")
        yield Finding(_NAME, False, what, mend)
    if not broken:
        yield _compared(settings, secrets, mark)


def _compared(settings: Settings, secrets: InstanceSecrets, mark: bytes | None) -> Finding:
    try:
        head = read_head(settings.data_dir / HEAD_FILE)
    except (OSError, ValueError):
        head = None  # `ledger verify` says so
    if head is not None and head.key != key_id(secrets.ledger_key.public_key()):
        path = secrets.directory / "ledger.key"
        return Finding(_NAME, False, f"{path} is another key than signed the ledger's head", _BACK)
    if mark is not None and not is_mark_of(secrets, mark):
        names = [f"{one.name}.key" for one in SECRETS if not (head and one.name == "ledger")]
        wrong = f"{', '.join(names[:-1])} or {names[-1]}"
        detail = f"{wrong} in {secrets.directory} is another key than the database was made with"
        return Finding(_NAME, False, detail, _BACK)
    seen = "they are the database's" if mark is not None else "the database was not asked"
    if missing := [f"{one.name}.key" for one in SECRETS if not secrets.has(one.name)]:
        seen += f"; {', '.join(missing)} came with this version, and the next start makes it"
        return Finding(_NAME, True, f"all of before are in {secrets.directory}; {seen}")
    return Finding(_NAME, True, f"all {len(SECRETS)} are in {secrets.directory}; {seen}")


def reachable(settings: Settings) -> str | None:
    """The URL of the instance's database; None where it cannot be asked now: another finding says why."""
    if settings.database_url:
        return settings.database_url
    try:
        place = find_place(settings.data_dir.absolute())
        if place is None or Server(place).running() is None:
            return None
        return place.url
    except (PostgresError, OSError):
        return None


def _mark(settings: Settings) -> bytes | None:
    """The database's; None where there is none yet, or it cannot be asked."""
    url = reachable(settings)
    return None if url is None else mark_at(url)
