"""What server and worker say to each other over two pipes.

A frame is two lengths (little-endian u32: of the message, of the raw bytes behind it), the message
in MessagePack, and the bytes. The parent trusts nothing in an answer but its length.
"""

import struct

import msgspec

from tidegate.content.media.model import Examined, MediaLimits, Sight
from tidegate.content.media.sandbox import Protections

LENGTHS = struct.Struct("<II")
MAX_ANSWER = 8 << 20


class Start(msgspec.Struct, frozen=True, tag="start", tag_field="say"):
    """First message to a worker: how to compute fingerprints, and within which limits."""

    hasher: str
    limits: MediaLimits


class Ready(msgspec.Struct, frozen=True, tag="ready", tag_field="say"):
    protections: Protections


class Unready(msgspec.Struct, frozen=True, tag="unready", tag_field="say"):
    reason: str


class Examine(msgspec.Struct, frozen=True, tag="examine", tag_field="say"):
    """Examine the bytes behind this message. `token` comes back with the answer."""

    token: bytes
    declared: str | None


class Draw(msgspec.Struct, frozen=True, tag="draw", tag_field="say"):
    """Draw a preview of the bytes behind this message, as JPEG."""

    token: bytes
    max_side: int
    blur: bool
    sight: Sight = Sight()


class Seen(msgspec.Struct, frozen=True, tag="seen", tag_field="say"):
    token: bytes
    examined: Examined


class Drawn(msgspec.Struct, frozen=True, tag="drawn", tag_field="say"):
    """The preview is in the bytes behind this message; none where the file shows nothing."""

    token: bytes


Question = Examine | Draw
Answer = Seen | Drawn

encode = msgspec.msgpack.Encoder().encode
decode_question = msgspec.msgpack.Decoder(Examine | Draw).decode
decode_answer = msgspec.msgpack.Decoder(Seen | Drawn).decode
decode_start = msgspec.msgpack.Decoder(Start).decode
decode_readiness = msgspec.msgpack.Decoder(Ready | Unready).decode
