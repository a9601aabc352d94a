"""Where evaluations and decisions are kept, appended and never changed; and what stands by them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tidegate.infra.columns import Sealed, plain
from tidegate.infra.db import metadata

evaluations = sa.Table(
    "evaluations",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), nullable=False, index=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("stage", sa.Text, nullable=False),  # fast, deep, retro, report
    sa.Column("pack", sa.Text, nullable=False),
    sa.Column("bank_version", sa.BigInteger, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("rules", Sealed(JSONB()), nullable=False),
    sa.Column("matches", JSONB, nullable=False),
    sa.Column("problems", Sealed(JSONB()), nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
)

# Which items an entry matched.
sa.Index(
    "ix_evaluations_matches",
    evaluations.c.matches,
    postgresql_using="gin",
    postgresql_ops={"matches": "jsonb_path_ops"},
    postgresql_where=sa.text("matches != '[]'"),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    # Null: it is about no item, and its case says about what.
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), index=True),
    sa.Column("revision", sa.Integer),
    sa.Column("case_id", sa.Uuid, index=True),
    sa.Column("evaluation_id", sa.Uuid),
    sa.Column("outcome", sa.Text, nullable=False),  # restrict, pass, lift, escalate
    sa.Column("label", sa.Text),
    sa.Column("ground_kind", sa.Text),
    sa.Column("ground_reference", Sealed()),
    sa.Column("exemption", sa.Text),
    sa.Column("scope", sa.Text),
    sa.Column("territory", ARRAY(sa.Text)),
    sa.Column("until", sa.TIMESTAMP(timezone=True)),
    sa.Column("reason", Sealed(), nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),  # an actor: user:…, key:…, rule:pack/rule
    sa.Column("reverses", sa.Uuid),  # the decision that this one takes back
    # The restrictions that it ends, the strongest first.
    sa.Column("lifts", ARRAY(sa.Uuid), nullable=False, server_default="{}"),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    # held: it is promised and can be taken back until `leaves_at`; left: its effects began; undone: its
    # maker took it back; cancelled: the item was erased meanwhile.
    sa.Column("state", sa.Text, nullable=False, server_default="left"),
    sa.Column("leaves_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("entry", sa.Uuid),  # the bank entry that it judges
    sa.Column("entry_verdict", sa.Text),  # confirm, refute: what it says of that
    sa.Column("maker", sa.Text),  # of a held one: the identity that may undo it
    sa.Column("order_id", sa.Uuid),  # the legal order that it was made under
)
sa.Index("ix_decisions_held", decisions.c.leaves_at, postgresql_where=decisions.c.state == "held")
sa.Index(
    "ix_decisions_held_item", decisions.c.item_id, postgresql_where=decisions.c.state == "held"
)

# What is decided lately, by whom, and how.
sa.Index("ix_decisions_created_at", decisions.c.created_at, decisions.c.id)
sa.Index("ix_decisions_decided_by", decisions.c.decided_by, decisions.c.created_at, decisions.c.id)
sa.Index("ix_decisions_outcome", decisions.c.outcome, decisions.c.created_at, decisions.c.id)
sa.Index(
    "ix_decisions_label",
    decisions.c.label,
    decisions.c.created_at,
    decisions.c.id,
    postgresql_where=decisions.c.label.isnot(None),
)

restrictions = sa.Table(
    "restrictions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), nullable=False),
    sa.Column("decision_id", sa.Uuid, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),  # item, account
    sa.Column("territory", ARRAY(sa.Text)),  # sorted; null: everywhere
    sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("until", sa.TIMESTAMP(timezone=True)),
    sa.Column("source", sa.Text, nullable=False, info=plain("one of two words")),  # decision, order
    sa.Column("order_id", sa.Uuid),
    sa.Column("ended_at", sa.TIMESTAMP(timezone=True)),  # null: it stands
    sa.Column("ended_by", sa.Uuid),  # the decision that ended it
)
_standing = restrictions.c.ended_at.is_(None)
sa.Index("ix_restrictions_item_id", restrictions.c.item_id, postgresql_where=_standing)
sa.Index("ix_restrictions_until", restrictions.c.until, postgresql_where=_standing)

disclosures = sa.Table(
    "disclosures",  # what must not be told to the author, because an order says so
    metadata,
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), primary_key=True),
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("withheld_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("released_at", sa.TIMESTAMP(timezone=True)),  # null: it is withheld
)
sa.Index(
    "ix_disclosures_withheld",
    disclosures.c.item_id,
    postgresql_where=disclosures.c.released_at.is_(None),
)

shadow_hits = sa.Table(
    "shadow_hits",  # each time that a shadow rule fired in a look
    metadata,
    sa.Column("evaluation_id", sa.Uuid, primary_key=True),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("pack", sa.Text, nullable=False),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), nullable=False, index=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),  # what it would have said
    sa.Column("verdict", sa.Text, nullable=False),  # what the live rules said
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
)
sa.Index(
    "ix_shadow_hits_rule",
    shadow_hits.c.rule,
    shadow_hits.c.version,
    shadow_hits.c.created_at,
)

looks = sa.Table(
    # Another person's look at a decision: second eyes before it leaves, or a look at one that has left.
    "looks",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # second, after, double, gold
    # proposed, disputed; drawn, open, answered, disputed; and how it ended: agreed, adjudicated, wrong,
    # withdrawn, overtaken, cancelled.
    sa.Column("state", sa.Text, nullable=False),
    sa.Column(
        "case_id", sa.Uuid, nullable=False, index=True
    ),  # the case that was decided, or is to be
    # The case as which it is shown to another, like any; null: it is shown in the case itself.
    sa.Column("shown_as", sa.Uuid, index=True),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), nullable=False, index=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("gold_of", sa.Uuid, index=True),  # of gold: the look whose adjudication is the answer
    # What each of them concluded, in the order in which they did: a decision, who, when, and whether they
    # had opened what others had concluded.
    sa.Column("answers", Sealed(JSONB()), nullable=False),
    sa.Column(
        "choices", ARRAY(sa.Text), nullable=False
    ),  # the same as words of ours: "restrict/threat"
    sa.Column("people", ARRAY(sa.Text), nullable=False),  # who did, by their identities
    sa.Column("not_for", ARRAY(sa.Text), nullable=False),  # who has had a part in it already
    sa.Column(
        "opened_by", ARRAY(sa.Text), nullable=False, server_default="{}"
    ),  # who has it open, or had
    sa.Column(
        "told", ARRAY(sa.Text), nullable=False, server_default="{}"
    ),  # who has read how it ended
    sa.Column("label", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column(
        "decision_id", sa.Uuid, index=True
    ),  # the decision that it looks at, or that came of it
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("ended_at", sa.TIMESTAMP(timezone=True)),
)
_live = looks.c.ended_at.is_(None)
sa.Index("ix_looks_live", looks.c.kind, looks.c.created_at, postgresql_where=_live)
sa.Index(
    "uq_looks_second",
    looks.c.case_id,
    unique=True,
    postgresql_where=sa.and_(_live, looks.c.kind == "second"),
)
sa.Index("ix_looks_ended_at", looks.c.ended_at)
