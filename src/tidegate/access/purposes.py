"""What for somebody looks at what is closed: one list of codes, for holds, for openings and for whatever
asks later. A person is asked for a justification in words beside it."""

from typing import Literal, get_args

Purpose = Literal[
    "review",
    "investigation",
    "threat_to_life",
    "follow_up",
    "audit",
    "complaint",
    "other",
]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
SHORTEST_JUSTIFICATION = 15
