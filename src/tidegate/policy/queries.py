"""Reading stored packs, and the pack that a process judges by."""

import threading
from datetime import datetime
from functools import lru_cache

import msgspec
import sqlalchemy as sa
import structlog

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.policy.data import Offence
from tidegate.policy.model import Ground, Label, Mode, Outcome, Pack
from tidegate.policy.reading import InvalidPack, load_pack
from tidegate.policy.tables import packs
from tidegate.policy.templates import Template
from tidegate.policy.weights import Weights

_log = structlog.get_logger(__name__)


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as people read it."""

    rule: str
    version: int
    mode: Mode
    outcome: Outcome
    text: str
    when: list[str]
    label: str | None


class LabelView(msgspec.Struct, frozen=True):
    """A label, its text for people, its ground, and how hard it is to look at (1 to 5)."""

    label: str
    text: str
    ground: Ground
    exemption_required: bool
    severity: int


class PolicyView(msgspec.Struct, frozen=True, kw_only=True):
    """The pack that everything is judged by. `digest` is the SHA-256 of its source, `priority` what the
    parts of a case's score are worth."""

    pack: str
    version: int
    digest: str
    text: str
    ground: Ground
    default_label: str
    rules: list[RuleView]
    labels: list[LabelView]
    templates: list[Template]
    exemptions: dict[str, str]
    private_digest_match: bool
    pass_unjudged: list[str]
    priority: Weights
    offences: list[Offence]


def policy_view(pack: Pack, offences: list[Offence]) -> PolicyView:
    """A pack as the API and the pages show it, with the offences that a decision may rest on."""
    return PolicyView(
        pack=pack.name,
        version=pack.version,
        digest=pack.digest.hex(),
        text=pack.text,
        ground=pack.ground,
        default_label=pack.default_label,
        rules=[
            RuleView(
                rule=rule.name,
                version=rule.version,
                mode=rule.mode,
                outcome=rule.outcome,
                text=rule.text,
                when=rule.sources,
                label=rule.label,
            )
            for rule in pack.rules
        ],
        labels=[_view_label(label) for label in pack.labels.values()],
        templates=list(pack.templates),
        exemptions=dict(pack.exemptions),
        private_digest_match=pack.private_digest_match,
        pass_unjudged=list(pack.pass_unjudged),
        priority=pack.priority,
        offences=offences,
    )


def _view_label(label: Label) -> LabelView:
    return LabelView(label.name, label.text, label.ground, label.exemption_required, label.severity)


class StoredPack(msgspec.Struct, frozen=True, kw_only=True):
    """A stored pack version. `digest` is the SHA-256 of its source, in hexadecimal."""

    name: str
    version: int
    digest: str
    active: bool
    created_by: str
    created_at: datetime
    activated_at: datetime | None

    @property
    def ident(self) -> str:
        return f"{self.name}@{self.version}"


_COLUMNS = (
    packs.c.name,
    packs.c.version,
    packs.c.digest,
    packs.c.state,
    packs.c.created_by,
    packs.c.created_at,
    packs.c.activated_at,
)


def list_packs(tx: Tx) -> list[StoredPack]:
    """All stored packs, by name and version."""
    rows = tx.execute(sa.select(*_COLUMNS).order_by(packs.c.name, packs.c.version))
    return [
        StoredPack(
            name=row.name,
            version=row.version,
            digest=row.digest.hex(),
            active=row.state == "active",
            created_by=row.created_by,
            created_at=row.created_at,
            activated_at=row.activated_at,
        )
        for row in rows
    ]


def pack_source(tx: Tx, name: str, version: int) -> str:
    """The source of a stored version. Raises Refusal 404 "pack-unknown"."""
    source = tx.execute(
        sa.select(packs.c.source).where(packs.c.name == name, packs.c.version == version)
    ).scalar_one_or_none()
    if source is None:
        raise Refusal(
            "pack-unknown", 404, "There is no such policy pack", f"No {name}@{version} is stored."
        )
    return source


def stored_sources(tx: Tx, name: str) -> dict[int, str]:
    """The sources of all stored versions of a pack, by version."""
    query = sa.select(packs.c.version, packs.c.source).where(packs.c.name == name)
    return {row.version: row.source for row in tx.execute(query.order_by(packs.c.version))}


def active_ident(tx: Tx) -> tuple[str, int] | None:
    """Name and version of the active pack. Cheap enough to be asked several times a second."""
    row = tx.execute(_ACTIVE).one_or_none()
    return (row.name, row.version) if row else None


_ACTIVE = sa.select(packs.c.name, packs.c.version).where(packs.c.state == "active")


@lru_cache(maxsize=2)
def _loaded(source: str, file: str) -> Pack:
    """A pack that was in use before is not read and compiled again."""
    return load_pack(source, file)


class PackStore:
    """The active pack as this process knows it; `refresh` catches up with the others.

    A stored version never changes, so its name and number say whether there is news. Activation
    notifies the channel `packs`; polling `refresh` is what makes it certain.
    """

    def __init__(self) -> None:
        self._pack: Pack | None = None
        self._seen: tuple[str, int] | None = None
        self._lock = threading.Lock()
        # Why the active pack is not the one in use, for logs and the doctor; None: it is.
        self.problem: str | None = None

    @property
    def known(self) -> Pack | None:
        """The pack as it was known last; None before anybody asked."""
        return self._pack

    def refresh(self, tx: Tx) -> Pack:
        """The active pack; loaded only if it is another one than before.

        One that this program cannot load (another version of it could, when it was activated) does
        not replace a good one: `problem` then says so. Raises LookupError if no pack is active,
        and InvalidPack if there is no good one.
        """
        with self._lock:
            ident = active_ident(tx)
            if ident is None:
                raise LookupError("no policy pack is active")
            if self._pack is None or self._seen != ident:
                self._pack = self._load(tx, *ident)
                self._seen = ident
            return self._pack

    def _load(self, tx: Tx, name: str, version: int) -> Pack:
        try:
            pack = _loaded(pack_source(tx, name, version), f"{name}@{version}")
        except InvalidPack as invalid:
            if self._pack is None:
                raise
            self.problem = f"{name}@{version} cannot be loaded: {invalid}"
            _log.error("policy pack not loaded", pack=f"{name}@{version}", used=self._pack.ident)
            return self._pack
        self.problem = None
        return pack
