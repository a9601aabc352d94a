"""The verbs of policy: store a pack version, and make one the active one."""

import tomllib
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.infra.settings import SettingsError
from tidegate.ledger.actions import append
from tidegate.policy.data import DEFAULT_PACK, default_source
from tidegate.policy.model import Pack, PackProblem
from tidegate.policy.queries import active_ident, pack_source
from tidegate.policy.reading import InvalidPack, load_pack
from tidegate.policy.tables import packs

CHANNEL = "packs"


def store_pack(tx: Tx, source: str, file: str = "pack.toml") -> Pack:
    """Keep a pack version for ever; storing the same again changes nothing.

    Raises Refusal: 422 "pack-invalid" with `problems` if it cannot be loaded, or changes a rule
    of an earlier version without giving it a new version; 409 "pack-version-taken" if this name
    and version is stored with another source.
    """
    pack = _load(source, file)
    _lock(tx)
    if changed := _changed_rules(tx, pack, file):
        raise _invalid(changed)
    stored = tx.execute(
        insert(packs)
        .values(
            name=pack.name,
            version=pack.version,
            source=source,
            digest=pack.digest,
            state="stored",
            created_by=tx.actor,
            created_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(packs.c.name)
    ).one_or_none()
    if stored:
        append(tx, "policy.stored", {"pack": pack.ident, "digest": pack.digest.hex()})
    elif pack_source(tx, pack.name, pack.version) != source:
        raise Refusal(
            "pack-version-taken",
            409,
            "This pack version is stored with another source",
            f"Stored versions never change. Give the pack a version above {pack.version}.",
        )
    return pack


def activate_pack(tx: Tx, name: str, version: int) -> Pack:
    """Make a stored version the one that everything is judged by, in all processes.

    Raises Refusal: 404 "pack-unknown", 422 "pack-invalid" if this program cannot load it. Then
    the pack from before stays active. Activating the active pack changes nothing.
    """
    pack = _load(pack_source(tx, name, version), f"{name}@{version}")
    _lock(tx)
    before = active_ident(tx)
    if before == (name, version):
        return pack
    tx.execute(sa.update(packs).where(packs.c.state == "active").values(state="stored"))
    tx.execute(
        sa.update(packs)
        .where(packs.c.name == name, packs.c.version == version)
        .values(state="active", activated_at=tx.now)
    )
    append(
        tx,
        "policy.activated",
        {
            "pack": pack.ident,
            "digest": pack.digest.hex(),
            "previous": f"{before[0]}@{before[1]}" if before else None,
        },
    )
    tx.notify(CHANNEL, pack.ident)
    return pack


def ensure_default(tx: Tx, data_dir: Path | None = None) -> None:
    """Store and activate the shipped pack, or the operator's in its place, if no pack is active: the
    first start of an instance. Raises SettingsError."""
    if active_ident(tx) is None:
        try:
            pack = store_pack(tx, default_source(data_dir), DEFAULT_PACK)
        except Refusal as refusal:
            why = f"The pack to start with cannot be used.\n{refusal.detail}"
            raise SettingsError(why) from None
        if active_ident(tx) is None:  # nobody else was quicker: storing took the lock
            activate_pack(tx, pack.name, pack.version)


def _lock(tx: Tx) -> None:
    """Storing and activating happen one at a time; reading goes on meanwhile."""
    tx.execute(sa.text("LOCK TABLE packs IN SHARE ROW EXCLUSIVE MODE"))


def _load(source: str, file: str) -> Pack:
    try:
        return load_pack(source, file)
    except InvalidPack as invalid:
        raise _invalid(invalid.problems) from None


def _invalid(problems: list[PackProblem]) -> Refusal:
    return Refusal(
        "pack-invalid",
        422,
        "The policy pack has errors",
        "\n".join(map(str, problems)),
        problems=problems,
    )


def _changed_rules(tx: Tx, pack: Pack, file: str) -> list[PackProblem]:
    """Rules that differ from a stored rule of the same name and version.

    Else "rule 3 in version 2" would not say what an evaluation was made by. The mode may change,
    and the texts for people.
    """
    problems: list[PackProblem] = []
    rules = {(rule.name, rule.version): rule for rule in pack.rules}
    for other in tx.execute(
        sa.select(packs.c.version, packs.c.source)
        .where(packs.c.name == pack.name, packs.c.version != pack.version)
        .order_by(packs.c.version)
    ):
        for old in tomllib.loads(other.source).get("rules", []):
            rule = rules.get((old["name"], old["version"]))
            if rule and (rule.outcome, rule.sources) != (old["outcome"], old["when"]):
                del rules[rule.name, rule.version]
                problems.append(
                    PackProblem(
                        message=f"version {rule.version} of this rule says something else in"
                        f" {pack.name}@{other.version}",
                        file=file,
                        rule=rule.name,
                        hint=f"give it `version = {rule.version + 1}`",
                    )
                )
    return problems
