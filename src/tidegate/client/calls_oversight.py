"""More functions as those of `calls.py`, one a route: what is overseen. Answers are objects as the API has them."""

from datetime import datetime
from typing import Any

from tidegate.client.call import Call
from tidegate.client.given import encoder, given, once, query
from tidegate.client.model import Page

Answer = dict[str, Any]


def checks_page(
    order: str | None = None,
    *,
    referral: str | None = None,
    organisation: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[Page[Answer]]:
    """A page of looks at what was ordered or referred, what is due last first."""
    which = query(
        order=order, referral=referral, organisation=organisation, cursor=cursor, limit=limit
    )
    return Call(method="GET", path="/v1/checks", answer=Page[Answer], params=which)


def ask_check(url: str, at: datetime | str | None = None) -> Call[Answer]:
    """Ask for one more look at an address that an order or a referral of ours names; takes a person's key."""
    body = encoder.encode(given(url=url, at=at))
    return Call(method="POST", path="/v1/checks", answer=Answer, json=body, key=once())
