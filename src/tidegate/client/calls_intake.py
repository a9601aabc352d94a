"""More functions as those of `calls.py`, one a route: about reports that are there."""

from urllib.parse import quote

import msgspec

from tidegate.client.call import Call
from tidegate.client.intake import Source

_json = msgspec.json.Encoder()


def source(id: str, purpose: str, justification: str | None = None) -> Call[Source]:
    """See who the source of a report is, for a purpose; each sight is in the ledger. A key of a person
    needs a `justification`. No answer is kept: one that is asked for again is seen twice."""
    body = {"purpose": purpose}
    if justification is not None:
        body["justification"] = justification
    path = f"{_report(id)}/source"
    return Call(method="POST", path=path, answer=Source, json=_json.encode(body))


def _report(id: str) -> str:
    return f"/v1/reports/{quote(id, safe='')}"
