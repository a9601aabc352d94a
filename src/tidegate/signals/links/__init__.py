"""Links in texts: where they stand, and the addresses that they lead to."""

from tidegate.signals.links.finding import MOST, TOO_MANY, Link, beyond, effort, find, is_whole

__all__ = ["MOST", "TOO_MANY", "Link", "beyond", "effort", "find", "is_whole"]
