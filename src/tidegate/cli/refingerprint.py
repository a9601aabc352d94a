"""`tidegate items refingerprint`: codes of kinds that are new, for the posts of before; for entries the
codes of addresses and texts as they are read now.

The worker does the same by itself in the background; this shows how far it is, and helps.
"""

import time

from tidegate.cli.context import DataDir, existing, say, settings_of
from tidegate.cli.showing import bar
from tidegate.infra.postgres import database_url
from tidegate.pipeline.instance import opened
from tidegate.pipeline.lookback.kinds import KindWalk, left
from tidegate.pipeline.lookback.renewal import EntryWalk

_PAUSE_SECONDS = 0.5  # while another process is at it


def refingerprint(data_dir: DataDir = None) -> None:
    """Make the codes of new kinds for all kept items, and wait until they are made. The banks are
    asked with them by the server's worker. Killed at any time, run it again to go on."""
    settings = existing(settings_of(data_dir))
    with (
        database_url(settings.database_url, settings.data_dir) as url,
        opened(settings, url) as instance,
    ):
        _renew_entries(EntryWalk(instance.database))
        walk = KindWalk(instance)
        kinds, changed = sorted(walk.kinds), 0
        if not kinds:
            say("Nothing to do: all kept items have the codes of every kind.")
            return
        with instance.database.begin() as tx:
            total = left(tx)
        with bar("items") as progress:
            while walk.kinds:
                step = walk.step()
                changed += step.changed if step else 0
                with instance.database.begin() as tx:
                    progress(max(0, total - left(tx)), total)
                if step is None and walk.kinds:
                    time.sleep(_PAUSE_SECONDS)
    print(f"{', '.join(kinds)}: {changed:,} items have other codes now")


def _renew_entries(walk: EntryWalk) -> None:
    changed = 0
    while not walk.over:
        step = walk.step()
        changed += step.changed if step else 0
        if step is None and not walk.over:
            time.sleep(_PAUSE_SECONDS)
    if changed:
        say(f"{changed:,} entries have other codes now")
