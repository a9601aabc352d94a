"""The program's own names as words, in the reader's language: states, outcomes, channels.

What is none of ours, a label or a queue of somebody's pack, is shown as it is written there.
"""

from tidegate.web.words import gettext, noted

NAMES = {
    "open": noted("open"),
    "claimed": noted("claimed"),
    "decided": noted("decided"),
    "reopened": noted("reopened"),
    "waiting": noted("waiting"),
    "released": noted("released"),
    "opened": noted("opened"),
    "joined": noted("joined"),
    "quarantined": noted("quarantined"),
    "closed": noted("closed"),
    "held": noted("has not left yet"),
    "undone": noted("undone"),
    "cancelled": noted("cancelled"),
    "pass": noted("pass"),
    "review": noted("review"),
    "restrict": noted("restrict"),
    "escalate": noted("escalate"),
    "lift": noted("lift"),
    "confirm": noted("confirm"),
    "refute": noted("refute"),
    "confirmed": noted("confirmed"),
    "unconfirmed": noted("unconfirmed"),
    "refuted": noted("refuted"),
    "disabled": noted("disabled"),
    "enabled": noted("enabled"),
    "allowed": noted("allowed"),
    "outweighed": noted("outweighed"),
    "known": noted("known"),
    "allow": noted("allow"),
    "draft": noted("draft"),
    "shadow": noted("shadow"),
    "live": noted("live"),
    "retired": noted("retired"),
    "pending": noted("pending"),
    "delivered": noted("delivered"),
    "dead": noted("dead"),
    "fast": noted("fast"),
    "deep": noted("deep"),
    "retro": noted("retro"),
    "report": noted("report"),
    "match": noted("match"),
    "user": noted("user"),
    "user_report": noted("user report"),
    "notice": noted("notice"),
    "trusted_flagger": noted("trusted flagger"),
    "referral": noted("referral"),
    "franked": noted("franked"),
    "tip": noted("tip"),
    "public": noted("public"),
    "restricted": noted("restricted"),
    "private": noted("private"),
    "item": noted("item"),
    "account": noted("account"),
    "entry": noted("entry"),
    "law": noted("law"),
    "terms": noted("terms"),
    "investigation": noted("investigation"),
    "other": noted("other"),
    "reviewer": noted("reviewer"),
    "senior": noted("senior"),
    "curator": noted("curator"),
    "auditor": noted("auditor"),
    "admin": noted("admin"),
    "threat_to_life": noted("threat to life"),
}


def said(name: str) -> str:
    """A name as words: attack_footage, counter_speech."""
    known = NAMES.get(name)
    return gettext(known) if known is not None else name.replace("_", " ")
