"""A hasher that has gone over to the enemy: a trap picture makes it try to get out.

The red of the first pixel says which way. An attempt that is refused is told as a code of kind
"refused", one that succeeds as "escaped".
"""

import ctypes
import mmap
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from PIL import Image

from tidegate.content.media import wire
from tidegate.content.media.model import Examined

TRAP = (41, 37)
"""Of how many pixels a trap is."""


def anything(kind: str, value: bytes, quality: int | None) -> bool:
    """For tests that look at how codes come, not at which."""
    return True


_parent = os.getppid()
_libc = ctypes.CDLL(None, use_errno=True)


class Code(NamedTuple):
    kind: str
    value: bytes
    quality: int | None = None


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def read_a_system_file() -> object:
    return Path("/etc/passwd").read_bytes()


def read_a_file_of_the_project() -> object:
    return Path(__file__).read_bytes()


def list_a_folder() -> object:
    return os.listdir("/")


def look_at_a_file() -> object:
    return os.stat("/etc/passwd")


def write_a_file() -> object:
    return Path("/tmp/tidegate-escaped").write_bytes(b"out")


def write_in_memory() -> object:
    return os.memfd_create("out")


def read_the_environment_of_the_server() -> object:
    return Path(f"/proc/{_parent}/environ").read_bytes()


def open_a_socket() -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def open_a_local_socket() -> object:
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


def fork() -> object:
    if (pid := os.fork()) == 0:
        os._exit(0)
    return pid


def start_a_program() -> object:
    return subprocess.run(["/bin/true"], check=True)


def become_a_program() -> object:
    return os.execv("/bin/true", ["true"])


def start_a_thread() -> object:
    return threading.Thread(target=print).start()


def signal_the_server() -> object:
    return os.kill(_parent, 0)


def signal_everyone() -> object:
    return os.kill(-1, 0)


def trace_the_server() -> object:
    return _checked(_libc.ptrace(16, _parent, 0, 0))


def read_the_memory_of_the_server() -> object:
    buffer = ctypes.create_string_buffer(8)
    local = struct.pack("=QQ", ctypes.addressof(buffer), 8)
    return _checked(_libc.process_vm_readv(_parent, local, 1, local, 1, 0))


def make_memory_executable() -> object:
    return mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def lift_the_limits() -> object:
    return resource.setrlimit(resource.RLIMIT_AS, (-1, -1))


def become_root() -> object:
    return os.setuid(0)


def mount_something() -> object:
    return _checked(_libc.mount(b"none", b"/mnt", b"tmpfs", 0, 0))


REFUSED: list[Callable[[], object]] = [
    read_a_system_file,
    read_a_file_of_the_project,
    list_a_folder,
    look_at_a_file,
    write_a_file,
    write_in_memory,
    read_the_environment_of_the_server,
    open_a_socket,
    open_a_local_socket,
    fork,
    start_a_program,
    become_a_program,
    start_a_thread,
    signal_the_server,
    signal_everyone,
    trace_the_server,
    read_the_memory_of_the_server,
    make_memory_executable,
    lift_the_limits,
    become_root,
    mount_something,
]
"""What has to end in an exception."""


def eat_memory() -> object:
    return [np.empty(1 << 24) for _ in range(1000)]


def spin() -> object:
    while True:
        pass


def spin_deaf() -> object:
    signal.setitimer(signal.ITIMER_PROF, 0)
    return spin()


def sleep_for_ever() -> object:
    return threading.Event().wait()


def crash() -> object:
    return ctypes.string_at(0)


def leave() -> object:
    return os._exit(0)


def leave_politely() -> object:
    raise SystemExit


def fail() -> object:
    raise LookupError("no such picture")


def _write_to_the_pipe(data: bytes) -> None:
    for descriptor in open_descriptors():
        if descriptor > 2:
            try:
                os.write(descriptor, data)
            except OSError:
                continue


def answer_nonsense() -> object:
    return _write_to_the_pipe(b"\xff" * 100)


def announce_a_huge_answer() -> object:
    return _write_to_the_pipe(wire.LENGTHS.pack(1 << 31, 1 << 31))


def answer_without_end() -> object:
    while True:
        _write_to_the_pipe(wire.LENGTHS.pack(100, 0) + bytes(100))


def _forge(token: bytes) -> None:
    message = wire.encode(wire.Seen(token, Examined(content_type="image/forged")))
    _write_to_the_pipe(wire.LENGTHS.pack(len(message), 0) + message)


def answer_with_a_wrong_token() -> object:
    return _forge(b"guessed!")


def answer_twice() -> object:
    """The right token, found in the caller's frame; the true one then waits in the pipe."""
    frame: Any = sys._getframe()
    while "question" not in frame.f_locals:
        frame = frame.f_back
    return _forge(frame.f_locals["question"].token)


def print_without_end() -> object:
    for _ in range(1000):
        sys.stdout.write("x" * 100_000)
        os.write(2, b"y" * 100_000)
    return None


def return_nonsense() -> object:
    return msgspec.UNSET


HARMFUL: list[Callable[[], object]] = [
    eat_memory,
    spin,
    spin_deaf,
    sleep_for_ever,
    crash,
    leave,
    leave_politely,
    fail,
    answer_nonsense,
    announce_a_huge_answer,
    answer_without_end,
    answer_with_a_wrong_token,
    answer_twice,
    print_without_end,
    return_nonsense,
]
"""What has to cost this one file, and no other."""


def open_descriptors() -> list[int]:
    """By poll(2), which the filter allows."""
    poll = select.poll()
    for descriptor in range(16):
        poll.register(descriptor, 0)
    closed = {d for d, event in poll.poll(0) if event & select.POLLNVAL}
    return [d for d in range(16) if d not in closed]


def tell_descriptors() -> object:
    return ",".join(map(str, open_descriptors()))


def tell_environment() -> object:
    return "\n".join(f"{name}={value}" for name, value in os.environ.items())


TOLD: list[Callable[[], object]] = [tell_descriptors, tell_environment]

ATTACKS = [*REFUSED, *HARMFUL, *TOLD]


def picture_of(attack: Callable[[], object]) -> Image.Image:
    """The trap picture that makes the hasher try `attack`."""
    return Image.new("RGB", TRAP, (ATTACKS.index(attack), 0, 0))


def of_pixels(rgb: np.ndarray[Any, Any]) -> list[Code]:
    if rgb.shape != (TRAP[1], TRAP[0], 3):
        return [Code("mean", bytes([int(rgb.mean())]), 100)]
    attack = ATTACKS[int(rgb[0, 0, 0])]
    if attack in REFUSED:
        try:
            result = attack()
        except (OSError, RuntimeError, ValueError) as error:
            return [Code("refused", repr(error).encode())]
        return [Code("escaped", repr(result).encode())]
    result = attack()
    if isinstance(result, msgspec.UnsetType):
        return [Code(17, "no bytes", "best")]  # type: ignore[arg-type]
    return [Code("told", str(result).encode())]
