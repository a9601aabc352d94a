"""Where cases and their history are kept. One waiting case a subject is an index, not a hope.

A person is known here by the identity that their transactions act under. What says who looked at what is
kept as briefly as its use needs: readers for moments, skips for a day, drafts for a week.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tidegate.infra.columns import Keyed, Sealed, plain
from tidegate.infra.db import metadata

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("subject_kind", sa.Text, nullable=False),  # item, entry, cluster, look
    sa.Column("subject_id", sa.Uuid, nullable=False, index=True),
    # Whose it is: its item's, or that of the bank of its entry; null: everybody's.
    sa.Column("platform", sa.Text),
    # Null: the subject has none.
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), index=True),
    sa.Column("revision", sa.Integer),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("routed_from", sa.Text),  # where it is without a rule or incident; null: there
    sa.Column("state", sa.Text, nullable=False),  # open, claimed, decided, reopened
    sa.Column("origin", sa.Text, nullable=False),  # one of `review.model.Origin`
    sa.Column("match", JSONB),  # the match that opened it
    sa.Column("version", sa.Integer, nullable=False),  # moves with whatever a decider sees
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimant", sa.Text),  # the identity that goes by this name
    sa.Column("claimed_until", sa.TIMESTAMP(timezone=True)),
    # Of a live claim: "pages" where a person made it there, which counts for what they may hold at once.
    sa.Column("claimed_on", sa.Text),
    sa.Column("decision_id", sa.Uuid),
    sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("reopened_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("decided_at", sa.TIMESTAMP(timezone=True)),
    # Its rank, and what the queue shows and is filtered by: made anew with what it depends on. Null:
    # to be made.
    sa.Column("ranked_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("base_band", sa.SmallInteger, nullable=False, server_default="4"),
    # As waiting has lifted it; 0 first.
    sa.Column("band", sa.SmallInteger, nullable=False, server_default="4"),
    sa.Column("ages_at", sa.TIMESTAMP(timezone=True)),  # when waiting lifts it next; null: never
    # Since when it waits: opened or reopened. Null as long as it is not ranked.
    sa.Column("waits_since", sa.TIMESTAMP(timezone=True)),
    # The same, earlier by what its score's points but age are worth in waiting: its place in its band.
    sa.Column("place_at", sa.TIMESTAMP(timezone=True)),
    # What its score is made of (`triage.score.Kept`), and by what: "" is to be made.
    sa.Column("scoring", JSONB(none_as_null=True)),
    sa.Column("scored_by", sa.Text, nullable=False, server_default=""),
    # [{"code", "value"}], the most telling first: no words of anybody's.
    sa.Column("because", JSONB, nullable=False, server_default="[]"),
    sa.Column("language", sa.Text),
    sa.Column("label", sa.Text),
    sa.Column("bank", sa.Text),
    sa.Column("channels", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("images", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("videos", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("others", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("severity", sa.SmallInteger, nullable=False, server_default="3"),  # 1 to 5
    sa.Column("same", sa.Uuid),  # of the same content; null: there is no other
    sa.Column("skips", sa.SmallInteger, nullable=False, server_default="0"),
)
_waiting = cases.c.state != "decided"
sa.Index(
    "uq_cases_subject",
    cases.c.subject_kind,
    cases.c.subject_id,
    unique=True,
    postgresql_where=_waiting,
)
sa.Index(
    "ix_cases_platform",
    cases.c.platform,
    cases.c.opened_at,
    cases.c.id,
    postgresql_where=_waiting,
)
sa.Index("ix_cases_waiting", cases.c.opened_at, cases.c.id, postgresql_where=_waiting)
sa.Index(
    "ix_cases_queue",
    cases.c.queue,
    cases.c.opened_at,
    cases.c.id,
    postgresql_where=_waiting,
    postgresql_include=["state"],  # counting by queue and state needs the index alone
)
# The order of the queue, with all that it is filtered by: what is asked of a hundred thousand waiting
# cases is answered by this index alone.
sa.Index(
    "ix_cases_place",
    cases.c.band,
    cases.c.place_at,
    cases.c.id,
    postgresql_where=_waiting,
    postgresql_include=[
        "platform",
        "queue",
        "state",
        "language",
        "label",
        "bank",
        "channels",
        "images",
        "videos",
        "others",
        "severity",
        "claimant",
        "claimed_until",
        "same",
        "waits_since",
    ],
)
sa.Index(
    "ix_cases_same_place",
    cases.c.same,
    cases.c.band,
    cases.c.place_at,
    cases.c.id,
    postgresql_where=sa.and_(_waiting, cases.c.same.isnot(None)),
)
sa.Index(
    "ix_cases_ages_at",
    cases.c.ages_at,
    postgresql_where=sa.and_(_waiting, cases.c.ages_at.isnot(None)),
)
sa.Index(
    "ix_cases_scored_by",
    cases.c.scored_by,
    postgresql_where=_waiting,
)
sa.Index(
    "ix_cases_unranked", cases.c.id, postgresql_where=sa.and_(_waiting, cases.c.ranked_at.is_(None))
)
sa.Index(
    "ix_cases_first_matches_place",
    cases.c.band,
    cases.c.place_at,
    cases.c.id,
    postgresql_where=sa.and_(_waiting, sa.text("(match ->> 'confirmed') = 'false'")),
)
sa.Index(
    "ix_cases_of_entries_place",
    cases.c.band,
    cases.c.place_at,
    cases.c.id,
    postgresql_where=sa.and_(_waiting, cases.c.subject_kind == "entry"),
)
sa.Index(  # how an entry has fared: what was decided where it matched
    "ix_cases_match_entry",
    cases.c.match["entry"].astext,
    cases.c.decided_at,
    postgresql_where=cases.c.decision_id.isnot(None),
)
sa.Index("ix_cases_opened_at", cases.c.opened_at, cases.c.id)
sa.Index("ix_cases_state", cases.c.state, cases.c.opened_at, cases.c.id)
sa.Index(  # what was decided last, and how many were of late
    "ix_cases_decided_at",
    cases.c.decided_at,
    cases.c.id,
    postgresql_where=cases.c.state == "decided",
)

case_events = sa.Table(
    "case_events",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # opened, reported, claimed, released, decided, …
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("detail", Sealed(JSONB()), nullable=False, server_default="{}"),
)
sa.Index(
    "ix_cases_claimed_until", cases.c.claimed_until, postgresql_where=cases.c.state == "claimed"
)

case_keys = sa.Table(
    "case_keys",  # what content is the same by: a file, a text, an entry that it matched
    metadata,
    sa.Column("key", Keyed("same"), primary_key=True),
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), primary_key=True, index=True),
)

case_members = sa.Table(
    "case_members",  # what waits in a case beside its own item
    metadata,
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), primary_key=True),
    sa.Column("joined", sa.Integer, nullable=False),  # the case's version since it does
    sa.Column("joined_at", sa.TIMESTAMP(timezone=True), nullable=False),
    # Of what was decided together with the case: the decision on the case, and what it got of its own.
    sa.Column("decided_with", sa.Uuid, index=True),
    sa.Column("own_case", sa.Uuid),
    sa.Column("decision_id", sa.Uuid),
)
sa.Index(
    "uq_case_members_item_id",  # it waits in one case at a time
    case_members.c.item_id,
    unique=True,
    postgresql_where=case_members.c.decided_with.is_(None),
)

cluster_cases = sa.Table(
    "cluster_cases",  # the case that waits about a cluster, or that did last
    metadata,
    sa.Column("cluster", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), nullable=False, index=True),
)

case_skips = sa.Table(
    # So that it is not offered again to somebody who could not, and that three who could not are three
    # people; swept when it is with a senior, or decided.
    "case_skips",
    metadata,
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("until", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)

case_readers = sa.Table(
    "case_readers",  # who has it on the screen now; swept when they are seen no more
    metadata,
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("since", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("seen_at", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), primary_key=True, index=True),
    sa.Column("fields", Sealed(JSONB()), nullable=False),
    sa.Column("saved_at", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)

case_notes = sa.Table(
    "case_notes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("text", Sealed(), nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
)

mentions = sa.Table(
    "mentions",  # whom a note asks to look; gone when they have looked
    metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("note_id", sa.Uuid, sa.ForeignKey("case_notes.id"), primary_key=True, index=True),
)

saved_filters = sa.Table(
    "saved_filters",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person", sa.Text),  # whose it is; null: everybody's, or that of some platforms
    sa.Column("platforms", ARRAY(sa.Text)),  # of one that is shared; null: of all
    sa.Column("name", sa.Text, nullable=False, info=plain("what a person calls a filter")),
    sa.Column("query", sa.Text, nullable=False),  # as in the address
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
)
sa.Index(
    "uq_saved_filters",
    saved_filters.c.person,
    saved_filters.c.platforms,
    saved_filters.c.name,
    unique=True,
    postgresql_nulls_not_distinct=True,
)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # threat_to_life, escalation
    # The highest of the reports that it names; null: nobody took their words for anything.
    sa.Column("level", sa.Text),
    sa.Column("platform", sa.Text),
    sa.Column("item_id", sa.Uuid, sa.ForeignKey("items.id"), index=True),
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), index=True),
    sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("rang_at", sa.TIMESTAMP(timezone=True)),  # last; null: when it was opened
    sa.Column("rings", sa.Integer, nullable=False, server_default="1"),
    sa.Column("reports", sa.Integer, nullable=False, server_default="0"),  # how many it names
    # Since when nobody has it: rings meanwhile do not move this. Null: since it was opened.
    sa.Column("unheard_since", sa.TIMESTAMP(timezone=True)),
    # How often it was told since that nobody has it, and when last.
    sa.Column("reminders", sa.Integer, nullable=False, server_default="0"),
    sa.Column("reminded_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("acknowledged_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("closed_at", sa.TIMESTAMP(timezone=True)),
    sa.Column("closed_by", sa.Text),
    sa.Column("outcome", sa.Text),  # handled, referred, false_alarm
    sa.Column("reason", Sealed()),
    sa.Column("referred_to", Sealed()),
    # When it last changed, in the numbers of `case_events`, which it draws its own from: who follows
    # both has one order.
    sa.Column("step", sa.BigInteger, nullable=False, index=True),
)
sa.Index("ix_alerts_open", alerts.c.opened_at, postgresql_where=alerts.c.acknowledged_at.is_(None))
sa.Index("ix_alerts_closed", alerts.c.id, postgresql_where=alerts.c.closed_at.isnot(None))
sa.Index(  # one that stands is enough for what it is about
    "uq_alerts_ringing",
    alerts.c.kind,
    alerts.c.item_id,
    unique=True,
    postgresql_where=alerts.c.acknowledged_at.is_(None),
)

alert_reports = sa.Table(
    "alert_reports",  # which reports an alert names: it rang for each
    metadata,
    sa.Column("alert_id", sa.Uuid, sa.ForeignKey("alerts.id"), primary_key=True),
    sa.Column("report_id", sa.Uuid, primary_key=True, index=True),  # ids sort by time
    sa.Column("level", sa.Text),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
)

alert_acknowledgements = sa.Table(
    "alert_acknowledgements",  # all there were; the alert has the one that holds
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("alert_id", sa.Uuid, sa.ForeignKey("alerts.id"), nullable=False, index=True),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
)

bulks = sa.Table(
    "bulks",  # one decision for many cases, carried out case by case
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    # Those that the person was bound to; null: all.
    sa.Column("platforms", ARRAY(sa.Text)),
    sa.Column("queues", ARRAY(sa.Text)),
    sa.Column("languages", ARRAY(sa.Text)),
    sa.Column("decision", Sealed(JSONB()), nullable=False),
    sa.Column("undo_seconds", sa.Float, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # previewed, running, done, undoing, undone
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("ended_at", sa.TIMESTAMP(timezone=True)),
)
sa.Index(
    "ix_bulks_running",
    bulks.c.created_at,
    postgresql_where=bulks.c.state.in_(["running", "undoing"]),
)
sa.Index("ix_bulks_person", bulks.c.person, bulks.c.created_at)

bulk_cases = sa.Table(
    "bulk_cases",
    metadata,
    sa.Column("bulk_id", sa.Uuid, sa.ForeignKey("bulks.id"), primary_key=True),
    sa.Column("case_id", sa.Uuid, sa.ForeignKey("cases.id"), primary_key=True, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # the case's, as the preview saw it
    sa.Column("state", sa.Text, nullable=False),  # waiting, decided, left_out, undone
    sa.Column("why", sa.Text),  # a code: why it was left out
    sa.Column("decision_id", sa.Uuid),
)

seen_files = sa.Table(
    "seen_files",  # that somebody has seen a file, as a digest that names neither; swept after a day
    metadata,
    sa.Column("mark", Keyed("seen_files"), primary_key=True),
    sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False, index=True),
)

exposure = sa.Table(
    "exposure",  # what somebody had to look at: their own record, which nobody else reads
    metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("severity", sa.SmallInteger, primary_key=True),
    sa.Column("files", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)
sa.Index("ix_exposure_day", exposure.c.day)

stints = sa.Table(
    "stints",  # work since the last break, for the next one; nobody else reads it
    metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("began_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("last_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("revealed_seconds", sa.Float, nullable=False, server_default="0"),
    sa.Column("hard_in_a_row", sa.SmallInteger, nullable=False, server_default="0"),
    # What was given back untouched, and is not offered again before all else was; the latest last.
    sa.Column("passed", ARRAY(sa.Uuid), nullable=False, server_default="{}"),
    sa.Column("later_at", sa.TIMESTAMP(timezone=True)),  # when the break was last put off
)
