"""Who takes part in the day, and what they say. Nobody is real, and neither is anything they wrote."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tidegate.exchange.model import Organisation

GERMANY = Organisation(
    id="bka.example",
    name="Internet Referral Unit",
    kind="authority",
    member_state="DE",
    functions=["issue", "scrutinise", "oversee", "penalise"],
    languages=["de", "en"],
    contact_email="orders@bka.example",
    zone="Europe/Berlin",
)
IRELAND = Organisation(
    id="garda.example",
    name="Online Terrorism Unit",
    kind="authority",
    member_state="IE",
    functions=["issue", "scrutinise"],
    languages=["en"],
    contact_email="orders@garda.example",
    zone="Europe/Dublin",
)
FRANCE = Organisation(
    id="police.example",
    name="Police judiciaire",
    kind="authority",
    member_state="FR",
    functions=["issue"],
    languages=["fr", "en"],
    contact_email="orders@police.example",
    zone="Europe/Paris",
    synthetic=True,
)
FORUM = Organisation(
    id="forum.example",
    name="A forum of three people",
    kind="platform",
    member_state="DE",
    languages=["de", "en"],
    contact_email="legal@forum.example",
    zone="Europe/Berlin",
    hosts=["forum.example"],
)
IRISH_FORUM = msgspec.structs.replace(
    FORUM, member_state="IE", languages=["en", "de"], zone="Europe/Dublin"
)
BOARD = Organisation(
    id="board.example",
    name="A board that nobody looks after at night",
    kind="platform",
    member_state="DE",
    languages=["de"],
    contact_email="legal@board.example",
    zone="Europe/Berlin",
    hosts=["board.example"],
)

TEXT = (
    "Come on Saturday to the old market of Examplestadt, and bring what we showed you how to build. Whoever stands"
    " in our way will be taught what our patience is worth. Tell everybody whom you trust."
)
_FORUM = "https://forum.example/t"
NAMED, SHARED = f"{_FORUM}/17", f"{_FORUM}/18"
DOUBTFUL, SECRET = f"{_FORUM}/22", f"{_FORUM}/23"
ELSEWHERE = "https://archive.example/t/17"
SLOW = "https://board.example/5"
POSTS: list[dict[str, Any]] = [
    {"id": "named", "author": "mallory", "text": TEXT, "url": NAMED},
    {"id": "first", "author": "mallory", "text": "Who comes along on Saturday?", "url": SHARED},
    {"id": "second", "author": "trudy", "text": "I have what we need for it.", "url": SHARED},
    {"id": "copied", "author": "oscar", "text": TEXT, "url": f"{_FORUM}/19"},
    {
        "id": "quoted",
        "author": "nina",
        "text": f"{TEXT} This is what they call for, word by word; we report on it here.",
        "url": f"{_FORUM}/20",
    },
    {
        "id": "bystander",
        "author": "mallory",
        "text": "Has anybody a recipe for plum cake?",
        "url": f"{_FORUM}/21",
    },
    {
        "id": "doubtful",
        "author": "eve",
        "text": "Here is how to get past the guards.",
        "url": DOUBTFUL,
    },
    {
        "id": "secret",
        "author": "carol",
        "text": "The keys are where they were before.",
        "url": SECRET,
    },
]
SLOW_POST = {
    "id": "slow",
    "author": "victor",
    "text": "They will all see on Saturday.",
    "url": SLOW,
}
INFORMATION = {
    "procedures": "We send signed orders to your inbox, and call the number of your contact page.",
    "deadlines": "One hour from receipt, Article 3(3).",
}
REFERRED = {
    "terms_cited": "§ 4: no calls to violence",
    "reasons": "The posts call for an attack on a named market, in words that the terms exclude.",
    "language": "en",
}
SLOW_REPLY = (
    "We are two people who do this beside their work, and nobody is there at night. Since the tenth a third one reads"
    " what comes in at noon."
)
ISSUE = {"deconfliction": {"answer": "The prosecutor's office works on nothing that this warns."}}
REASONS = "The posts call for an attack on a named market next Saturday, and say how."
SILENT_UNTIL = "2026-06-22T16:00:00Z"


def drafted(by: Organisation, to: str, urls: Sequence[str], **more: Any) -> dict[str, Any]:
    """An order as an officer drafts it."""
    return {
        "to": to,
        "issuing": _issuing(by),
        "items": [{"url": url} for url in urls],
        "types": ["a"],
        "reasons": REASONS,
        "true_purpose": "They recruit; nothing in them reports, teaches or criticises.",
        "public": {
            "asserted": True,
            "capture": {"at": "2026-06-07T20:00:00Z", "sha256": "ab" * 32},
        },
    } | more


def annex(by: Organisation, to: Organisation, urls: Sequence[str], at: str) -> dict[str, Any]:
    """The same as whoever writes by hand has it."""
    return {
        "issuing": {"member_state": by.member_state} | _issuing(by),
        "addressee": {
            "name": to.name,
            "contact": to.contact_email,
            "member_state": to.member_state,
        },
        "issued_at": at,
        "reference": "PJ 2026/0471",
        "items": [{"url": url} for url in urls],
        "types": ["a"],
        "reasons": REASONS,
        "cross_border": {"applies": True, "copy_to": IRELAND.id},
        "followup": {"issuing": by.contact_email, "establishment": IRELAND.contact_email},
        "redress": {
            "body": "Tribunal administratif",
            "deadline": "Two months",
            "law_url": "https://www.legifrance.gouv.fr/",
        },
    }


def _issuing(by: Organisation) -> dict[str, Any]:
    return {
        "kind": "law_enforcement",
        "name": by.name,
        "representative": "K. Muster",
        "post": "Head of unit",
        "file": "AZ 12/26",
        "address": "1 Example Street, Exampletown",
        "phone": "+49 30 555 0100",
        "email": by.contact_email,
    }
