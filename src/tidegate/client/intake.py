"""What is asked and answered about reports beside sending them: who their sources are, how far
they are believed, and which organisations report."""

from datetime import datetime

import msgspec


class Source(msgspec.Struct, frozen=True):
    """Who a report comes from, as they said; where it is printed as a whole, it does not say it."""

    report: str
    name: str | None = None
    contact: str | None = None
    relation: str | None = None

    def __repr__(self) -> str:
        return "Source(…)"


class GradeCode(msgspec.Struct, frozen=True):
    """A code of a scheme with its words; `value` is on the ladder that all schemes share."""

    code: str
    words: str | None = None
    value: float | None = None


class Caveat(msgspec.Struct, frozen=True):
    """Who may be told: a code of a scheme."""

    scheme: str
    code: str
    words: str | None = None


class ReportGrade(msgspec.Struct, frozen=True, kw_only=True):
    """One assessment of a report: of its source and of what it says, each for itself."""

    number: int
    scheme: str
    source: GradeCode
    information: GradeCode
    by: str
    at: datetime
    kind: str = "assessment"
    handling: Caveat | None = None
    note: str | None = None


class GradingScheme(msgspec.Struct, frozen=True, kw_only=True):
    """The codes of a scheme; one without `source` and `information` is for handling alone."""

    name: str
    title: str
    source: list[GradeCode] = []
    information: list[GradeCode] = []
    handling: list[GradeCode] = []


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """What became of reports. `precision` is a share with its interval (`n`, `value`, `low`, `high`), `month`
    when they came."""

    reports: int
    decided: int
    acted: int
    precision: dict[str, float | None]
    month: str | None = None


class Flagger(msgspec.Struct, frozen=True, kw_only=True):
    """A trusted flagger; read by itself, with what became of its reports."""

    id: str
    name: str
    state: str
    created_at: datetime
    created_by: str
    contact: str | None = None
    areas: list[str] = []
    platform: str | None = None
    suspended_reason: str | None = None
    suspended_at: datetime | None = None
    quality: Quality | None = None
    months: list[Quality] = []


class NotifierMeasure(msgspec.Struct, frozen=True, kw_only=True):
    """A warning, a suspension, or the lifting of either."""

    verb: str
    reason: str
    by: str
    at: datetime
    until: datetime | None = None


class Notifier(msgspec.Struct, frozen=True, kw_only=True):
    """Where a notifier stands, by pseudonym."""

    notifier: str
    platform: str
    state: str
    measures: list[NotifierMeasure]
    quality: Quality
    until: datetime | None = None
