"""Checking a pack without storing it, for `POST /v1/policy/check` and `tidegate policy check`."""

import msgspec

from tidegate.policy.model import PackProblem
from tidegate.policy.reading import check_source


class CheckResult(msgspec.Struct, frozen=True):
    """Whether the pack can be used, and everything that is wrong with it."""

    ok: bool
    problems: list[PackProblem]


def check(source: str, file: str = "pack.toml") -> CheckResult:
    """Check a pack's source."""
    problems = check_source(source, file)
    return CheckResult(not problems, problems)
