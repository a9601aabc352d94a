"""The verbs of threat packs: store a version, try it in shadow, make it live, take it out."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.settings import SettingsError
from tidegate.intake.threats.data import sources
from tidegate.intake.threats.model import Pattern, ThreatPack
from tidegate.intake.threats.queries import State, has_run, loaded, threat_pack_source
from tidegate.intake.threats.tables import threat_packs
from tidegate.ledger.actions import append
from tidegate.policy.fields import InvalidPack
from tidegate.policy.model import PackProblem

CHANNEL = "threats"
_T = threat_packs.c


def store_threat_pack(tx: Tx, source: str, file: str = "pack.toml") -> ThreatPack:
    """Keep a version for ever; storing the same again changes nothing.

    Raises Refusal: 422 "threat-pack-invalid" with `problems`; 409 "threat-pack-version-taken" if this name and
    version is stored with another source.
    """
    pack = read_threat_pack(source, file)
    lock_threat_packs(tx)
    same = (_T.name == pack.name, _T.version == pack.version)
    stored = tx.execute(sa.select(_T.source).where(*same)).scalar_one_or_none()
    if stored == source:
        return pack
    if stored is not None:
        raise Refusal(
            "threat-pack-version-taken",
            409,
            "This threat pack version is stored with another source",
            f"Stored versions never change. Give the pack a version above {pack.version}.",
        )
    tx.execute(
        sa.insert(threat_packs).values(
            name=pack.name,
            version=pack.version,
            source=source,
            digest=pack.digest,
            state="stored",
            created_by=tx.actor,
            created_at=tx.now,
        )
    )
    append(tx, "threats.stored", {"pack": pack.ident, "digest": pack.digest.hex()})
    return pack


def shadow_threat_pack(tx: Tx, name: str, version: int, reason: str = "") -> ThreatPack:
    """Try a stored version beside what is live: what it would say otherwise is recorded, and nothing acts on it.

    Raises Refusal: 404 "threat-pack-unknown", 422 "threat-pack-invalid" if this program cannot read it; 409
    "threat-pack-live" if it is live.
    """
    pack = read_threat_pack(threat_pack_source(tx, name, version), f"{name}@{version}")
    lock_threat_packs(tx)
    if _in_state(tx, name, "live") == version:
        detail = f"{pack.ident} is live: there is nothing to try."
        raise Refusal("threat-pack-live", 409, "This threat pack version is live", detail)
    _move(tx, pack, "shadow", {"reason": reason or None})
    return pack


def live_threat_pack(
    tx: Tx, name: str, version: int, *, now: bool = False, reason: str = ""
) -> ThreatPack:
    """Screen by a stored version from now on, in all processes. What is live already stays as it is.

    Raises Refusal: 404 "threat-pack-unknown", 422 "threat-pack-invalid" if this program cannot read it; 409
    "threat-pattern-untried" with `patterns` if any that is live in it never ran as it is, neither in shadow nor
    live, unless it has to be `now`: a threat is too much, and a false alarm at night too, to try it out on people.
    """
    pack = read_threat_pack(threat_pack_source(tx, name, version), f"{name}@{version}")
    lock_threat_packs(tx)
    if _in_state(tx, name, "live") == version:
        return pack
    new = untried(pack, [one for source in has_run(tx, name) if (one := _readable(source))])
    names = [one.name for one in new]
    if new and not now:
        raise Refusal(
            "threat-pattern-untried",
            409,
            "Patterns of this version have never run in shadow",
            f"Try it first: `tidegate threats shadow {name} {version}`. New or changed: {', '.join(names)}.",
            patterns=names,
        )
    _move(tx, pack, "live", {"reason": reason or None, "untried": names or None})
    return pack


def withdraw_threat_pack(tx: Tx, name: str, *, shadow: bool = False, reason: str = "") -> None:
    """Screen by no version of a name any more; with `shadow` only end what is tried.

    Raises Refusal 404 "threat-pack-unknown" if none runs.
    """
    lock_threat_packs(tx)
    ended = 0
    for state in ("shadow",) if shadow else ("shadow", "live"):
        version = _in_state(tx, name, state)
        if version is not None:
            _rest(tx, name, state)
            record = {"pack": f"{name}@{version}", "state": state, "reason": reason or None}
            append(tx, "threats.withdrawn", record)
            ended += 1
    if not ended:
        detail = f"No version of {name} is {'in shadow' if shadow else 'live or in shadow'}."
        raise Refusal("threat-pack-unknown", 404, "There is no such threat pack", detail)
    tx.notify(CHANNEL, name)


def ensure_threat_packs(tx: Tx, data_dir: Path | None = None) -> None:
    """Store the shipped packs, or the operator's in their place, and make them live, if none was ever stored:
    the first start of an instance. Raises SettingsError."""
    if _any(tx):
        return
    lock_threat_packs(tx)
    if _any(tx):  # somebody else was quicker
        return
    for where, source in sources(data_dir).items():
        try:
            pack = store_threat_pack(tx, source, where)
        except Refusal as refusal:
            why = f"A threat pack to start with cannot be used.\n{refusal.detail}"
            raise SettingsError(why) from None
        if any(one.mode == "live" for one in pack.patterns):
            live_threat_pack(tx, pack.name, pack.version, now=True, reason="the first start")


def untried(pack: ThreatPack, ran: list[ThreatPack]) -> list[Pattern]:
    """The live patterns of a pack that ran in none of the others as they are, by all that decides when they
    fire: a word that a group gained makes a pattern another one."""
    known = {
        one.digest for other in ran for one in other.patterns if one.mode in ("live", "shadow")
    }
    return [one for one in pack.patterns if one.mode == "live" and one.digest not in known]


def lock_threat_packs(tx: Tx) -> None:
    """Changes happen one at a time; reading goes on meanwhile."""
    tx.execute(sa.text("LOCK TABLE threat_packs IN SHARE ROW EXCLUSIVE MODE"))


def read_threat_pack(source: str, file: str) -> ThreatPack:
    """The pack. Raises Refusal 422 "threat-pack-invalid" with its `problems`."""
    try:
        return loaded(source, file)
    except InvalidPack as invalid:
        raise _invalid(invalid.problems) from None


def _readable(source: str) -> ThreatPack | None:
    try:
        return loaded(source, "pack.toml")
    except InvalidPack:
        return None


def _any(tx: Tx) -> bool:
    return tx.execute(sa.select(sa.exists(sa.select(_T.name)))).scalar_one()


def _in_state(tx: Tx, name: str, state: State) -> int | None:
    query = sa.select(_T.version).where(_T.name == name, _T.state == state)
    return tx.execute(query).scalar_one_or_none()


def _rest(tx: Tx, name: str, state: State) -> None:
    tx.execute(
        sa.update(threat_packs).where(_T.name == name, _T.state == state).values(state="stored")
    )


def _move(tx: Tx, pack: ThreatPack, state: State, record: dict[str, Any]) -> None:
    """A version in the place of the one that was in this state, with a ledger entry; other processes hear."""
    before = _in_state(tx, pack.name, state)
    _rest(tx, pack.name, state)
    at = {"live": {"live_at": tx.now}, "shadow": {"shadowed_at": tx.now}}[state]
    tx.execute(
        sa.update(threat_packs)
        .where(_T.name == pack.name, _T.version == pack.version)
        .values(state=state, **at)
    )
    previous = None if before is None else f"{pack.name}@{before}"
    said = {"pack": pack.ident, "digest": pack.digest.hex(), "previous": previous}
    append(tx, "threats.live" if state == "live" else "threats.shadowed", said | record)
    tx.notify(CHANNEL, pack.ident)


def _invalid(problems: list[PackProblem]) -> Refusal:
    """What is told of a pack with errors."""
    return Refusal(
        "threat-pack-invalid",
        422,
        "The threat pack has errors",
        "\n".join(map(str, problems)),
        problems=problems,
    )
