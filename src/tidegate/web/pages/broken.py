"""What is broken, in words, with what to do: for those who can do it, and nobody else."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec

from tidegate.enforcement.model import GONE
from tidegate.enforcement.queries import WebhookView, list_webhooks, outbox_counts
from tidegate.infra.db import Tx
from tidegate.ledger.queries import unsealed, unsealed_since
from tidegate.web.formats import moment
from tidegate.web.pages.visit import Visit
from tidegate.web.words import gettext as _
from tidegate.web.words import ngettext

SEALED_WITHIN = timedelta(minutes=1)  # the sequencer seals each second


class Broken(msgspec.Struct, frozen=True):
    """Something that does not work, or not yet: what it is, what to do, and where, if on a page of ours."""

    code: str
    text: str
    todo: str
    at: str | None = None


def broken(visit: Visit, tx: Tx) -> list[Broken]:
    """What the person who looks could mend, the worst first."""
    found: list[Broken] = []
    if visit.may("admin"):
        found += [*_room(visit), *_ledger(tx), *_pack(visit, tx)]
    if visit.may("actions:write"):
        found += _letters(tx)
    if visit.may("webhooks:write"):
        found += _targets(tx)
    return found


def _room(visit: Visit) -> Iterator[Broken]:
    if shortage := visit.instance.room.shortage():
        todo = _("Make room on that disk: until then nothing new is taken.")
        yield Broken("room", _("A disk is %(shortage)s.") % {"shortage": shortage}, todo)


def _ledger(tx: Tx) -> Iterator[Broken]:
    since = unsealed_since(tx)
    if since is None or tx.now - since < SEALED_WITHIN:
        return
    count, minutes = unsealed(tx), int((tx.now - since).total_seconds() // 60)
    text = ngettext(
        "%(count)d entry of the ledger waits to be sealed, since %(minutes)d min.",
        "%(count)d entries of the ledger wait to be sealed, since %(minutes)d min.",
        count,
    )
    todo = _("See that a worker runs, and what `tidegate ledger verify` says.")
    yield Broken("ledger", text % {"count": count, "minutes": minutes}, todo, "/ledger")


def _pack(visit: Visit, tx: Tx) -> Iterator[Broken]:
    visit.instance.pack(tx)
    if problem := visit.instance.packs.problem:
        text = _("The active policy pack is not in use: %(problem)s.")
        todo = _("The one before it judges meanwhile. Mend the file and activate it again.")
        yield Broken("pack", text % {"problem": problem.rstrip(".")}, todo, "/policy")


def _letters(tx: Tx) -> Iterator[Broken]:
    if dead := outbox_counts(tx).dead:
        text = ngettext(
            "%(count)d message was given up: its target did not take it.",
            "%(count)d messages were given up: their targets did not take them.",
            dead,
        )
        todo = _("Look why, then send them again.")
        yield Broken("dead-letters", text % {"count": dead}, todo, "/actions#dead")


def _targets(tx: Tx) -> Iterator[Broken]:
    targets = list_webhooks(tx)
    hooks = [hook for hook in targets if hook.disabled_at is None]
    yield from _alert_targets(targets)
    for hook in hooks:
        if hook.alerts:
            continue
        if hook.failing_since is not None:
            since = {"url": hook.url, "since": moment(hook.failing_since)}
            text = _("%(url)s has taken nothing since %(since)s.") % since
            todo = _("See what its operator knows. Messages are tried again for three days.")
            yield Broken("target-failing", text, todo, "/actions#targets")
    if observing := sum(not (hook.enforce or hook.alerts) for hook in hooks):
        text = ngettext(
            "%(count)d target is in observe mode: its actions are recorded, nothing is sent.",
            "%(count)d targets are in observe mode: their actions are recorded, nothing is sent.",
            observing,
        )
        todo = _("When what is recorded is right, switch it on with `tidegate webhooks enforce`.")
        yield Broken("target-observing", text % {"count": observing}, todo, "/actions#targets")


def _alert_targets(targets: list[WebhookView]) -> Iterator[Broken]:
    """Those that alerts go to: that one of them is dead is worse than of any other."""
    alerts = [hook for hook in targets if hook.alerts]
    for hook in alerts:
        if hook.disabled_at is None and hook.failing_since is not None:
            since = {"url": hook.url, "since": moment(hook.failing_since)}
            text = _("Alerts do not reach %(url)s: it has taken nothing since %(since)s.") % since
            todo = _("See what its operator knows, today: pages ring, and this does not.")
            yield Broken("alert-target-failing", text, todo, "/actions#targets")
    if any(one.disabled_because == GONE for one in alerts) and not any(
        one.disabled_at is None for one in alerts
    ):
        text = _("Alerts reach no target any more: what they went to is gone.")
        todo = _("Make another with `tidegate webhooks create --alerts`.")
        yield Broken("alert-target-gone", text, todo, "/actions#targets")
