"""The files that pages load: what is vendored is what it says it is, and colours can be read."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest
from tests.api import Api

from tidegate.web.static import STATIC, static

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
    assert api.client.get("/static/desk.js").headers["cache-control"] == "no-cache"
    assert api.client.get("/static/../app.py").status_code in (303, 404)
    assert api.client.get("/static/%2e%2e/app.py").status_code in (303, 404)


def tokens(block: str) -> tuple[dict[str, str], dict[str, str]]:
    """Colours by name, of light and of dark pages; one that is another's is that one."""
    pairs = re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\);", block)
    light = {name: colour for name, colour, _ in pairs}
    dark = {name: colour for name, _, colour in pairs}
    for name, other in re.findall(r"--([a-z-]+): var\(--([a-z-]+)\);", block):
        if other in light:
            light[name], dark[name] = light[other], dark[other]
    return light, dark


LIGHT, DARK = tokens(CSS.split(":root {")[1].split("}")[0])
HIGH_LIGHT, HIGH_DARK = tokens(CSS.split('[data-theme="contrast"] {')[1].split("}")[0])


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


@pytest.mark.parametrize(
    ("colours", "least"),
    [(LIGHT, 4.5), (DARK, 4.5), (HIGH_LIGHT, 7), (HIGH_DARK, 7)],
    ids=["light", "dark", "high contrast", "high contrast, dark"],
)
def test_every_text_can_be_read_on_its_ground(colours: dict[str, str], least: float) -> None:
    pairs = [(text, ground) for text in ("ink", "muted", "accent") for ground in ("bg", "surface")]
    pairs += [
        ("muted", "sunken"),
        ("ink", "sunken"),
        ("accent", "sunken"),
        ("on-accent", "accent"),
        ("on-urgent", "urgent"),
        ("accent", "accent-soft"),
    ]
    pairs += [("ink", f"{name}-soft") for name in ("accent", "restrict", "notice")]
    for name in ("pass", "notice", "restrict", "escalate", "urgent"):
        pairs += [(name, f"{name}-soft"), (name, "surface")]
    for text, ground in pairs:
        assert contrast(colours[text], colours[ground]) >= least, (text, ground)
    # Edges of fields and what has the focus: 3 to 1.
    for edge in ("line-strong", "accent"):
        for ground in ("surface", "bg"):
            assert contrast(colours[edge], colours[ground]) >= 3, (edge, ground)


@pytest.mark.parametrize("sheet", sorted(STATIC.rglob("*.css")), ids=lambda path: path.name)
def test_sheets_serve_both_directions_of_writing(sheet: Path) -> None:
    """Names and values are logical: inline-start, not a side of the screen."""
    found = re.findall(r".*\b(?:left|right)\b.*", sheet.read_text())
    physical = r"(?<![\w-])(?:margin|padding|border)-(?:top|bottom)\b|(?<![\w-])(?:top|bottom):"
    assert [*found, *re.findall(physical, sheet.read_text())] == []


def test_type_and_space_are_of_their_few_sizes() -> None:
    sizes = dict(re.findall(r"--([ts]\d): ([\d.]+)rem;", CSS.split(":root {")[1].split("}")[0]))
    assert [float(sizes[f"t{n}"]) * 16 for n in range(1, 5)] == [13, 15, 18, 24]
    assert [float(sizes[f"s{n}"]) * 16 for n in range(1, 7)] == [4, 8, 12, 16, 24, 40]
