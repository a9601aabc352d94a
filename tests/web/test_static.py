"""The files that pages load: what is vendored is what it says it is, and colours can be read."""

import hashlib
import re
import tomllib

import pytest
from tests.api import Api

from tidegate.web.pages.render import STATIC, static

CSS = (STATIC / "tidegate.css").read_text()


def test_vendored_files_are_what_the_record_says() -> None:
    folder = STATIC / "vendor"
    record = tomllib.loads((folder / "vendored.toml").read_text())["file"]
    for file in record:
        assert hashlib.sha256((folder / file["path"]).read_bytes()).hexdigest() == file["sha256"]
        assert {"package", "version", "license"} <= file.keys()
    recorded = {file["path"] for file in record}
    assert {path.name for path in folder.iterdir()} == recorded | {"vendored.toml"}


def test_static_files_are_open_kept_and_guarded(api: Api) -> None:
    answer = api.client.get(static("tidegate.css"))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert api.client.get("/static/app.js").headers["cache-control"] == "no-cache"
    assert api.client.get("/static/../app.py").status_code in (303, 404)
    assert api.client.get("/static/%2e%2e/app.py").status_code in (303, 404)


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-fA-F]{6});", block))


LIGHT = tokens(CSS.split("@media")[0])
DARK = LIGHT | tokens(CSS.split("prefers-color-scheme: dark")[1].split("@media")[0].split("*,")[0])


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read_on_its_ground(colours: dict[str, str]) -> None:
    pairs = [(text, ground) for text in ("ink", "muted", "accent") for ground in ("bg", "surface")]
    pairs += [
        ("muted", "sunken"),
        ("ink", "sunken"),
        ("on-accent", "accent"),
        ("accent", "accent-soft"),
    ]
    pairs += [("ink", f"{name}-soft") for name in ("accent", "restrict", "review")]
    for name in ("pass", "review", "restrict", "escalate"):
        pairs += [(name, f"{name}-soft"), (name, "surface")]
    for text, ground in pairs:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    # Edges of fields and what has the focus: 3 to 1.
    for edge in ("line-strong", "accent"):
        assert contrast(colours[edge], colours["surface"]) >= 3
