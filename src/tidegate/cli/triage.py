"""`tidegate triage`: what the queue would have looked like."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tidegate.cli.context import DataDir, Json, settings_of, transaction
from tidegate.infra.durations import read_duration
from tidegate.policy.actions import load
from tidegate.policy.fields import InvalidPack
from tidegate.policy.queries import active_ident, pack_source
from tidegate.policy.queues import QueueRule
from tidegate.policy.reading import load_pack
from tidegate.policy.reading_weights import weights_alone
from tidegate.policy.toml import NotToml, parse
from tidegate.policy.weights import PARTS, Weights
from tidegate.review.ageing import ageing_of
from tidegate.review.listing import scored_since
from tidegate.triage.replay import Looked, Moved, ReplayReport, replay_queues
from tidegate.triage.replay import replay as replay_cases

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What comes first, and why.")
app.callback()(lambda: None)  # with a single command Typer would leave its name out


@app.command()
def replay(
    weights: Annotated[
        Path | None,
        typer.Option(
            help="A policy pack, or a file with [priority] alone; without, what those in force do",
            exists=True,
        ),
    ] = None,
    data_dir: DataDir = None,
    since: Annotated[str, typer.Option(help="How far back: 7d, 12h, 90m")] = "7d",
    people: Annotated[int, typer.Option(help="How many are at work, for the estimate", min=1)] = 5,
    minutes: Annotated[float, typer.Option(help="How long one looks at a case", min=0.01)] = 3.0,
    examples: Annotated[int, typer.Option(help="How many that rise and fall to show", min=0)] = 10,
    as_json: Json = False,
) -> None:
    """Say what the queue would have looked like by other weights, and by a pack's rules for queues. Without
    --weights it is what the weights in force make of it, against the oldest first. Nothing of it is carried
    out."""
    back = read_duration(since)
    if back is None:
        raise typer.BadParameter("expected a number with d, h or m, e.g. 7d", param_hint="--since")
    given = None if weights is None else _given(weights)
    with transaction(data_dir) as tx:
        active = active_ident(tx)
        pack = None if active is None else load(pack_source(tx, *active), "")
        found = scored_since(tx, tx.now - back)
    in_force = Weights() if pack is None else pack.priority
    after, queues = given or (in_force, None)
    before = in_force if given else _oldest_first(in_force)
    report = replay_cases(
        found,
        before,
        after,
        ageing_of(settings_of(data_dir)),
        people=people,
        look=timedelta(minutes=minutes),
        examples=examples,
    )
    if queues is not None:
        moved, unrouted = replay_queues(found, pack.queues if pack else (), queues)
        report = msgspec.structs.replace(report, queues=moved, unrouted=unrouted)
    if as_json:
        print(msgspec.json.encode(report).decode())
    else:
        if given is None:
            print("by the weights in force, against the oldest first:")
        _tell(report)


def _oldest_first(weights: Weights) -> Weights:
    """What lets nothing but waiting count within a band."""
    return Weights(**dict.fromkeys(PARTS, 0.0) | {"age": weights.age})


def _given(file: Path) -> tuple[Weights, tuple[QueueRule, ...] | None]:
    """The weights and rules for queues of a pack, or the weights of a file that has them alone. Ends the command
    with every problem there is."""
    text = file.read_text()
    try:
        is_pack = "pack" in parse(text)
    except NotToml:
        is_pack = False  # what is wrong is said below
    try:
        if not is_pack:
            return weights_alone(text, str(file)), None
        pack = load_pack(text, str(file))
    except InvalidPack as invalid:
        for problem in invalid.problems:
            print(problem)
        raise typer.Exit(1) from None
    return pack.priority, pack.queues


def _tell(report: ReplayReport) -> None:
    tau = "–" if report.tau is None else f"{report.tau:.3f}"
    print(f"{report.cases} cases: {report.moved} would stand elsewhere, Kendall's tau {tau}")
    for name, moved in (("rises", report.risers), ("falls", report.fallers)):
        for one in moved:
            print(f"{name:>6}  {_line(one)}")
    print(f"first look, estimated: {report.people} people, {report.seconds / 60:g} min a case")
    for name, looked in (("before", report.looked_before), ("after", report.looked_after)):
        print(f"{name:>6}  {_waits(looked)}")
    for queue in report.queues:
        print(f"queue {queue.queue}: {queue.before} → {queue.after}")
    if report.unrouted:
        print(
            f"{report.unrouted} cases stay by default: a rule for queues cannot be evaluated on them"
        )


def _line(one: Moved) -> str:
    points = f"{one.points_before:g} → {one.points_after:g} points"
    return f"{one.before} → {one.after}  {one.item or one.case}  ({points})"


def _waits(looked: Looked) -> str:
    told: list[str] = []
    for name, one in (("all", looked.all), ("acted on", looked.urgent)):
        if one.median is not None and one.p95 is not None:
            median, p95 = one.median / 60, one.p95 / 60
            told.append(f"{name} ({one.cases}): median {median:.1f} min, p95 {p95:.1f} min")
    return "; ".join(told) or "no cases"
