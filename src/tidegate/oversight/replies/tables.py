"""Where it lies which cards were sent and came, what was contested in them, and what was replied."""

import sqlalchemy as sa

from tidegate.infra.columns import Sealed, plain
from tidegate.infra.db import metadata

_MOMENT = sa.TIMESTAMP(timezone=True)
_MESSAGE = plain("our id of a message")

scorecards = sa.Table(
    "scorecards",  # as they went or came: none is ever changed
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("direction", sa.Text, nullable=False),  # in, out
    sa.Column("organisation", sa.Text, nullable=False),  # whom it is about
    sa.Column("authority", sa.Text, nullable=False),  # whose card it is
    sa.Column("channel", sa.Text, nullable=False),  # order, referral
    sa.Column("since", _MOMENT, nullable=False),
    sa.Column("until", _MOMENT, nullable=False),  # before this
    sa.Column("body", Sealed(sa.LargeBinary()), nullable=False),  # the card and its rows, as JSON
    sa.Column("sha256", sa.Text, nullable=False),  # of that, in hex
    sa.Column("message_id", sa.Uuid, nullable=False, info=_MESSAGE),
    sa.Column("at", _MOMENT, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
)
sa.Index(
    "ix_scorecards_about",
    scorecards.c.direction,
    scorecards.c.organisation,
    scorecards.c["at"],
    scorecards.c.id,
)

scorecard_contests = sa.Table(
    "scorecard_contests",  # what a firm says is wrong of a row, and what two persons found
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("direction", sa.Text, nullable=False),  # in, out
    sa.Column("organisation", sa.Text, nullable=False),  # who contests
    sa.Column("authority", sa.Text, nullable=False),
    sa.Column("row_id", sa.Text, nullable=False, info=plain("an order or referral, and a number")),
    sa.Column("text", Sealed(), nullable=False),
    sa.Column("claimed", sa.Boolean, nullable=False),  # a person wrote it down; nobody signed it
    sa.Column("message_id", sa.Uuid, info=_MESSAGE),  # null: claimed
    sa.Column("at", _MOMENT, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # open, proposed, settled
    sa.Column("finding", sa.Text),  # upheld, rejected
    sa.Column("first_reasons", Sealed()),
    sa.Column("first_by", sa.Text),
    sa.Column("first_person", sa.Text),  # the identity, whom another must follow
    sa.Column("first_at", _MOMENT),
    sa.Column("second_reasons", Sealed()),
    sa.Column("second_by", sa.Text),
    sa.Column("second_at", _MOMENT),
)
sa.Index("ix_scorecard_contests_by", scorecard_contests.c.organisation, scorecard_contests.c["at"])

scorecard_replies = sa.Table(
    "scorecard_replies",  # what a firm says to the figures
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    # Null: it answers no card that was sent from here.
    sa.Column("scorecard_id", sa.Uuid, sa.ForeignKey("scorecards.id")),
    sa.Column("direction", sa.Text, nullable=False),  # in, out
    sa.Column("organisation", sa.Text, nullable=False),  # who replies
    sa.Column("authority", sa.Text, nullable=False),
    sa.Column("text", Sealed(), nullable=False),
    sa.Column("claimed", sa.Boolean, nullable=False),
    sa.Column("message_id", sa.Uuid, info=_MESSAGE),  # null: claimed
    sa.Column("at", _MOMENT, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
)
sa.Index("ix_scorecard_replies_by", scorecard_replies.c.organisation, scorecard_replies.c["at"])
