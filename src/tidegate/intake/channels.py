"""The ways in which reports come, and those that only some keys may use. Pure, and light to load."""

from collections.abc import Collection
from typing import Literal, get_args

from tidegate.infra.errors import Refusal

# "user" and "user_report" are two names of the same channel: what was sent is kept.
Channel = Literal["user", "user_report", "notice", "trusted_flagger", "referral", "tip", "franked"]
CHANNELS: tuple[str, ...] = get_args(Channel)

# The reason that is heard before all others.
THREAT = "threat_to_life"

# Who reports over one of these is believed more, so a key must have been given it.
BOUND = ("trusted_flagger", "referral", "franked")


def check_channel(channel: Channel, given: Collection[str]) -> None:
    """Raises Refusal (403) for a bound channel that is none of those `given` to who reports."""
    if channel in BOUND and channel not in given:
        raise Refusal(
            "channel-not-yours",
            403,
            "The key may not report over this channel",
            f"Nothing was written. `tidegate keys create --channels {channel}` makes a key that may;"
            " every key that may report may use the channels user, notice and tip.",
            channel=channel,
        )
