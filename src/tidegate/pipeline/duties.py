"""The background duties and the gauges of the whole house: what each slice names, and what needs more
than one."""

from tidegate.infra.db import Tx
from tidegate.infra.slices import Duty, Errand, Gauge, Home, in_tx
from tidegate.pipeline import bank_changes, bank_imports
from tidegate.pipeline.alerts import remind
from tidegate.pipeline.blind import ask_again
from tidegate.pipeline.bulk import carry_on
from tidegate.pipeline.clusters import assign_posts
from tidegate.pipeline.decide import lift_expired
from tidegate.pipeline.erase import expire, sweep_evidence
from tidegate.pipeline.house import SLICES
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.learning import learn_outcomes, learn_urgency
from tidegate.pipeline.leave import leave_due
from tidegate.pipeline.lookback.codes import LookBack
from tidegate.pipeline.lookback.kinds import KindWalk, left
from tidegate.pipeline.lookback.phrases import PhraseWalk
from tidegate.pipeline.lookback.renewal import EntryWalk
from tidegate.pipeline.orders.authors import end_silences
from tidegate.pipeline.orders.outgoing import deliver_messages, tell_undelivered
from tidegate.pipeline.orders.provisional import execute_unheard
from tidegate.pipeline.oversight.looking import look_at_due
from tidegate.pipeline.ranking import rank_waiting
from tidegate.pipeline.replay import carry_on as replay_on
from tidegate.pipeline.ringing import make_call, ring_due
from tidegate.pipeline.surges import watch
from tidegate.pipeline.terms import TermWalk, behind

LONG = 3600.0  # what walks over all that there is, in one step
SCRUB_BLOCKS = 64  # 4 MiB a second


def urgent_of(instance: Instance) -> list[Duty]:
    """The duties that call people, which begin before anything else: who was to be called when all was killed
    waits for them."""
    settings = instance.settings
    return [
        Duty("ring", 0.5, in_tx(lambda tx: ring_due(tx, settings))),
        Duty("on-call", 0.5, lambda home: make_call(home.database, settings)),
        Duty("alerts", 1.0, in_tx(lambda tx: remind(tx, settings))),
    ]


def duties_of(instance: Instance) -> list[Duty]:
    """Every other duty. Each has a name of its own."""
    looker, walker, kinds = LookBack(instance), PhraseWalk(instance), KindWalk(instance)
    entries, words = EntryWalk(instance.database), TermWalk(instance)

    def look_back(_: Home) -> int:
        # By turns: codes never wait for more than a page of a walk, nor a walk for all codes.
        steps = looker.step(), walker.step()
        return sum(step is not None for step in steps)

    def make_codes(_: Home) -> int:
        return int(kinds.step() is not None)

    def renew(_: Home) -> int:
        return int(entries.step() is not None)

    def scrub(_: Home) -> int:
        for index in (instance.banks.index, looker.items.index):
            index.scrub(SCRUB_BLOCKS)
        return 0

    def purge(_: Home) -> int:
        looker.purge()
        return 0

    def ask_others(tx: Tx) -> int:
        double, gold = instance.settings.double_rate, instance.settings.gold_rate
        return ask_again(tx, instance.secrets.terms_key, double_rate=double, gold_rate=gold)

    def rank(home: Home) -> int:
        assign_posts(home, instance)
        with home.database.begin() as tx:
            return rank_waiting(tx, instance)

    def sweep(_: Home) -> int:
        return sweep_evidence(instance.database, instance.evidence)

    return [
        *(duty for one in SLICES for duty in one.verbs().duties),
        Duty("lift", 2.0, in_tx(lift_expired)),
        Duty("leave", 0.3, leave_due),
        Duty("bank-changes", 0.3, bank_changes.leave_due),
        Duty("bank-imports", 0.5, lambda _: bank_imports.carry_on(instance)),
        Duty("bulk", 0.5, lambda home: carry_on(home, instance.pack)),
        Duty("replay", 0.5, replay_on),
        Duty("look-again", 60.0, in_tx(ask_others)),
        Duty("rank", 1.0, rank),
        Duty("arrivals", 5.0, in_tx(lambda tx: watch(tx, instance))),
        Duty("learn", 5.0, in_tx(lambda tx: learn_outcomes(tx, instance))),
        Duty("learn-urgency", 15.0, in_tx(lambda tx: learn_urgency(tx, instance))),
        Duty("retention", 60.0, in_tx(lambda tx: expire(tx, instance.settings)), LONG),
        Duty("sweep", 1800.0, sweep, LONG),
        Duty("order-provisional", 1.0, lambda _: execute_unheard(instance)),
        Duty("order-silences", 1.0, in_tx(lambda tx: end_silences(tx, instance))),
        Duty("order-undelivered", 1.0, in_tx(tell_undelivered)),
        Duty("look-back", 0.2, look_back, LONG),
        Duty("terms", 0.5, lambda _: words.step()),
        Duty("kinds", 1.0, make_codes),
        Duty("entries", 1.0, renew),
        Duty("scrub", 1.0, scrub),
        Duty("purge", 3600.0, purge, LONG),
    ]


def gauges(tx: Tx) -> list[Gauge]:
    """Every gauge, as of now."""
    reads = [read for one in SLICES if (read := one.verbs().gauges) is not None]
    waiting = Gauge(
        "tidegate_kinds_left", "Revisions that wait for codes of a new kind, at most", left(tx)
    )
    unfound = Gauge(
        "tidegate_terms_left",
        "Revisions that cannot be found by their words yet, at most",
        behind(tx),
    )
    return [*(gauge for read in reads for gauge in read(tx)), waiting, unfound]


def errands_of(instance: Instance) -> list[Errand]:
    """Every errand of the slices, and those of the paths that cross them."""
    of_slices = [errand for one in SLICES for errand in one.verbs().errands]
    return [*of_slices, deliver_messages(instance), look_at_due(instance)]
