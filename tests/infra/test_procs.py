"""Processes die with their parent, and one is told from the next."""

import os
import signal
import subprocess
import sys

from tests.waiting import until

from tidegate.infra import procs

_CHILD = (
    "import os, signal; from tidegate.infra.procs import die_with_parent; die_with_parent({}); "
)
_PARENT = """
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline(), flush=True)
signal.pause()
"""


def test_a_child_ends_when_its_parent_is_killed() -> None:
    child_code = _CHILD.format("os.getppid()") + "print('ready', flush=True); signal.pause()"
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, child_code], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline().split()[0])
        assert procs.start_time(child) is not None
        parent.kill()
        until(lambda: procs.start_time(child) is None, "the end of the child")


def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    stranger = 1 if os.getpid() != 1 else 2
    done = subprocess.run([sys.executable, "-c", _CHILD.format(stranger) + "print('lives')"])
    assert done.returncode == -signal.SIGKILL


def test_a_process_is_named_by_its_start_until_it_has_ended() -> None:
    process = subprocess.Popen(["sleep", "60"])
    started = procs.start_time(process.pid)
    assert started is not None
    assert started == procs.start_time(process.pid)
    assert procs.owner(process.pid) == os.geteuid()
    until(lambda: procs.command_line(process.pid) == "sleep 60", "its command line")
    process.kill()
    until(lambda: procs.start_time(process.pid) is None, "its end")  # a zombie has ended, too
    process.wait()
    assert procs.start_time(process.pid) is None
    assert procs.command_line(process.pid) == ""
    assert procs.owner(process.pid) is None


def test_open_files_are_raised_to_what_the_machine_lets_a_process_have() -> None:
    code = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 300)); "
    code += "from tidegate.infra.procs import raise_open_files; print(raise_open_files())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "300", done.stderr
