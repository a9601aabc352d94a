"""A newcomer at the demo: from the link that it prints to the first decision, and on."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.serving import STOP_SECONDS, free_port

from tidegate.infra.postgres import EmbeddedPostgres

pytestmark = pytest.mark.long


def _hear_ctrl_c() -> None:
    """Who runs the tests in the background has it ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def links(tmp_path: Path) -> Iterator[list[str]]:
    """The links that the demo prints: for a reviewer, for an admin."""
    data_dir, found = tmp_path / "demo", list[str]()
    command = [sys.executable, "-u", "-m", "tidegate", "demo", "--port", str(free_port())]
    with subprocess.Popen(
        [*command, "--data-dir", str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_hear_ctrl_c,
    ) as demo:
        assert demo.stdout
        try:
            for line in demo.stdout:
                found += re.findall(r"http://localhost:\d+/sign-in/\S+", line)
                if len(found) == 2:
                    break
            yield found
        finally:
            demo.send_signal(signal.SIGINT)
            demo.stdout.read()
            demo.wait(STOP_SECONDS)
            EmbeddedPostgres(data_dir).remove()


def test_three_presses_from_the_link_to_the_first_decision(
    browser: Browser, links: list[str]
) -> None:
    reviewer, admin = links
    assert "?" not in admin
    page = browser.new_page()
    page.goto(reviewer)
    page.keyboard.press("Enter")
    page.locator("html[data-ready]").wait_for()
    first = page.get_by_test_id("case").get_attribute("data-id")
    assert first
    assert page.url.endswith(first)
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: first not in url)
    page.locator("html[data-ready]").wait_for()
    expect(page.get_by_test_id("case")).to_be_visible()
    desk = page.url.partition("/cases/")[0]
    assert page.request.get(f"{desk}/cases/{first}.json").json()["state"] == "decided"
    # The desk is not empty, and new cases come in.
    page.goto(f"{desk}/cases")
    total = page.get_by_test_id("total").inner_text()
    assert int(re.findall(r"\d+", total)[-1]) >= 40, total
    expect(page.get_by_test_id("new-items")).to_be_visible(timeout=20_000)
    page.close()
