"""Threat packs for tests: small ones, and those that are shipped, read once."""

from functools import lru_cache

from tidegate.intake.threats.data import sources
from tidegate.intake.threats.reading import load_threat_pack
from tidegate.intake.threats.screen import Screen

HEAD = """
[pack]
name = "trial"
language = "en"
version = 1
window = 1

[words]
will = ["will", "going to", "gonna"]
kill = ["kill*", "shoot"]
"""
INTENT = """
[[patterns]]
name = "will-kill"
element = "intent"
phrases = ["{will} .. {kill}"]
"""
MEANS = """
[[patterns]]
name = "armed"
element = "capability"
phrases = ["my gun"]
"""
PLACE = """
[[patterns]]
name = "where"
element = "place"
phrases = ["[at] the school"]
"""
NEGATION = """
[[patterns]]
name = "not"
element = "context"
kind = "negation"
reach = "over"
phrases = ["{will} not"]
"""
NEWS = """
[[patterns]]
name = "news"
element = "context"
kind = "news"
reach = "near"
phrases = ["police said"]
"""
MEANT = """
[[patterns]]
name = "meant"
element = "meant"
phrases = ["no joke"]
"""
WHOLE = HEAD + INTENT + MEANS + PLACE + NEGATION + NEWS + MEANT


def screen_of(*packs: str) -> Screen:
    """The screen of some packs, given as TOML."""
    return Screen([load_threat_pack(pack) for pack in packs])


@lru_cache(maxsize=1)
def shipped() -> Screen:
    """The screen of the packs that are shipped."""
    return Screen([load_threat_pack(text, where) for where, text in sources().items()])
