"""Settings: each can be given by the environment and by the file, and comes out the same."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tidegate.infra.postgres import diagnose
from tidegate.infra.settings import Settings, SettingsError, load_settings
from tidegate.infra.settings_told import told

NAMES = [field.name for field in msgspec.structs.fields(Settings)]
GIVEN: dict[str, tuple[str, Any]] = {
    "data_dir": ("/srv/tidegate, old", Path("/srv/tidegate, old")),
    "database_url": ("postgresql://t@db/t", "postgresql://t@db/t"),
    "synthetic": ("true", True),
    "host": ("0.0.0.0", "0.0.0.0"),
    "port": ("8555", 8555),
    "public_url": ("https://tidegate.example", "https://tidegate.example"),
    "secure_cookies": ("true", True),
    "trusted_proxies": ("10.0.0.0/8, 2001:db8::1", ["10.0.0.0/8", "2001:db8::1"]),
    "json_limit": ("2048", 2048),
    "upload_limit": ("4096", 4096),
    "idle_seconds": ("1.5", 1.5),
    "head_seconds": ("1.25", 1.25),
    "body_bytes_per_second": ("77", 77),
    "connections_per_address": ("13", 13),
    "media_workers": ("3", 3),
    "media_max_pixels": ("5000", 5000),
    "media_wall_seconds": ("2.5", 2.5),
    "media_post_pixels": ("50000", 50000),
    "media_post_seconds": ("25.5", 25.5),
    "fetch_timeout_seconds": ("3.5", 3.5),
    "allowed_addresses": ("10.0.0.0/8, fd00::/8", ["10.0.0.0/8", "fd00::/8"]),
    "burst_false_alarms": ("0.5", 0.5),
    "keep_report_days": ("30", 30),
    "ring_seconds": ("30", 30.0),
    "escalate_minutes": ("2.5", 2.5),
    "on_call": ("anna, ben", ["anna", "ben"]),
    "on_call_command": ("/usr/bin/page, --loud", ["/usr/bin/page", "--loud"]),
    "alert_unacknowledged_seconds": ("60", 60.0),
    "burst_scheme": ("perpetrator-content", "perpetrator-content"),
    "claim_minutes": ("4.5", 4.5),
    "claims_per_person": ("5", 5),
    "ageing_hours": ("0.25", 0.25),
    "undo_seconds": ("2.5", 2.5),
    "double_rate": ("0.2", 0.2),
    "gold_rate": ("0", 0.0),
    "hard_in_a_row": ("2", 2),
    "exposure_minutes": ("0.5", 0.5),
    "work_minutes": ("45.5", 45.5),
    "break_minutes": ("3.5", 3.5),
    "firm_breaks": ("true", True),
    "help_text": ("Call 0800, any time", "Call 0800, any time"),
    "keep_public_pass_days": ("6", 6),
    "keep_restricted_pass_days": ("7", 7),
    "keep_private_pass_days": ("8", 8),
    "keep_judged_days": ("9", 9),
    "quarantine_contents": ("11", 11),
    "quarantine_factor": ("12.5", 12.5),
    "anonymous_escalations": ("3", 3),
    "oversight_vantage": ("Frankfurt, a home line", "Frankfurt, a home line"),
    "rate_limit": ("50/s", "50/s"),
    "public_forms": ("true", True),
    "public_forms_platform": ("forum", "forum"),
    "public_forms_limit": ("2048", 2048),
    "proof_bits": ("18", 18),
    "tip_outcome": ("nothing", "nothing"),
    "redress": ("Write to us, by post", "Write to us, by post"),
    "session_hours": ("13.5", 13.5),
    "oidc_issuer": ("https://login.example/org", "https://login.example/org"),
    "oidc_client_id": ("tidegate", "tidegate"),
    "oidc_client_secret": ("hush, hush", "hush, hush"),
    "oidc_client_secret_file": ("/run/secrets/oidc", Path("/run/secrets/oidc")),
    "oidc_name": ("Example Ltd.", "Example Ltd."),
    "oidc_scopes": ("openid email", "openid email"),
    "oidc_groups_claim": ("roles", "roles"),
    "oidc_roles": ("desk=reviewer, boss=admin", ["desk=reviewer", "boss=admin"]),
    "oidc_create": ("true", True),
    "log_level": ("warning", "warning"),
}


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of an instance lies about."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_comes_out_the_same_from_the_environment_and_the_file(
    name: str, tmp_path: Path
) -> None:
    text, value = GIVEN[name]
    assert value != getattr(Settings(), name)
    file = tmp_path / "some.toml"
    file.write_text(f"{name} = {json.dumps(value, default=str)}\n")
    by_environment = load_settings(environ={f"TIDEGATE_{name.upper()}": text})
    by_file = load_settings(environ={"TIDEGATE_CONFIG": str(file)})
    assert getattr(by_environment, name) == getattr(by_file, name) == value
    assert all(one.meaning for one in told(by_file))
    assert told(by_environment)[NAMES.index(name)].source == "environment"
    assert told(by_file)[NAMES.index(name)].source == "file"
    hushed = name == "database_url" or (name.endswith("secret") or "password" in name)
    assert told(by_file)[NAMES.index(name)].secret == hushed


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    (tmp_path / "tidegate.toml").write_text('port = 1\nhost = "::1"\nlog_level = "debug"\n')
    environ = {"TIDEGATE_PORT": "2", "TIDEGATE_HOST": "::2"}
    settings = load_settings(tmp_path, environ, port=3)
    assert (settings.port, settings.host, settings.log_level) == (3, "::2", "debug")


@pytest.mark.parametrize(("name", "text"), [("PORT", "8555,8556"), ("MEDIA_WORKERS", "two")])
def test_a_value_of_the_wrong_kind_is_told_by_its_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name.lower()):
        load_settings(environ={f"TIDEGATE_{name}": text})


def test_a_rate_that_is_none_is_refused_with_the_reason() -> None:
    with pytest.raises(SettingsError, match=r"rate_limit: expected .* \(50/s, 600/m, 100/10s\)"):
        load_settings(environ={"TIDEGATE_RATE_LIMIT": "fast"})


def test_what_is_no_network_is_refused_before_anything_runs() -> None:
    with pytest.raises(SettingsError, match=r"allowed_addresses: .* is no network"):
        load_settings(environ={"TIDEGATE_ALLOWED_ADDRESSES": '["127.0.0.0/8","::1/128"]'})
    assert load_settings(environ={"TIDEGATE_ALLOWED_ADDRESSES": "127.0.0.1/8, ::1"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("proxy.example", "'proxy.example' is no network such as 10.0.0.0/8"),
        ("127.0.0.1, 10.0.0.0/33", "'10.0.0.0/33' is no network"),
        ("10.1.2.3/8", r"write 10\.0\.0\.0/8 or 10\.1\.2\.3"),
    ],
)
def test_a_network_that_is_none_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"trusted_proxies: .*{said}"):
        load_settings(environ={"TIDEGATE_TRUSTED_PROXIES": text})


@pytest.mark.parametrize(
    "text",
    ["tg.example", "tg.example:8420", "//tg.example", "https:tg.example", "https://", "ftp://tg.example",
     "https://tg.example:http", "https://tg.example/?a=b", "https://tg.example/#top",
     "https://tg.example, https://x.example", "javascript://tg.example", "https://[tg.example",
     "https://u:hush@tg.example"],
)  # fmt: skip
def test_an_address_of_the_pages_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"public_url: .*https://tidegate\.example") as refused:
        load_settings(environ={"TIDEGATE_PUBLIC_URL": text})
    assert "hush" not in str(refused.value)
    (tmp_path / "tidegate.toml").write_text(f"public_url = {json.dumps(text)}\n")
    with pytest.raises(SettingsError, match="public_url"):
        load_settings(tmp_path, {})


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:8420/", "HTTPS://Tg.Example", "https://[::1]:1", "https://t.x/a/b"]
)
def test_an_address_of_the_pages_that_is_one_is_taken(text: str) -> None:
    assert load_settings(environ={"TIDEGATE_PUBLIC_URL": text}).public_url == text


@pytest.mark.parametrize(
    ("public_url", "said", "https"),
    [
        (None, None, False),
        ("http://tidegate.example", None, False),
        ("HTTPS://tidegate.example", None, True),
        ("https://tidegate.example", False, False),
        ("http://tidegate.example", True, True),
    ],
)
def test_cookies_keep_to_https_where_people_do_unless_told_otherwise(
    public_url: str | None, said: bool | None, https: bool
) -> None:
    assert Settings(public_url=public_url, secure_cookies=said).https_only is https


@pytest.mark.parametrize(
    "url", ["postgresqlx://u:hush@h/d", "host=h password=hush", "u:hush@h", "mysql://u:hush@h/d"]
)
def test_a_database_url_that_is_none_is_not_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="database_url is no URL") as refused:
        load_settings(tmp_path, {"TIDEGATE_DATABASE_URL": url})
    assert "hush" not in str(refused.value)


def test_the_doctor_shows_no_password_of_a_url_that_cannot_be_read(tmp_path: Path) -> None:
    [finding] = diagnose(tmp_path, "postgresql://u:hu%zzsh@h/d")
    assert not finding.ok
    assert "hu%zzsh" not in finding.detail
