"""The packs: data that people edit, and what is said of a file that cannot be used."""

from pathlib import Path

import pytest

from tidegate.clocks.packs import FOLDER, PACKAGE, read_packs
from tidegate.infra.edited import read_edited
from tidegate.infra.settings import SettingsError


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    return folder


def shipped(name: str) -> str:
    return read_edited(PACKAGE, FOLDER, name, None)[0]


def test_a_file_of_the_same_name_takes_its_place(tmp_path: Path, policies: Path) -> None:
    own = shipped("uk.toml").replace('version = "1"', 'version = "ours-2"')
    (policies / "uk.toml").write_text(own.replace("working_days = 2", "working_days = 3"))
    packs = read_packs(tmp_path)
    assert packs.definition("uk.ta2006_s3").limit.working_days == 3
    assert packs.pack_of("uk.ta2006_s3").named == "uk@ours-2"
    assert packs.pack_of("tco.remove").named == "eu-tco@1"


def test_so_do_holidays(tmp_path: Path, policies: Path) -> None:
    (policies / "holidays.toml").write_text(
        'first = 2026\nlast = 2026\n[calendars.de]\nname = "Germany"\nsource = "us"\n'
        '[calendars.de.days]\n2026-06-10 = "A day of ours"\n'
    )
    packs = read_packs(tmp_path)
    assert list(packs.calendars) == ["de"]
    assert packs.terms("Europe/Dublin", "IE").calendar is None
    assert packs.terms("Europe/Berlin", "DE").calendar == "de"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id =", "id ==", "uk.toml"),
        ("working_days = 2", "working_days = 2, hours = 1", "one of hours, days"),
        ("working_days = 2", "fortnights = 1", "fortnights"),
        ('calendar = "uk"', 'calendar = "United Kingdom"', "calendar"),
        ('start = ["notice.given"]', "start = []", "a start"),
        ('stop = ["content.unavailable"]', 'stop = ["notice.given"]', "each event once"),
        ('stop = ["content.unavailable"]', 'stop = ["expired"]', "not at all"),
        ('warnings = ["1wd"]', 'warnings = ["soon"]', "warnings"),
        ("uk.ta2006_s3", "tco.remove", "two clocks are called tco.remove"),
        ('bearer = "provider"', 'bearer = { "order.received" = "provider" }', "a bearer for each"),
        ("working_days = 2", "working_days = 0", "working_days"),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, policies: Path, old: str, new: str, said: str
) -> None:
    assert old in shipped("uk.toml")
    (policies / "uk.toml").write_text(shipped("uk.toml").replace(old, new))
    with pytest.raises(SettingsError) as raised:
        read_packs(tmp_path)
    assert said in str(raised.value)


def test_a_limit_before_a_day_that_some_years_lack_is_none(tmp_path: Path, policies: Path) -> None:
    own = shipped("eu-tco.toml").replace('before = "03-01"', 'before = "02-29"')
    (policies / "eu-tco.toml").write_text(own)
    with pytest.raises(SettingsError, match="a day that each year has"):
        read_packs(tmp_path)
