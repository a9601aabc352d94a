"""Settings of who is called when a clock or an order rings."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tidegate.infra.settings_serving import Serving


class Calling(Serving, msgspec.Struct, frozen=True, kw_only=True):
    """A part of `Settings`."""

    ring_seconds: Annotated[
        float,
        Meta(
            ge=1, description="An order, or a clock, rings again after this until somebody has it"
        ),
    ] = 60.0
    escalate_minutes: Annotated[
        float,
        Meta(gt=0, description="Each so many minutes without that one more of `on_call` is called"),
    ] = 10.0
    on_call: Annotated[
        list[str],
        Meta(description="Who is called, by names of yours: the first at once, the next later"),
    ] = []
    on_call_command: Annotated[
        list[str],
        Meta(
            description="A program and its arguments, run for each ring with the message as JSON on its"
            " standard input ([clocks](clocks.md#who-is-called)); no shell is between"
        ),
    ] = []
