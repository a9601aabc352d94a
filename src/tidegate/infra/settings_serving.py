"""The first of the settings: where an instance lies, what it is, and how it is reached."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """A part of `Settings`."""

    data_dir: Annotated[
        Path, Meta(description="Where the instance keeps its secrets, evidence and database")
    ] = Path("var/tidegate")
    database_url: Annotated[
        str | None,
        Meta(
            description="A PostgreSQL (16 or later) of your own; else an embedded one",
            extra={"secret": True},  # its password stands in it
        ),
    ] = None
    synthetic: Annotated[
        bool,
        Meta(
            description="An instance for trying out, with nobody's data, from its first start and for ever:"
            " each of its pages, documents and messages says so, and it takes `serve --time-from`"
            " ([how](operations.md#synthetic-instances))"
        ),
    ] = False
    host: Annotated[str, Meta(description="Address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on")] = 8420
    public_url: Annotated[
        str | None, Meta(description="The address under which people reach the pages")
    ] = None
    secure_cookies: Annotated[
        bool | None,
        Meta(description="Send cookies over HTTPS only; unset: if `public_url` is https"),
    ] = None
    trusted_proxies: Annotated[
        list[str],
        Meta(description="Networks (CIDR) of the proxies whose `X-Forwarded-For` is believed"),
    ] = []
    json_limit: Annotated[int, Meta(ge=1024, description="Largest JSON body, in bytes")] = 32 << 20
    upload_limit: Annotated[int, Meta(ge=1024, description="Largest multipart body, in bytes")] = (
        64 << 20
    )
    idle_seconds: Annotated[
        float,
        Meta(gt=0, description="A request whose body or answer stops moving is closed after this"),
    ] = 60.0
    head_seconds: Annotated[
        float, Meta(gt=0, description="A request's head (request line, headers) must come in this")
    ] = 10.0
    body_bytes_per_second: Annotated[
        int,
        Meta(ge=1, description="A body that comes slower, beyond `idle_seconds`, is refused"),
    ] = 8192
    connections_per_address: Annotated[
        int, Meta(ge=1, description="Connections at once from one address (of IPv6: from one /64)")
    ] = 512
