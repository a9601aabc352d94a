"""The spine: items, banks, policy, decisions, reports, cases, actions, ledger, access."""

from pathlib import Path

from alembic import op

revision = "0001_pre_spine"
down_revision = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
