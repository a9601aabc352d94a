"""What who is bound to platforms is refused: another platform's things, and changes of everybody's."""

from tidegate.infra.errors import Refusal


def refuse_others(bound: frozenset[str] | None, asked: str | None) -> None:
    """Raises Refusal (403) where somebody who is bound names a platform that is not theirs, or has none
    at all: a key for a platform that is not, or no longer, among its user's."""
    if bound is None or (bound and (asked is None or asked in bound)):
        return
    if not bound:
        detail = "It speaks for no platform: the key's is not among those of its user."
    else:
        known = ", ".join(sorted(bound))
        detail = f"It speaks for {known}. Leave the platform out, or use another key."
    raise Refusal("platform-bound", 403, "The key is bound to another platform", detail)


def everybodys(what: str) -> Refusal:
    """The 403 of who is bound and would have what is of no platform, or change what all share."""
    return Refusal(
        "platform-bound",
        403,
        "This is everybody's",
        f"Nothing was done: {what}. It takes a key, or a person, that is bound to no platform.",
    )
