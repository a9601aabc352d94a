"""The process that decodes: `python -m tidegate.content.media.worker PARENT`.

It loads everything, gives up everything, says which protections hold, and then answers one file
after another over the two pipes it was started with. It ends when its parent does.
"""

import importlib
import os
import signal
import sys
import warnings
from typing import cast

from tidegate.content.media import wire
from tidegate.content.media.examining import Hasher, draw, examine
from tidegate.content.media.formats import samples
from tidegate.content.media.model import MediaLimits
from tidegate.content.media.sandbox import lock_down
from tidegate.infra.procs import die_with_parent, end_me_before


class _Channel:
    """The pipe ends to the parent, away from the standard streams."""

    def __init__(self) -> None:
        self.ends = (os.dup(0), os.dup(1))

    def receive(self) -> tuple[bytes, bytes]:
        """The next frame's message and bytes; ends the process when the parent is gone."""
        message, raw = wire.LENGTHS.unpack(self._exactly(wire.LENGTHS.size))
        return self._exactly(message), self._exactly(raw)

    def send(self, message: bytes, raw: bytes = b"") -> None:
        waiting = memoryview(wire.LENGTHS.pack(len(message), len(raw)) + message + raw)
        while waiting:
            waiting = waiting[os.write(self.ends[1], waiting) :]

    def _exactly(self, count: int) -> bytes:
        buffer = bytearray(count)
        rest = memoryview(buffer)
        while rest:
            got = os.readv(self.ends[0], [rest])
            if got == 0:
                os._exit(0)
            rest = rest[got:]
        del rest
        return bytes(buffer)


def _load(name: str) -> Hasher:
    module, _, attribute = name.partition(":")
    return cast(Hasher, getattr(importlib.import_module(module), attribute))


def _warm_up(hasher: Hasher, limits: MediaLimits) -> None:
    """Whatever a library loads on first use is loaded now: there will be no files any more."""
    for sample in samples():
        examine(sample, None, limits, hasher)
        draw(sample, 16, True, limits)


def main() -> None:
    parent = int(sys.argv[1])
    die_with_parent(parent)
    end_me_before(900)
    channel = _Channel()
    start = wire.decode_start(channel.receive()[0])
    limits = start.limits
    warnings.simplefilter("ignore")
    try:
        hasher = _load(start.hasher)
        _warm_up(hasher, limits)
        protections = lock_down(limits.memory_bytes, parent, channel.ends)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:500]
        channel.send(wire.encode(wire.Unready(reason)))
        return
    channel.send(wire.encode(wire.Ready(protections)))
    while True:
        message, data = channel.receive()
        _answer(channel, wire.decode_question(message), data, hasher, limits)


def _answer(
    channel: _Channel, question: wire.Question, data: bytes, hasher: Hasher, limits: MediaLimits
) -> None:
    # The kernel ends the process (SIGPROF) when the processor time of this file is used up.
    signal.setitimer(signal.ITIMER_PROF, limits.cpu_seconds or limits.wall_seconds)
    if isinstance(question, wire.Examine):
        seen = examine(data, question.declared, limits, hasher)
        answer, raw = wire.Seen(question.token, seen), b""
    else:
        drawn = draw(data, question.max_side, question.blur, limits, question.sight)
        answer, raw = wire.Drawn(question.token), drawn or b""
    signal.setitimer(signal.ITIMER_PROF, 0)
    channel.send(wire.encode(answer), raw)


if __name__ == "__main__":
    main()
