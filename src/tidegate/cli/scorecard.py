"""`tidegate scorecard`: how soon and how far an organisation does what it is ordered and asked."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tidegate.cli.context import DataDir, Json, transaction
from tidegate.cli.showing import bar, plain

if TYPE_CHECKING:
    from tidegate.oversight.scorecard import Share, Times
    from tidegate.pipeline.oversight.shown import CardView


class Channel(StrEnum):
    """What a card is about."""

    order = "order"
    referral = "referral"


def scorecard(
    organisation: Annotated[str, typer.Argument(help="Its id in the registry")],
    since: Annotated[str | None, typer.Option("--from", help="A day, or an RFC 3339 time")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Before this day or time")] = None,
    channel: Annotated[Channel, typer.Option(help="What was sent")] = Channel.order,
    data_dir: DataDir = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print it as a table")] = False,
) -> None:
    """Say how soon orders or referrals were acknowledged and in effect, with intervals, and what was void or put
    back. Below ten there is no figure."""
    from tidegate.infra.times import told
    from tidegate.web.api.scorecards import CardQuery, card_asked
    from tidegate.web.scorecard_tables import card_table

    asked = CardQuery(since=since, until=until, channel=channel.value)
    with transaction(data_dir) as tx, bar("parts of the period") as progress:
        card = card_asked(tx, organisation, asked, progress)
    if as_json:
        print(msgspec.json.encode(told(card)).decode())
    elif as_csv:
        print(bytes(card_table(card).body).decode(), end="")
    else:
        _show(card)


def _show(card: "CardView") -> None:
    print(f"organisation  {plain(card.organisation)}")
    print(f"period        {card.since:%Y-%m-%d} to before {card.until:%Y-%m-%d}")
    print(f"addresses     {card.note or card.n}")
    for name, times in (("acknowledged", card.acknowledged), ("in effect", card.effective)):
        if times is not None:
            print(f"{name:<13} {_half(times)}")
    for name, share in (card.shares or {}).items():
        print(f"{name.replace('_', ' '):<22} {_share(share)}")
    for reply in card.replies:
        print(f"they say      {plain(reply.text)}")


def _half(times: "Times") -> str:
    one = times.median_s
    if one is None:
        return times.note or ""
    return f"half within {_took(one.value)} ({_took(one.low)} to {_took(one.high)}), of {times.n}"


def _share(share: "Share") -> str:
    if share.value is None or share.low is None or share.high is None:
        return share.note or ""
    return f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%}), of {share.n}"


def _took(seconds: float | None) -> str:
    return "not reached" if seconds is None else f"{seconds:,.0f} s"
