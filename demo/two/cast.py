"""Who takes part in the day, and what they say. Nobody is real, and neither is anything they wrote."""

from typing import Any

from tidegate.exchange.model import Organisation

GERMANY = Organisation(
    id="bka.example",
    name="Internet Referral Unit",
    kind="authority",
    member_state="DE",
    functions=["issue", "scrutinise"],
    languages=["de", "en"],
    contact_email="orders@bka.example",
    zone="Europe/Berlin",
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

TEXT = (
    "Come on Saturday to the old market of Examplestadt, and bring what we showed you how to build. Whoever stands"
    " in our way will be taught what our patience is worth. Tell everybody whom you trust."
)
NAMED = "https://forum.example/t/17#post-3"
ELSEWHERE = "https://archive.example/t/17"
SHARED = "https://forum.example/t/18"
POSTS: list[dict[str, Any]] = [
    {"id": "named", "author": "mallory", "text": TEXT, "url": NAMED},
    {"id": "first", "author": "mallory", "text": "Who comes along on Saturday?", "url": SHARED},
    {"id": "second", "author": "trudy", "text": "I have what we need for it.", "url": SHARED},
    {"id": "copied", "author": "oscar", "text": TEXT, "url": "https://forum.example/t/19"},
    {
        "id": "quoted",
        "author": "nina",
        "text": f"{TEXT} This is what they call for, word by word; we report on it here.",
        "url": "https://forum.example/t/20",
    },
    {
        "id": "bystander",
        "author": "mallory",
        "text": "Has anybody a recipe for plum cake?",
        "url": "https://forum.example/t/21",
    },
]
INFORMATION = {
    "procedures": "We send signed orders to your inbox, and call the number of your contact page.",
    "deadlines": "One hour from receipt, Article 3(3).",
}


def drafted(to: str, urls: list[str], **more: Any) -> dict[str, Any]:
    """An order as an officer drafts it."""
    return {
        "to": to,
        "issuing": {
            "kind": "law_enforcement",
            "name": GERMANY.name,
            "representative": "K. Muster",
            "post": "Head of unit",
            "file": "AZ 12/26",
            "address": "Musterstrasse 1, Examplestadt",
            "phone": "+49 611 550",
            "email": GERMANY.contact_email,
        },
        "items": [{"url": url} for url in urls],
        "types": ["a"],
        "reasons": "The posts call for an attack on a named market next Saturday, and say how.",
        "true_purpose": "They recruit; nothing in them reports, teaches or criticises.",
        "public": {
            "asserted": True,
            "capture": {"at": "2026-06-07T20:00:00Z", "sha256": "ab" * 32},
        },
    } | more


ISSUE = {"deconfliction": {"answer": "The prosecutor's office works on nothing that this warns."}}
