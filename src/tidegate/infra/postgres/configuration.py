"""PostgreSQL's configuration: durable, modest, silent about content, reachable by two roles only.

The files lie beside the cluster, not in it, and are written anew at every start. An operator's
own settings go into `local.conf` next to them; what keeps the server private is on the command
line, where no file overrides it.
"""

from pathlib import Path

OLDEST_MAJOR = 16  # of PostgreSQL, for a server of the operator's own
ROLE = "tidegate"  # serves
OWNER = "tidegate_owner"  # owns the tables, and migrates
DATABASE = "tidegate"
PORT = 5432  # only names the socket file: there is no TCP

# An error's text quotes values ("invalid input syntax ... 'x'"), so errors are not logged here at
# all: the client gets them and logs what may be logged. LOG, FATAL and PANIC remain.
_SETTINGS = """\
# Written by Tidegate at every start. Your own settings go into local.conf beside this file.

# What initdb found out about this machine; all that follows wins over it.
include '{made}'

# An acknowledgement means that the change is on disk.
fsync = on
synchronous_commit = on
full_page_writes = on

# Modest: a small machine, few connections, short transactions.
max_connections = 100
shared_buffers = 256MB
wal_buffers = 16MB
work_mem = 8MB
maintenance_work_mem = 64MB
jit = off
random_page_cost = 1.1
max_parallel_workers_per_gather = 0
autovacuum_naptime = 15s
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
min_wal_size = 128MB
checkpoint_timeout = 10min

# A client that died or hangs holds nothing for long.
client_connection_check_interval = 2s
idle_in_transaction_session_timeout = 5min

timezone = UTC
log_timezone = UTC

# The log says what the server does, never what people wrote.
logging_collector = on
log_filename = 'postgres-%u.log'
log_file_mode = 0600
log_rotation_age = 1d
log_truncate_on_rotation = on
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_statement = none
log_duration = off
log_min_duration_statement = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_autovacuum_min_duration = -1

include_if_exists = 'local.conf'
"""

_ACCESS = "".join(f"local all {role} scram-sha-256\n" for role in (ROLE, OWNER))


def configuration_files(data: Path) -> dict[str, str]:
    """Name and text of the files that a start writes, for the cluster in `data`."""
    made = str(data / "postgresql.conf").replace("'", "''")
    settings = _SETTINGS.format(made=made)
    return {"postgresql.conf": settings, "pg_hba.conf": _ACCESS, "pg_ident.conf": ""}


def server_options(home: Path, name: str, socket: Path) -> list[str]:
    """The command line's settings: where the files are, and what keeps the server private."""
    options = {
        "config_file": home / "postgresql.conf",
        "hba_file": home / "pg_hba.conf",
        "ident_file": home / "pg_ident.conf",
        "log_directory": home / "log",
        "cluster_name": name,
        "listen_addresses": "",
        "port": PORT,
        "unix_socket_directories": socket,
        "unix_socket_permissions": "0700",
    }
    return [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
