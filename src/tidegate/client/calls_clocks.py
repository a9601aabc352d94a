"""More functions as those of `calls.py`, one a route: about clocks and what rings."""

from datetime import datetime

from tidegate.client.call import Call
from tidegate.client.clocks import Clock, Ring
from tidegate.client.given import in_path, once, query
from tidegate.client.model import Page


def clocks_page(
    bearer: str | None = None,
    state: str | None = None,
    subject: str | None = None,
    name: str | None = None,
    order: str | None = None,
    *,
    due_before: datetime | str | None = None,
    ringing: bool | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[Page[Clock]]:
    """A page of clocks, those first that are due first."""
    before = due_before.isoformat() if isinstance(due_before, datetime) else due_before
    about = query(bearer=bearer, state=state, subject=subject, name=name, order=order)
    when = query(due_before=before, cursor=cursor, limit=limit)
    rings = {} if ringing is None else {"ringing": str(ringing).lower()}
    return Call(method="GET", path="/v1/clocks", answer=Page[Clock], params=about | when | rings)


def clock(id: str) -> Call[Clock]:
    """A clock with its runs."""
    return Call(method="GET", path=f"/v1/clocks/{in_path(id)}", answer=Clock)


def acknowledge_clock(id: str) -> Call[Clock]:
    """Say that a person has it: nothing about its order rings any more. It takes a person's key."""
    path = f"/v1/clocks/{in_path(id)}/acknowledge"
    return Call(method="POST", path=path, answer=Clock, key=once())


def rings() -> Call[Page[Ring]]:
    """What rings beside clocks, the last first."""
    return Call(method="GET", path="/v1/rings", answer=Page[Ring])


def acknowledge_ring(id: str) -> Call[Ring]:
    """Say that a person has what rings. It takes a person's key."""
    path = f"/v1/rings/{in_path(id)}/acknowledge"
    return Call(method="POST", path=path, answer=Ring, key=once())
