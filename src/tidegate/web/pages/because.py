"""Why a case stands where it stands, in sentences: what is kept are codes and values, the words are made
here, in the reader's language."""

from collections.abc import Callable, Mapping
from typing import Any

from tidegate.web.words import gettext as _
from tidegate.web.words import ngettext


def say(code: str, value: Any) -> str:
    """One reason as a sentence; a code of a later version as it is written."""
    sentence = _SENTENCES.get(code)
    if sentence is None:
        return code.replace("_", " ")
    return sentence(value)


def _escalated(value: Any) -> str:
    if value is None:
        return _("It was escalated")
    return _("The rule %(rule)s escalates it") % {"rule": value}


_LEVELS: Mapping[str, Callable[[], str]] = {
    "low": lambda: _("low"),
    "medium": lambda: _("medium"),
    "high_unspecific": lambda: _("high, unspecific"),
    "high_specific": lambda: _("high, specific"),
}


def level_said(level: str) -> str:
    """How grave a threat was taken to be, in words."""
    known = _LEVELS.get(level)
    return level.replace("_", " ") if known is None else known()


def _threat(value: Any) -> str:
    if value is None:
        return _("Somebody reports a threat to life")
    return _("A threat to life: %(level)s") % {"level": level_said(str(value))}


def _match(value: Mapping[str, Any]) -> str:
    """ "2 bits from attack-2026, unconfirmed"."""
    near = _near(value)
    if value.get("confirmed"):
        return near
    return _("%(match)s, unconfirmed") % {"match": near}


def _near(value: Mapping[str, Any]) -> str:
    bank, distance = value.get("bank"), int(value.get("distance") or 0)
    route, share = str(value.get("route")), float(value.get("share", 1.0))
    if (said := _BY_ROUTE.get(route)) is not None:
        return said() % {"bank": bank}
    if route == "text_containment" and share < 1:
        percent = round(100 * share)
        return _("%(percent)d %% of a text from %(bank)s") % {"percent": percent, "bank": bank}
    if distance == 0:
        return _("The same as in %(bank)s") % {"bank": bank}
    sentence = ngettext("%(count)d bit from %(bank)s", "%(count)d bits from %(bank)s", distance)
    return sentence % {"count": distance, "bank": bank}


_BY_ROUTE: Mapping[str, Callable[[], str]] = {
    "domain": lambda: _("A link to a domain in %(bank)s"),
    "host": lambda: _("A link to a host in %(bank)s"),
    "host_lookalike": lambda: _("A link to a host that looks like one in %(bank)s"),
    "url_prefix": lambda: _("A link below an address in %(bank)s"),
    "url": lambda: _("A link in %(bank)s"),
    "address": lambda: _("An address in %(bank)s"),
    "phrase": lambda: _("A phrase from %(bank)s"),
}


def _quarantined(value: Mapping[str, Any]) -> str:
    return _("%(match)s, in quarantine") % {"match": _near(value)}


_CHANNELS: Mapping[str, Callable[[], str]] = {
    "trusted_flagger": lambda: _("A trusted flagger reports it"),
    "notice": lambda: _("A notice was given"),
    "referral": lambda: _("An authority refers it"),
    "franked": lambda: _("A report with proof from an encrypted service"),
}


def _channel(value: Any) -> str:
    sentence = _CHANNELS.get(str(value))
    return str(value).replace("_", " ") if sentence is None else sentence()


def _reports_recent(value: Mapping[str, Any]) -> str:
    sentence = ngettext(
        "%(count)d report in %(minutes)d min",
        "%(count)d reports in %(minutes)d min",
        value["count"],
    )
    return sentence % value


def _reports(value: Any) -> str:
    count = int(value)
    return ngettext("%(count)d report", "%(count)d reports", count) % {"count": count}


def _entry_quarantined(value: Any) -> str:
    if value is None:
        return _("An entry matches too many different things")
    return _("An entry of %(bank)s matches too many different things") % {"bank": value}


def _unjudged(value: Any) -> str:
    count = int(value)
    sentence = ngettext(
        "A part of it could not be judged", "%(count)d parts of it could not be judged", count
    )
    return sentence % {"count": count}


_SENTENCES: Mapping[str, Callable[[Any], str]] = {
    "threat_to_life": _threat,
    "escalated": _escalated,
    "match": _match,
    "match_quarantined": _quarantined,
    "channel": _channel,
    "reports_recent": _reports_recent,
    "reports": _reports,
    "entry_quarantined": _entry_quarantined,
    "reopened": lambda _value: _("It was decided before, and is open again"),
    "rule": lambda value: _("The rule %(rule)s asks for a look") % {"rule": value},
    "second_eyes": lambda _value: _("It waits for second eyes"),
    "unjudged": _unjudged,
    "queue_rule": lambda value: _("The rule %(rule)s leads to this queue") % {"rule": value},
    "queue_incident": lambda value: (
        _("The open incident of the queue %(queue)s takes it") % {"queue": value}
    ),
    "queue_failed": lambda value: (
        _("%(rule)s could not say whether it belongs in another queue") % {"rule": value}
    ),
}
