"""The canonical form of a web address: what two links must share to lead to the same page.

It is read as browsers read it, and in one spelling (`weburl`). User names and passwords are dropped. What
`data/addresses.toml` knows of its host is applied (`aliases`): parameters that name no page (utm_source,
fbclid …) are dropped, the others keep their order; hosts and addresses of one page are one; a copy in an
archive is the page that it holds. A fragment stays where it names a page: where it begins with / ! @ or ?,
and on the hosts that the list names. Else "www." stays: it is a host of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tidegate.infra.edited import unusable
from tidegate.signals.fingerprints import aliases
from tidegate.signals.fingerprints.kind import Kind, one_by_one
from tidegate.signals.fingerprints.weburl import Place, Read, read
from tidegate.signals.model import Fingerprint

_NAMING = ("/", "!", "@")  # how fragments begin that sites keep a page's name in, beside ?
_DIRECTIVE = ":~:"  # behind it, a fragment says what to show, and the page never sees it
_MOST_FORMS = 8


class Page(NamedTuple):
    """What an address leads to. `form` is canonical; `elsewhere` is the form of the address itself where
    it is read as another, and `is_copy` whether it is a copy of that; `lost` is what its author wrote that
    `form` does not say, and that may name something else."""

    form: str
    lost: Sequence[str]
    elsewhere: str | None = None
    is_copy: bool = False


_aliases = aliases.read_aliases(None)[0]


def use(data_dir: Path | None) -> None:
    """Read addresses by the list of aliases of an instance from now on; None: by the package's. Raises
    SettingsError for a list that cannot be used."""
    global _aliases
    before, (found, where) = _aliases, aliases.read_aliases(data_dir)
    if found.digest == before.digest:
        return
    _aliases = found
    if circle := next((one for one in found.samples() if _is_circle(one)), None):
        _aliases = before
        raise unusable(where, aliases.FILE, f"forms: {circle} leads in a circle")


def known_by() -> str:
    """What forms depend on beside the program: the digest of the aliases."""
    return _aliases.digest


def canonical(address: str) -> str | None:
    """The canonical form of a web address, or None when it is none.

    An address without a scheme is taken as a browser's address bar would take it.
    """
    page = page_of(address)
    return None if page is None else page.form


def page_of(address: str) -> Page | None:
    """The same, with what of the address it does not say."""
    if (found := read(address)) is None:
        return None
    first = place = found.place
    lost = _user(found)
    rules = _aliases.of(place.host)
    if not (rules.rewrite or place.query or place.fragment):
        return Page(place.written(), lost)
    for _ in range(_MOST_FORMS):
        place = _followed(place, lost)
        rules = _aliases.of(place.host)
        before, place = place, _without_what_names_nothing(place, rules, lost)
        if place == before or not rules.rewrite:
            break
    if place[:3] == first[:3]:
        return Page(place.written(), lost)
    rules = _aliases.of(first.host)
    itself = _without_what_names_nothing(first, rules, [])
    return Page(place.written(), lost, itself.written(), (rules.one or first.host) in lost)


def page_around(address: str) -> str | None:
    """The page that an address opens where its site knows nothing of what names a page behind the #; None
    where the list says that it does, or nothing is there. Anybody can write something there."""
    form = canonical(address) if "#" in address or "%23" in address else None
    found = read(form) if form and "#" in form else None
    if found is None or _names(found.place, _aliases.of(found.place.host)) == "page":
        return None
    return canonical(found.place._replace(fragment="").written())


def _followed(place: Place, lost: list[str], most: int = _MOST_FORMS) -> Place:
    """Where an address leads by the list of aliases, at most so many rewritings on."""
    while most and not place.port and (rules := _aliases.of(place.host)).rewrite:
        if (held := _held(place, rules, lost)) is not None:
            place = held
            continue
        following = _rewritten(place, rules)
        if following is None or following == place:
            break
        place, most = following, most - 1
    return place


def _held(place: Place, rules: aliases.Rules, lost: list[str]) -> Place | None:
    for holder in rules.holders:
        address = holder.template.held(place, holder.on_host)
        if address is not None and (found := read(address)) is not None:
            if holder.copy:
                lost.append(place.host)  # which copy, and of when
            lost += _user(found)
            return found.place
    return None


def _rewritten(place: Place, rules: aliases.Rules) -> Place | None:
    if rules.one is not None:
        return place._replace(host=rules.one)
    for form in rules.forms:
        if (values := form.template.match(place, form.on_host)) is not None:
            address = form.target.of(place, values)
            found = None if address is None else read(address)
            return None if found is None else found.place
    return None


def _user(found: Read) -> list[str]:
    return [f"{found.user}@"] if found.user else []


def _without_what_names_nothing(place: Place, rules: aliases.Rules, lost: list[str]) -> Place:
    query = place.query and _query(place.query, place.path, rules)
    fragment = place.fragment and _fragment(place, rules)
    if fragment is None:
        lost.append(f"#{place.fragment}")
    return Place(place.host, place.port, place.path, query, fragment or "")


def _names(place: Place, rules: aliases.Rules) -> str | None:
    """What the list says that fragments name there."""
    return next((row.names for row in rules.fragments if row.covers(place.path)), None)


def _fragment(place: Place, rules: aliases.Rules) -> str | None:
    """What names the page of a fragment; None where it names something else."""
    said = _names(place, rules)
    head, mark, query = place.fragment.partition(_DIRECTIVE)[0].partition("?")
    if said != "page" and not (head.startswith(_NAMING) or (mark and not head)):
        return "" if said == "nothing" else None
    head, query = head.rstrip("/"), _query(query, place.path, rules)
    if query:
        return f"{head}?{query}"
    return head if head.strip("/!@") else ""


def _query(query: str, path: str, rules: aliases.Rules) -> str:
    parts = [part for part in query.split("&") if part]
    if not parts:
        return ""
    for row in rules.parameters:
        if row.covers(path):
            parts = row.sift(parts)
    return "&".join(parts)


def _is_circle(address: str) -> bool:
    found = read(address)
    return found is None or _followed(found.place, []) != _followed(
        found.place, [], _MOST_FORMS + 1
    )


def lost(address: str) -> str | None:
    """What an entry for this address would match, where that is more than was written: in words."""
    page = page_of(address)
    if page is None or not page.lost:
        return None
    return f"{page.form}, without {' and '.join(page.lost)}"


def _parse(value: str) -> bytes:
    found = canonical(value)
    if found is None:
        raise ValueError("an http or https URL")
    return found.encode()


KIND = Kind(
    name="url",
    route="url",
    source="url",
    make=one_by_one(lambda address: Fingerprint("url", address.encode())),
    parse=_parse,
    format=lambda value: value.decode(),
    lost=lost,
    exact=True,
    version=2,
)
