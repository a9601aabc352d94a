"""The spine: items, banks, policy, decisions, reports, cases, actions, ledger, access."""

from pathlib import Path

from alembic import op

from tidegate.infra.migrations import name_of

revision = name_of(Path(__file__))
down_revision = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
