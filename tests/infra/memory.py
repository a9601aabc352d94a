"""How much memory a call takes beyond what its process had: measured in a process of its own, for what
libraries take shows nowhere else.
"""

import os
import resource
import traceback
from collections.abc import Callable
from pathlib import Path

_LIMIT = 3 << 30  # what a fault would take must not be the machine's


def peak(call: Callable[[], object]) -> int:
    """Bytes that `call` takes at its most. Raises AssertionError when it fails or takes gigabytes."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_AS, (_LIMIT, _LIMIT))
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
            before = _kilobytes("VmHWM")
            call()
            os.write(writer, str(_kilobytes("VmHWM") - before).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    assert said, "it failed, or ran out of memory"
    return int(said) << 10


def _kilobytes(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def grows_with_its_length(
    call: Callable[[str], object], make: Callable[[int], str], n: int
) -> None:
    """Assert that `call` takes memory in proportion to what `make` makes: twice of it twice as much at
    most, and a piece a small multiple of its length."""
    once, twice = (peak(lambda size=size: call(make(size))) for size in (n, 2 * n))
    slack = 24 << 20  # what an allocator keeps for later, in a process that has loaded all there is
    assert twice <= 2 * once + slack, (once, twice)
    assert twice <= 200 * len(make(2 * n)) + slack, (twice, len(make(2 * n)))
