"""Web addresses are read as the WHATWG URL standard says: its published test data, none left out."""

import json
from pathlib import Path
from typing import Any

from tidegate.signals.fingerprints.url import canonical
from tidegate.signals.fingerprints.weburl import read

DATA = Path(__file__).parents[1] / "data" / "urltestdata.json"
CASES: list[dict[str, Any]] = [
    case for case in json.loads(DATA.read_text("utf-8")) if isinstance(case, dict)
]
# What is relative to a base is no address by itself.
ABSOLUTE = [case for case in CASES if not case.get("base") or "://" in case["input"]]
WEB = [case for case in ABSOLUTE if case.get("protocol") in ("http:", "https:")]
OTHER = [case for case in ABSOLUTE if not case.get("failure") and case not in WEB]
WRONG = [case for case in ABSOLUTE if case.get("failure")]


def test_the_data_is_there() -> None:
    assert (len(WEB), len(OTHER), len(WRONG)) == (181, 234, 256)


def test_web_addresses_are_what_the_standard_says() -> None:
    for case in WEB:
        found, host = read(case["input"]), case["hostname"]
        assert found is not None, case
        root = host.endswith(".") and len(host) > 1 and not host.endswith("..")
        assert found.place.host == (host[:-1] if root else host), case
        port = "" if case["port"] in ("80", "443") else case["port"]
        assert found.place.port.removeprefix(":") == port, case
        assert found.user.partition(":")[0] == case["username"], case
        form = canonical(case["input"])
        assert form == canonical(case["href"]), case
        assert form is not None
        assert form == canonical(form), case


def test_other_schemes_are_no_web_address() -> None:
    assert [case for case in OTHER if canonical(case["input"]) is not None] == []


def test_what_the_standard_refuses_is_none() -> None:
    def is_web(case: dict[str, Any]) -> bool:
        return case["input"].strip("".join(map(chr, range(33)))).lower().startswith("http")

    assert [case for case in WRONG if is_web(case) and canonical(case["input"]) is not None] == []
