"""Each layer of the sandbox by itself: what one kernel lacks, another layer has to hold."""

import platform
import struct
import subprocess
import sys

import pytest

from tidegate.content.media import landlock, seccomp

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000


def decide(program: bytes, number: int, architecture: int, protection: int = 3) -> int:
    """What the kernel's BPF machine makes of one system call: slow and plain."""
    data = struct.pack("=iIQ6Q", number, architecture, 0, 0, 4096, protection, 0, 0, 0)
    code = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        operation, if_true, if_false, value = code[at]
        at += 1
        if operation == 0x20:
            [accumulator] = struct.unpack_from("=I", data, value)
        elif operation == 0x15:
            at += if_true if accumulator == value else if_false
        elif operation == 0x45:
            at += if_true if accumulator & value else if_false
        else:
            assert operation == 0x06
            return value


@pytest.mark.parametrize(("column", "machine"), list(enumerate(ARCHITECTURES)))
def test_the_filter_lets_the_listed_calls_pass_and_no_other(column: int, machine: str) -> None:
    program = seccomp.program(machine)
    assert program is not None
    architecture = ARCHITECTURES[machine]
    plain = {numbers[column] for numbers in seccomp.ALLOWED.values()}
    memory = {numbers[column] for numbers in seccomp.MEMORY.values()}
    for number in [*range(600), 0x4000_0000, 0x4000_0001]:
        expected = ALLOW if number in plain | memory else REFUSE
        assert decide(program, number, architecture) == expected
        executable = REFUSE if number in memory else expected
        assert decide(program, number, architecture, protection=7) == executable
    assert decide(program, 0, 0x40000003) == KILL


def test_an_unknown_machine_gets_no_filter() -> None:
    assert seccomp.program("s390x") is None


def _in_a_child(code: str) -> str:
    start = "import ctypes; ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.skipif(landlock.abi() == 0, reason="this kernel offers no Landlock")
def test_landlock_alone_keeps_files_away() -> None:
    said = _in_a_child(
        "from tidegate.content.media.landlock import restrict_files\n"
        "assert restrict_files()\n"
        "for path, mode in (('/etc/passwd', 'r'), ('/tmp/tidegate-escaped', 'w')):\n"
        "    try:\n"
        "        open(path, mode)\n"
        "    except PermissionError:\n"
        "        print('refused')\n"
    )
    assert said == "refused\nrefused\n"


@pytest.mark.skipif(landlock.abi() < 4, reason="this kernel's Landlock knows no network")
def test_landlock_alone_keeps_tcp_away() -> None:
    said = _in_a_child(
        "import socket\n"
        "from tidegate.content.media.landlock import restrict_files\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "restrict_files()\n"
        "try:\n"
        "    socket.create_connection(server.getsockname())\n"
        "except PermissionError:\n"
        "    print('refused')\n"
    )
    assert said == "refused\n"


@pytest.mark.skipif(platform.machine() not in ARCHITECTURES, reason="no filter for this machine")
def test_seccomp_alone_keeps_files_and_sockets_away() -> None:
    said = _in_a_child(
        "import socket\n"
        "from tidegate.content.media.seccomp import restrict_calls\n"
        "held = restrict_calls()\n"
        "for attempt in (lambda: open('/etc/passwd'), socket.socket):\n"
        "    try:\n"
        "        attempt()\n"
        "    except PermissionError:\n"
        "        held = held and 'refused'\n"
        "print(held)\n"
    )
    if said == "False\n":
        pytest.skip("this kernel offers no seccomp filter")
    assert said == "refused\n"
