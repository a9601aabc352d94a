"""Whatever takes over the decoder cannot get out, and costs one file only."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hostile
import pytest
from PIL import Image
from tests.waiting import until

from tidegate.content.media.model import Examined, MediaLimits, Problem, code_of
from tidegate.content.media.pool import MediaPool

LIMITS = MediaLimits(memory_bytes=1 << 30, cpu_seconds=0.5, wall_seconds=2.0)
SECRET = "this-is-the-ledger-key"


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


PLAIN = png(Image.new("RGB", (20, 10), (7, 7, 7)))


@pytest.fixture(scope="module")
def pool() -> Iterator[MediaPool]:
    os.environ["TIDEGATE_TEST_SECRET"] = SECRET
    pool = MediaPool("hostile:of_pixels", hostile.anything, workers=1, limits=LIMITS)
    pool.start()
    yield pool
    pool.close()
    del os.environ["TIDEGATE_TEST_SECRET"]


def name(attack: Callable[[], object]) -> str:
    return attack.__name__


def goes_on(pool: MediaPool) -> None:
    seen = pool.examine_blocking(PLAIN)
    assert [(c.kind, c.value) for c in seen.codes] == [("mean", b"\x07")]
    assert seen.problems == []
    assert seen.judged


def attempt(pool: MediaPool, attack: Callable[[], object]) -> Examined:
    return pool.examine_blocking(png(hostile.picture_of(attack)))


@pytest.mark.parametrize("attack", hostile.REFUSED, ids=name)
def test_a_hostile_decoder_is_refused(pool: MediaPool, attack: Callable[[], object]) -> None:
    held = pool.protections
    assert held is not None
    if not held.seccomp:
        pytest.skip("this kernel offers no seccomp filter")
    seen = attempt(pool, attack)
    assert [code.kind for code in seen.codes] == ["refused"], seen
    goes_on(pool)


HARM = {
    hostile.eat_memory: Problem.MEMORY,
    hostile.spin: Problem.TIME,
    hostile.spin_deaf: Problem.TIME,
    hostile.sleep_for_ever: Problem.TIME,
    hostile.crash: Problem.CRASHED,
    hostile.leave: Problem.CRASHED,
    hostile.leave_politely: Problem.CRASHED,
    hostile.fail: Problem.UNFINGERPRINTED,
    hostile.answer_nonsense: Problem.CRASHED,
    hostile.announce_a_huge_answer: Problem.CRASHED,
    hostile.answer_without_end: Problem.CRASHED,
    hostile.answer_with_a_wrong_token: Problem.CRASHED,
    hostile.return_nonsense: Problem.CRASHED,
}


@pytest.mark.parametrize("attack", HARM, ids=name)
def test_harm_costs_one_file_and_no_other(pool: MediaPool, attack: Callable[[], object]) -> None:
    seen = attempt(pool, attack)
    assert [code_of(problem) for problem in seen.problems] == [HARM[attack]]
    assert HARM[attack] != Problem.TIME or "(stopped after " in seen.problems[0]
    assert seen.codes == []
    assert not seen.judged
    goes_on(pool)


def test_an_answer_left_in_the_pipe_is_never_taken_for_the_next_file(pool: MediaPool) -> None:
    forged = attempt(pool, hostile.answer_twice)
    assert forged.problems == ["decoder crashed (named a type that the bytes do not have)"]
    goes_on(pool)


def test_output_leads_nowhere(pool: MediaPool, capfd: pytest.CaptureFixture[str]) -> None:
    seen = attempt(pool, hostile.print_without_end)
    assert [code.kind for code in seen.codes] == ["told"]
    assert capfd.readouterr() == ("", "")
    goes_on(pool)


def test_the_environment_holds_no_secrets(pool: MediaPool) -> None:
    [told] = attempt(pool, hostile.tell_environment).codes
    names = {line.partition("=")[0] for line in told.value.decode().splitlines()}
    assert SECRET not in told.value.decode()
    assert names <= {
        "PYTHONPATH",
        "LANG",
        "LC_CTYPE",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MALLOC_ARENA_MAX",
        "LD_LIBRARY_PATH",
    }


def test_nothing_is_inherited_but_the_two_pipe_ends(pool: MediaPool) -> None:
    with open(os.devnull) as inherited:
        os.set_inheritable(inherited.fileno(), True)
        [told] = attempt(pool, hostile.tell_descriptors).codes
    descriptors = told.value.decode().split(",")
    assert descriptors[:3] == ["0", "1", "2"]
    assert len(descriptors) == 5


def test_a_worker_started_by_root_is_root_no_more(pool: MediaPool) -> None:
    if os.geteuid() != 0:
        pytest.skip("not started by root")
    assert pool.protections is not None
    assert pool.protections.own_uid
    assert pool.protections.uid != 0


@pytest.mark.parametrize("layer", ["limits", "no_capabilities", "no_new_privileges", "undumpable"])
def test_what_every_kernel_grants_holds(pool: MediaPool, layer: str) -> None:
    assert getattr(pool.protections, layer) is True


def test_slow_files_do_not_keep_the_others_waiting() -> None:
    limits = MediaLimits(wall_seconds=3600, quick_seconds=0.4)
    pool = MediaPool("hostile:of_pixels", hostile.anything, workers=2, limits=limits)

    async def main() -> None:
        sleeper = png(hostile.picture_of(hostile.sleep_for_ever))
        slow = [asyncio.create_task(pool.examine(sleeper)) for _ in range(2)]
        seen = await asyncio.gather(*[pool.examine(PLAIN) for _ in range(20)])
        assert all(one.judged for one in seen)
        assert not any(task.done() for task in slow)
        await asyncio.to_thread(pool.close)
        assert not any(one.judged for one in await asyncio.gather(*slow))

    pool.start()
    try:
        asyncio.run(main())
    finally:
        pool.close()


def test_workers_end_with_the_server(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(
        "import signal\n"
        "from tidegate.content.media.pool import MediaPool\n"
        "import hostile\n"
        "pool = MediaPool('hostile:of_pixels', hostile.anything)\n"
        "pool.start()\n"
        "print(*[w.pid for w in pool._workers], flush=True)\n"
        "signal.pause()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, env=environment
    ) as server:
        assert server.stdout is not None
        workers = [int(pid) for pid in server.stdout.readline().split()]
        assert len(workers) == 2
        server.send_signal(signal.SIGKILL)
    until(lambda: not any(_runs(pid) for pid in workers), "the end of the workers")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
