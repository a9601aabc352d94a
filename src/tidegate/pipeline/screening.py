"""Reports read for threats to life, before anything else is done about them.

That takes some time and needs no database, so it is done before a report waits for its turn, and a threat waits in
a queue of its own: behind nothing else that its sender has sent. Where packs have changed meanwhile it is read once
more in its turn.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from tidegate.infra.db import Tx
from tidegate.intake.channels import THREAT
from tidegate.intake.model import Filed, ReportIn
from tidegate.intake.threats.model import rings, strongest
from tidegate.intake.threats.screen import Screen, Shadowed
from tidegate.intake.threats.trials import note_trials
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.told import Told


def screened_ahead(instance: Instance, told: Told) -> Told:
    """A report with what it threatens by the packs that this process knows, and the queue in which it waits. As it
    is, as long as the process knows none."""
    screen = instance.screens.known
    if screen is None:
        return told
    told = _by(screen, told)
    if not rings_for(told.taken.said, told.threat):
        return told
    return msgspec.structs.replace(told, queue=f"{told.queue} threats")


def screened(tx: Tx, instance: Instance, told: Sequence[Told]) -> list[Told]:
    """Reports with what each threatens by the packs that are live now."""
    screen = instance.threats(tx)
    return [one if one.screen is screen else _by(screen, one) for one in told]


def note_tried(tx: Tx, told: Told, filed: Filed) -> None:
    """Keep what packs in shadow say otherwise of a report that was filed."""
    packs = told.screen.shadow_idents if told.screen is not None else ()
    note_trials(tx, filed.item.id, filed.id, packs, told.tried)


def words_in(said: ReportIn) -> dict[str, str]:
    """The texts of a report that are screened, by the field that they stand in."""
    fields = {"text": said.text, "comment": said.comment, "location": said.location}
    return {name: words for name, words in fields.items() if words}


def rings_for(said: ReportIn, threat: dict[str, Any] | None) -> bool:
    """Whether people are called about a report: it says that a life is threatened, or sounds so."""
    return said.reason == THREAT or (threat is not None and rings(threat["level"]))


def level_of(threat: dict[str, Any] | None) -> str | None:
    return None if threat is None else threat["level"]


def _by(screen: Screen, told: Told) -> Told:
    said = told.taken.said
    return msgspec.structs.replace(
        told, screen=screen, threat=_threat(screen, said), tried=_tried(screen, said)
    )


def _tried(screen: Screen, said: ReportIn) -> dict[str, Shadowed]:
    if not screen.tries:
        return {}
    return {
        name: tried
        for name, words in words_in(said).items()
        if (tried := screen.screen_shadow(words, said.language)) is not None
    }


def _threat(screen: Screen, said: ReportIn) -> dict[str, Any] | None:
    """The highest level, and what fired, each with the field that it stands in."""
    found = {
        name: threat
        for name, words in words_in(said).items()
        if (threat := screen.screen(words, said.language)) is not None
    }
    if not found:
        return None
    because = [
        msgspec.to_builtins(fired) | {"field": name}
        for name, threat in found.items()
        for fired in threat.because
    ]
    level = strongest(threat.level for threat in found.values())
    return {"level": level, "because": because, "alert": None}
