"""Filters that are shared: by whom they are seen, replaced and forgotten where people are bound to platforms."""

from typing import Any

from tests.api import Api
from tests.web.visitor import Visitor


def saved(person: Visitor) -> list[tuple[str, str]]:
    found: list[dict[str, Any]] = person.get("/cases.json").json()["saved"]
    return [(one["name"], one["query"]) for one in found]


def share(person: Visitor, query: str, name: str = "Ours") -> None:
    form = {"name": name, "filter": query, "shared": "yes"}
    assert person.send("/cases/filters", form).status_code == 303


def ids(person: Visitor) -> list[str]:
    return [one["id"] for one in person.get("/cases.json").json()["saved"]]


def test_what_is_shared_on_one_platform_is_not_seen_on_another(api: Api) -> None:
    here, there = (
        Visitor(api.instance, api.client, "senior", platform) for platform in ("here", "there")
    )
    both = Visitor(api.instance, api.client, "senior", "here", "there")
    share(here, "label=threat")
    share(there, "label=propaganda")
    share(both, "band=0")
    assert sorted(saved(here)) == [("Ours", "band=0"), ("Ours", "label=threat")]
    reader = Visitor(api.instance, api.client, "reviewer", "there")
    assert sorted(saved(reader)) == [("Ours", "band=0"), ("Ours", "label=propaganda")]
    everybody = Visitor(api.instance, api.client, "reviewer")
    assert len(saved(everybody)) == 3
    share(here, "label=incitement")
    assert ("Ours", "label=propaganda") in saved(there), "one of the same name is theirs"
    assert ("Ours", "label=threat") not in saved(here), "and their own is replaced"


def test_who_is_bound_forgets_only_what_is_shared_on_their_platforms(api: Api) -> None:
    here, there = (
        Visitor(api.instance, api.client, "senior", platform) for platform in ("here", "there")
    )
    leads = Visitor(api.instance, api.client, "senior")
    share(here, "label=threat")
    (theirs,) = ids(here)
    assert there.send(f"/cases/filters/{theirs}/delete").status_code == 404
    share(leads, "band=0", "All")
    all_ = next(one for one in ids(leads) if one != theirs)
    assert here.send(f"/cases/filters/{all_}/delete").status_code == 403
    assert api.count("saved_filters") == 2
    assert here.send(f"/cases/filters/{theirs}/delete").status_code == 303
    assert leads.send(f"/cases/filters/{all_}/delete").status_code == 303
    assert api.count("saved_filters") == 0
