"""What a batch of reports is answered with."""

from typing import Any

import msgspec

from tidegate.client.model import ReportAnswer


class ReportBatchAnswer(msgspec.Struct, frozen=True):
    """One line of the answer: `report` when it was taken, else `problem` (a problem document).

    `index` counts the reports of the whole stream from 0.
    """

    index: int
    status: int
    report: ReportAnswer | None = None
    problem: dict[str, Any] | None = None
