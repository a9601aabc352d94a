"""More functions as those of `calls.py`, one a route: how soon and how far organisations do what they are ordered and
asked. A period is `since` to before `until`, days or times with an offset; what says something takes a person's key.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import msgspec

from tidegate.client.call import Call
from tidegate.client.model import Page

Answer = dict[str, Any]


def scorecards(
    since: str | None = None, until: str | None = None, channel: str | None = None
) -> Call[Page[Answer]]:
    """All organisations of the other side by name, with their figures."""
    return _get("/v1/scorecards", Page[Answer], _period(since, until, channel))


def scorecards_csv(
    since: str | None = None, until: str | None = None, channel: str | None = None
) -> Call[bytes]:
    """The same as a table."""
    return _get("/v1/scorecards.csv", bytes, _period(since, until, channel))


def scorecard(
    organisation: str,
    since: str | None = None,
    until: str | None = None,
    channel: str | None = None,
    authority: str | None = None,
) -> Call[Answer]:
    """The scorecard of an organisation; of ourselves the one that an `authority` sent."""
    return _get(_card(organisation), Answer, _period(since, until, channel, authority))


def scorecard_csv(
    organisation: str,
    since: str | None = None,
    until: str | None = None,
    channel: str | None = None,
    authority: str | None = None,
) -> Call[bytes]:
    """The same as a table."""
    return _get(f"{_card(organisation)}.csv", bytes, _period(since, until, channel, authority))


def scorecard_file(
    organisation: str,
    since: str | None = None,
    until: str | None = None,
    channel: str | None = None,
    authority: str | None = None,
) -> Call[bytes]:
    """The scorecard with its rows, to the byte as it is sent."""
    given = _period(since, until, channel, authority)
    return _get(f"{_card(organisation)}/card.json", bytes, given)


def scorecard_rows(
    organisation: str,
    figure: str | None = None,
    since: str | None = None,
    until: str | None = None,
    channel: str | None = None,
    authority: str | None = None,
    cursor: str | None = None,
    limit: int | None = None,
) -> Call[Page[Answer]]:
    """A page of the rows of a scorecard, or of those that a `figure` is made of."""
    given = _period(since, until, channel, authority)
    more = _given(figure=figure, cursor=cursor, limit=limit)
    return _get(f"{_card(organisation)}/rows", Page[Answer], given | more)


def scorecard_rows_csv(
    organisation: str,
    figure: str | None = None,
    since: str | None = None,
    until: str | None = None,
    channel: str | None = None,
    authority: str | None = None,
) -> Call[bytes]:
    """All of the rows as a table."""
    given = _period(since, until, channel, authority) | _given(figure=figure)
    return _get(f"{_card(organisation)}/rows.csv", bytes, given)


def send_scorecard(organisation: str, since: str, until: str, channel: str) -> Call[Answer]:
    """Send an organisation the scorecard about it."""
    return _post(f"{_card(organisation)}/send", {"from": since, "to": until, "channel": channel})


def contest_row(organisation: str, row: str, text: str) -> Call[Answer]:
    """Say that a row is wrong; at an authority: write down that they say so."""
    return _post(f"{_card(organisation)}/contest", {"row": row, "text": text})


def reply_to_scorecard(organisation: str, text: str) -> Call[Answer]:
    """Say what stands beside the figures; at an authority: write down what they say."""
    return _post(f"{_card(organisation)}/reply", {"text": text})


def settle_contest(organisation: str, id: str, finding: str, reasons: str) -> Call[Answer]:
    """Say what was found of a contested row: `upheld` or `rejected`. A second person settles it."""
    path = f"{_card(organisation)}/contests/{quote(id, safe='')}/settle"
    return _post(path, {"finding": finding, "reasons": reasons})


def _card(organisation: str) -> str:
    return f"/v1/scorecards/{quote(organisation, safe='')}"


def _period(
    since: str | None, until: str | None, channel: str | None, authority: str | None = None
) -> dict[str, str]:
    named = _given(since=since, until=until, channel=channel, authority=authority)
    return {{"since": "from", "until": "to"}.get(name, name): one for name, one in named.items()}


def _given(**values: Any) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


def _get(path: str, answer: Any, params: dict[str, str]) -> Call[Any]:
    return Call(method="GET", path=path, answer=answer, params=params)


def _post(path: str, body: Mapping[str, Any]) -> Call[Answer]:
    json, key = msgspec.json.encode(body), uuid4().hex
    return Call(method="POST", path=path, answer=Answer, json=json, key=key)
