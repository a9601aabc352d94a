"""The files under `/static`, held in memory and compressed once.

`/static/VERSION/…` may be kept for ever: VERSION is a digest of all of them, so that what a module imports
by its neighbour's name is of the same version. Without it a file is asked for anew each time.
"""

import gzip
import hashlib
import mimetypes
import re
from functools import cache
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tidegate.web.headers import SECURITY_HEADERS
from tidegate.web.squeeze import accepts, vary

STATIC = Path(__file__).parent / "static"
_FOR_EVER = "public, max-age=31536000, immutable"
_KNOWN = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

# Comments that fill their lines, and what lines are set in by, are for who reads the source.
_LEAN = {
    ".js": re.compile(rb"^\s*//.*\n|^\s+", re.M),
    ".css": re.compile(rb"/\*.*?\*/|^\s+", re.M | re.S),
}


class File(msgspec.Struct, frozen=True):
    """A file as it is sent, and compressed where that makes it smaller."""

    data: bytes
    squeezed: bytes | None
    type: str
    tag: str


@cache
def files() -> dict[str, File]:
    """Every file by its path. Read once: a program does not change while it runs."""
    found = {
        path.relative_to(STATIC).as_posix(): _read(path)
        for path in sorted(STATIC.rglob("*"))
        if path.is_file() and path.suffix != ".toml"
    }
    return found


@cache
def version() -> str:
    """A digest of all files."""
    said = "".join(f"{name} {file.tag}\n" for name, file in files().items())
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def static(path: str) -> str:
    """The address of a file, good for ever. KeyError: there is none."""
    _ = files()[path]
    return f"/static/{version()}/{path}"


async def serve(request: Request) -> Response:
    """One file."""
    named: str = request.path_params["path"]
    first, _, rest = named.partition("/")
    kept = first == version()
    file = files().get(rest if kept else named)
    if file is None:
        return Response(status_code=404)
    headers = SECURITY_HEADERS | {"ETag": f'"{file.tag}"'}
    headers["Cache-Control"] = _FOR_EVER if kept else "no-cache"
    if request.headers.get("if-none-match") == headers["ETag"]:
        return vary(Response(status_code=304, headers=headers))
    squeezed = file.squeezed if accepts(request.headers) else None
    if squeezed is not None:
        headers["Content-Encoding"] = "gzip"
    return vary(Response(squeezed or file.data, headers=headers, media_type=file.type))


def _read(path: Path) -> File:
    lean = _LEAN.get(path.suffix)
    data = lean.sub(b"", path.read_bytes()) if lean else path.read_bytes()
    squeezed = gzip.compress(data, 9, mtime=0)
    kind = (
        _KNOWN.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    )
    smaller = squeezed if len(squeezed) < len(data) else None
    return File(data, smaller, kind, hashlib.sha256(data).hexdigest()[:24])
