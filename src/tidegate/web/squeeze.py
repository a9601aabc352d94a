"""Answers as small as they can be sent: pages and what a script asks for, by gzip.

A secret in a page that is compressed together with what somebody else chose can be guessed by the
page's size; the only secret in ours, the forms' token, is masked anew in each answer (csrf.py).
"""

import gzip
from collections.abc import Mapping

from starlette.responses import Response

TEXT = ("text/html", "application/json", "application/problem+json")
WORTH_IT = 500  # bytes: less fits into one packet anyway
LEVEL = 5


def accepts(headers: Mapping[str, str]) -> bool:
    """Whether who asks takes gzip."""
    for part in headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        if name in ("gzip", "*") and weight not in ("0", "0.0", "0.00", "0.000"):
            return True
    return False


def vary(response: Response) -> Response:
    """The response, which says that it depends on what the asker takes."""
    said = response.headers.get("vary")
    response.headers["vary"] = f"{said}, Accept-Encoding" if said else "Accept-Encoding"
    return response


def squeeze(headers: Mapping[str, str], response: Response) -> Response:
    """The response, compressed if it is a text of ours that is worth it and whose asker takes that."""
    kind = response.headers.get("content-type", "").partition(";")[0]
    if kind not in TEXT or "content-encoding" in response.headers or type(response) is not Response:
        return response
    _ = vary(response)
    if len(response.body) < WORTH_IT or not accepts(headers):
        return response
    response.body = gzip.compress(response.body, LEVEL, mtime=0)
    response.headers["content-encoding"] = "gzip"
    response.headers["content-length"] = str(len(response.body))
    return response
