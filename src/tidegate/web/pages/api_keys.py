"""API keys: what each may, from where and until when; made, given a new secret, ended. For administrators."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from tidegate.access.actions import create_key, revoke_key, rotate_key
from tidegate.access.bounds import Bounds, read_end, read_key_rate, read_networks
from tidegate.access.model import KeyView
from tidegate.access.queries import list_keys
from tidegate.infra.durations import read_overlap
from tidegate.infra.errors import Refusal, bad_field
from tidegate.pipeline.house import SCOPES
from tidegate.web.pages.once import shown_once
from tidegate.web.pages.page import PageRoute, with_query
from tidegate.web.pages.visit import Visit


class KeyRow(KeyView, frozen=True, kw_only=True):
    """A key, and whether it is good now: `standing`, `expired` or `revoked`. `user` is what others know
    the person by for whom it acts."""

    state: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A key's new secret, which is shown this once. The one of before is good until `old_until`."""

    id: str
    key: str
    old_until: datetime | None = None


class KeysPage(msgspec.Struct, frozen=True):
    """Every key, the newest first, and what one can be made with. Nobody keeps their secrets. `fresh`:
    whoever looks has shown lately that it is them, and may make and end some."""

    keys: list[KeyRow]
    scopes: dict[str, str]
    channels: list[str]
    fresh: bool
    shown: Shown | None = None


def show(visit: Visit) -> KeysPage:
    with visit.begin() as tx:
        found = [_row(key, tx.now, visit.names.called) for key in list_keys(tx)]
    scopes = {name: scope.allows for name, scope in SCOPES.known.items()}
    return KeysPage(found, scopes, sorted(SCOPES.channels), visit.shows_what_is_asked_for())


def create(visit: Visit) -> Response:
    with visit.begin() as tx:
        expires, networks, rate = (
            visit.field("expires"),
            visit.parts("network"),
            visit.field("rate"),
        )
        bounds = Bounds(
            expires_at=read_end(expires, tx.now) if expires else None,
            networks=read_networks(networks) if networks else (),
            channels=tuple(one for one in visit.fields("channels") if one),
            rate=read_key_rate(rate) if rate else None,
        )
        try:
            key_id, token = create_key(
                tx,
                SCOPES,
                visit.field("name"),
                visit.fields("scopes"),
                visit.field("platform") or None,
                visit.field("user") or None,
                bounds,
            )
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            raise bad_field("/user", "the address of a user", visit.field("user")) from refusal
    return _with(visit, Shown(id=key_id, key=token))


def rotate(visit: Visit) -> Response:
    wait = read_overlap(visit.field("overlap", "24h"))
    with visit.begin() as tx:
        key_id, token = rotate_key(tx, visit.path["key"], wait)
        until = tx.now + wait if wait else None
    return _with(visit, Shown(id=key_id, key=token, old_until=until))


def revoke(visit: Visit) -> str:
    with visit.begin() as tx:
        revoke_key(tx, visit.path["key"])
    return with_query("/keys", done="revoked")


def _with(visit: Visit, shown: Shown) -> Response:
    return shown_once(visit, "api_keys.html", msgspec.structs.replace(show(visit), shown=shown))


def _row(key: KeyView, now: datetime, called: Callable[[str], str]) -> KeyRow:
    ended = "revoked" if key.revoked_at is not None else "expired"
    stands = key.revoked_at is None and (key.expires_at is None or key.expires_at > now)
    told: dict[str, Any] = msgspec.structs.asdict(key)
    told["user"] = key.user and called(f"user:{key.user}")
    return KeyRow(**told, state="standing" if stands else ended)


_keys = PageRoute(path="/keys", handler=show, scope="admin", whole=True, template="api_keys.html")
pages = [
    _keys,
    PageRoute(
        method="POST",
        path="/keys",
        handler=create,
        scope="admin",
        whole=True,
        again=_keys,
        fresh=True,
    ),
    *(
        PageRoute(
            method="POST",
            path=f"/keys/{{key}}/{verb}",
            handler=handler,
            scope="admin",
            whole=True,
            again=_keys,
            fresh=True,
        )
        for verb, handler in (("rotate", rotate), ("revoke", revoke))
    ),
]
