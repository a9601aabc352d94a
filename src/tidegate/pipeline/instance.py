"""One process of one instance: everything that its paths share, opened and closed together."""

from collections.abc import Generator
from contextlib import contextmanager
from secrets import randbelow

from tidegate.access.refused import Refused
from tidegate.clocks.packs import read_packs
from tidegate.content.evidence import EvidenceStore
from tidegate.content.media.model import MediaLimits
from tidegate.content.media.pool import MediaPool
from tidegate.exchange.keys import check_own_keys
from tidegate.infra.clock import Clock, clock_beside
from tidegate.infra.db import Database, Tx
from tidegate.infra.identity import claim_database, database_identity
from tidegate.infra.migrations import migrate_own
from tidegate.infra.postgres.place import find_place
from tidegate.infra.room import Room
from tidegate.infra.secrets import InstanceSecrets
from tidegate.infra.settings import Settings
from tidegate.intake.references import Below
from tidegate.intake.schemes import read_schemes
from tidegate.intake.threats.actions import ensure_threat_packs
from tidegate.intake.threats.queries import ScreenStore
from tidegate.intake.threats.screen import Screen
from tidegate.ledger.model import HEAD_FILE
from tidegate.orders.wording import read_redress, read_wording
from tidegate.oversight.checks.reading import read_signs
from tidegate.oversight.measures.packs import read_measures
from tidegate.pipeline.house import SCOPES
from tidegate.pipeline.lookback.asking import Asking
from tidegate.pipeline.near import NearItems
from tidegate.policy.actions import ensure_default
from tidegate.policy.data import read_offences
from tidegate.policy.model import Pack
from tidegate.policy.queries import PackStore
from tidegate.review.totals import Totals
from tidegate.signals.banks.snapshot import BankSnapshot
from tidegate.signals.fingerprints.pixels import HASHER, can_be
from tidegate.signals.fingerprints.url import use as use_aliases
from tidegate.signals.index import CodeIndex, Folder
from tidegate.triage.incidents.schemes import schemes_of
from tidegate.triage.kept.memory import ClusterMemory
from tidegate.triage.urgency import Urgency


class Instance:
    """The parts that the rim hands to the paths. Made by `opened`."""

    def __init__(
        self, settings: Settings, url: str, clock: Clock | None = None, board: int | None = None
    ) -> None:
        self.settings = settings
        use_aliases(settings.data_dir)
        self.clocks = read_packs(settings.data_dir)
        self.wording = read_wording(settings.data_dir)
        self.redress = read_redress(settings.data_dir)
        self.measures = read_measures(settings.data_dir)
        self.offences = read_offences(settings.data_dir)
        self.grading = read_schemes(settings.data_dir)
        self.signs = read_signs(settings.data_dir)
        self.schemes = schemes_of(settings, SCOPES.known)
        self.board = board  # what its supervisor has seen (`infra.pulse`)
        self.clock = clock or clock_beside(settings.data_dir)
        self.below: Below = randbelow  # whence the codes come that nobody should guess
        place = None if settings.database_url else find_place(settings.data_dir)
        self.room = Room(place and place.data, [settings.data_dir])
        self.database = Database(url, self.clock, pool_size=16, room=self.room)
        self.secrets = InstanceSecrets.open(settings.data_dir)
        try:
            with self.database.begin() as tx:
                # Before anything else is made in the data directory: it may be the wrong one.
                trace = settings.data_dir / HEAD_FILE
                claim_database(tx, self.secrets, trace, synthetic=settings.synthetic)
                check_own_keys(tx, self.secrets)
                identity = database_identity(tx)
        except BaseException:
            self.database.close()
            raise
        self.evidence = EvidenceStore(settings.data_dir / "evidence")
        self.index_folder = settings.data_dir / "index"
        self.banks = BankSnapshot(CodeIndex(Folder(self.index_folder / "banks", identity)))
        self.near_items = NearItems(self.index_folder / "items")
        self.asking = Asking()
        self.clusters = ClusterMemory()
        self.packs = PackStore()
        self.urgency = Urgency(self.secrets.terms_key)
        self.screens = ScreenStore()
        self.refused = Refused()
        self.totals = Totals(self.database.begin)
        self.media = MediaPool(
            hasher=HASHER,
            accepts=can_be,
            workers=settings.media_workers,
            limits=MediaLimits(
                max_pixels=settings.media_max_pixels, wall_seconds=settings.media_wall_seconds
            ),
        )

    @property
    def synthetic(self) -> bool:
        """Whether all that it keeps is made up; whatever leaves it then says so."""
        return self.settings.synthetic

    def pack(self, tx: Tx) -> Pack:
        """The active policy pack, as of now."""
        return self.packs.refresh(tx)

    def threats(self, tx: Tx) -> Screen:
        """What texts of reports are screened by, as of now."""
        return self.screens.refresh(tx)

    def close(self) -> None:
        self.media.close()
        self.totals.close()
        self.database.close()


@contextmanager
def opened(
    settings: Settings, url: str, clock: Clock | None = None, board: int | None = None
) -> Generator[Instance]:
    """An instance on a migrated database with an active policy pack. Raises SettingsError."""
    migrate_own(settings, url)
    instance = Instance(settings, url, clock, board)
    try:
        with instance.database.begin() as tx:
            ensure_default(tx, settings.data_dir)
            ensure_threat_packs(tx, settings.data_dir)
            instance.pack(tx)
            instance.banks.refresh(tx)
        yield instance
    finally:
        instance.close()
