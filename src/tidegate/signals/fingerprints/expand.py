"""Where a shortened link leads, by a hook of the caller's. Nothing here fetches anything.

Following a link tells a stranger's server that somebody looks, and may spend a one-time link: so it
happens only where code says so, `of_url(expanded(link, hook) or link)`.
"""

from collections.abc import Callable

from tidegate.signals.fingerprints.url import canonical

Expander = Callable[[str], str | None]
"""Takes a canonical URL; answers the address that it redirects to, None where it does not."""

MAX_HOPS = 5


def expanded(address: str, expand: Expander) -> str | None:
    """The canonical URL at the end of the way from `address`, None when that is no web address.

    `expand` is asked at most five times. The way ends before a circle and before anything that is
    no web address.
    """
    here = canonical(address)
    passed: set[str] = set()
    while here is not None and len(passed) < MAX_HOPS and here not in passed:
        passed.add(here)
        leads_to = expand(here)
        following = None if leads_to is None else canonical(leads_to)
        if following is None:
            break
        here = following
    return here
