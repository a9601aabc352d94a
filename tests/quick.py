"""Which tests `make quick` passes: those that need no server, start no process and are soon done.

A test that asks for a server's fixture is none of them. The files that open something by themselves,
or take long, are listed here; a quick test that opens something all the same fails, and says so.
"""

import sys

import pytest

from tidegate.signals.native import library

EXAMPLES = 20  # of a property, where its test does not say how many
SERVERS = {"server_urls", "served", "database_url"}
LISTED = (
    # They start processes or servers.
    "tests/cli/test_backup.py",
    "tests/cli/test_loading.py",
    "tests/cli/test_match.py",
    "tests/cli/test_migrate_command.py",
    "tests/cli/test_old_server.py",
    "tests/cli/test_supervise.py",
    "tests/client/test_client_retries.py",
    "tests/content/media/test_media_",
    "tests/infra/test_body_memory.py",
    "tests/infra/test_egress.py",
    "tests/infra/test_postgres_",
    "tests/infra/test_procs.py",
    "tests/infra/test_room.py",
    "tests/journeys/",
    "tests/policy/test_pack_memory.py",
    "tests/signals/standalone/test_matcher.py",
    "tests/signals/test_native_build.py",
    "tests/test_deploy.py",
    "tests/test_setup.py",
    # They compare with slow references, for seconds.
    "tests/clocks/test_calculator.py",
    "tests/signals/test_index.py",
    "tests/signals/test_native_",
)
OPENING = {"subprocess.Popen", "os.fork", "os.posix_spawn", "socket.bind", "socket.connect"}


def is_quick(item: pytest.Item) -> bool:
    fixtures: list[str] = getattr(item, "fixturenames", [])
    if not SERVERS.isdisjoint(fixtures) or item.get_closest_marker("long") is not None:
        return False
    return not is_listed(item.nodeid)


def is_listed(path: str) -> bool:
    return path.startswith(LISTED)


def forbid_opening() -> None:
    """From now on a process that is started and a socket that is opened fail their test."""
    library.load()  # may be compiled only now
    sys.addaudithook(_forbid)


def _forbid(event: str, arguments: tuple[object, ...]) -> None:
    if event in OPENING and arguments[0] != "git":
        pytest.fail(f"{event} in a quick test: list its file in tests/quick.py")
