"""Settings: one TOML file and the environment, read once at start.

The environment (`TIDEGATE_<NAME>`) wins over the file (`DIR/tidegate.toml`, or the path in
`TIDEGATE_CONFIG`), the file over the defaults. `docs/settings.md` is generated from this class.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from tidegate.infra.networks import Network, read_network
from tidegate.infra.settings_calling import Calling
from tidegate.infra.settings_checked import SettingsError, check
from tidegate.infra.wording import sentence


class Settings(Calling, msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything an operator may set."""

    media_workers: Annotated[
        int, Meta(ge=1, le=64, description="Sandboxed processes that decode media")
    ] = 2
    media_max_pixels: Annotated[
        int,
        Meta(
            ge=1024,
            description="Larger pictures are decoded at a fraction of their size (JPEG), or reviewed",
        ),
    ] = 64_000_000
    media_wall_seconds: Annotated[
        float, Meta(gt=0, description="Longest time for decoding one file")
    ] = 10.0
    media_post_pixels: Annotated[
        int, Meta(ge=1024, description="Files of a post that have more in all are reviewed instead")
    ] = 640_000_000
    media_post_seconds: Annotated[
        float, Meta(gt=0, description="Longest time for decoding all files of one post")
    ] = 60.0
    fetch_timeout_seconds: Annotated[
        float, Meta(gt=0, description="Longest time for fetching one media URL")
    ] = 15.0
    allowed_addresses: Annotated[
        list[str],
        Meta(
            description="Private networks (CIDR) that media URLs, webhooks and inboxes of other"
            " organisations may reach, these also without TLS"
        ),
    ] = []
    claim_minutes: Annotated[
        float, Meta(gt=0, description="A claim on a case expires after this long")
    ] = 30.0
    claims_per_person: Annotated[
        int, Meta(ge=1, description="A person holds at most so many cases at once, on the pages")
    ] = 3
    ageing_hours: Annotated[
        float,
        Meta(
            gt=0,
            description="Each so many hours of waiting lift a case by a band, up to band 2, and are the"
            " points of `age` within one",
        ),
    ] = 24.0
    undo_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=120,
            description="A decision made on the pages can be undone for so long before it leaves",
        ),
    ] = 10.0
    double_rate: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="This share of what people decided is shown to another, who is not told what the"
            " first one decided ([quality](quality.md))",
        ),
    ] = 0.05
    gold_rate: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="So often, by what people decide, a case whose answer is known is shown once more",
        ),
    ] = 0.01
    hard_in_a_row: Annotated[
        int,
        Meta(
            ge=1,
            description="The next case is an easier one after so many of severity 4 or 5, where one"
            " waits in the same or the next band",
        ),
    ] = 3
    exposure_minutes: Annotated[
        float, Meta(gt=0, description="After so much revealed media a break is offered")
    ] = 20.0
    work_minutes: Annotated[
        float, Meta(gt=0, description="After so much work without a break one is offered")
    ] = 90.0
    break_minutes: Annotated[
        float, Meta(ge=0, description="Whoever is away for so long has had a break")
    ] = 10.0
    firm_breaks: Annotated[bool, Meta(description="A break that is offered cannot be put off")] = (
        False
    )
    help_text: Annotated[
        str,
        Meta(
            max_length=4000,
            description="What a break shows: whom people can talk to, with numbers",
        ),
    ] = ""
    keep_public_pass_days: Annotated[
        int, Meta(ge=0, description="Content of public items that passed is kept this long")
    ] = 90
    keep_restricted_pass_days: Annotated[
        int, Meta(ge=0, description="The same for items of publicness `restricted`")
    ] = 30
    keep_private_pass_days: Annotated[
        int, Meta(ge=0, description="The same for private items; 0 keeps no bytes at all")
    ] = 0
    keep_report_days: Annotated[
        int,
        Meta(ge=1, description="What a report brings of its own, whatever is said of it"),
    ] = 365
    keep_judged_days: Annotated[
        int, Meta(ge=0, description="Content of items that were reviewed or acted on")
    ] = 365
    quarantine_contents: Annotated[
        int,
        Meta(
            ge=1,
            description="More different things in an hour, each of another author, put a bank entry"
            " in quarantine",
        ),
    ] = 50
    quarantine_factor: Annotated[
        float,
        Meta(ge=0, description="But only if they are more than this many times its usual hour"),
    ] = 20.0
    anonymous_escalations: Annotated[
        int,
        Meta(
            ge=0,
            description="So many reports an hour and platform escalate with no reporter to answer"
            " for them; more are looked at as ordinary ones",
        ),
    ] = 20
    burst_false_alarms: Annotated[
        float, Meta(ge=0, description="So many surges a month may be told wrongly; 0: none is told")
    ] = 1.0
    burst_scheme: Annotated[
        str, Meta(description="The scheme of incidents that surges propose")
    ] = "attack-response"
    alert_unacknowledged_seconds: Annotated[
        float,
        Meta(
            gt=0,
            description="An alert that nobody has acknowledged for so long is told again, to one more"
            " target each time ([alerts](alerts.md))",
        ),
    ] = 300.0
    oversight_vantage: Annotated[
        str,
        Meta(
            max_length=200,
            description="From where it is looked whether content is still there, as it stands beside what was"
            " seen ([checks](checks.md)); empty: the organisation's id and `direct`",
        ),
    ] = ""
    rate_limit: Annotated[
        str | None,
        Meta(
            description="How often a key may ask, in each web process: `50/s`, `600/m` or `100/10s` are"
            " so many at once, given back over that time. `keys create --rate` says another for a key"
        ),
    ] = None
    public_forms: Annotated[
        bool,
        Meta(
            description="Anybody may open `/notice`, `/tip` and `/follow-up` ([public forms](forms.md))"
        ),
    ] = False
    public_forms_platform: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9_.-]{1,64}$",
            description="The platform that the public forms are of",
        ),
    ] = "default"
    public_forms_limit: Annotated[
        int, Meta(ge=1024, description="Largest public form with its files, in bytes")
    ] = 20 << 20
    proof_bits: Annotated[
        int,
        Meta(
            ge=1,
            le=24,
            description="How hard the puzzle is that browsers solve for a public form: one more is twice the"
            " work",
        ),
    ] = 16
    tip_outcome: Annotated[
        Literal["looked-at", "decision", "nothing"],
        Meta(
            description="What whoever sent a tip is told once it is decided: that it was looked at, what was"
            " decided, or `nothing`"
        ),
    ] = "looked-at"
    redress: Annotated[
        str,
        Meta(
            max_length=2000,
            description="How whoever sent a notice can contest what was decided; empty: in general words",
        ),
    ] = ""
    session_hours: Annotated[float, Meta(gt=0, description="A session on the pages lasts")] = 12.0
    oidc_issuer: Annotated[
        str | None,
        Meta(
            description="Sign-in by this OpenID provider ([how](sign-in.md)): its issuer's address,"
            " under which it has `/.well-known/openid-configuration`. Needs `public_url`"
        ),
    ] = None
    oidc_client_id: Annotated[
        str | None, Meta(description="What this instance is registered as there")
    ] = None
    oidc_client_secret: Annotated[
        str | None,
        Meta(
            description="The secret that goes with it; none: a public client",
            extra={"secret": True},
        ),
    ] = None
    oidc_client_secret_file: Annotated[
        Path | None, Meta(description="A file with that secret, instead")
    ] = None
    oidc_name: Annotated[
        str, Meta(min_length=1, max_length=40, description="What the button calls the provider")
    ] = "your organisation"
    oidc_scopes: Annotated[str, Meta(description="What is asked for there; `openid` always is")] = (
        "openid email profile"
    )
    oidc_groups_claim: Annotated[
        str, Meta(min_length=1, description="The claim with somebody's groups")
    ] = "groups"
    oidc_roles: Annotated[
        list[str],
        Meta(
            description="`group=role`: the first group that somebody is in gives their role at each"
            " sign-in, and whoever is in none is not let in that way; empty: roles are given here"
        ),
    ] = []
    oidc_create: Annotated[
        bool, Meta(description="Whoever has a role by `oidc_roles` is made a user when they come")
    ] = False
    log_level: Annotated[str, Meta(description="debug, info, warning or error")] = "info"

    @property
    def proxies(self) -> list[Network]:
        """The networks of `trusted_proxies`."""
        return [read_network(text) for text in self.trusted_proxies]

    @property
    def https_only(self) -> bool:
        """Whether people reach the pages over HTTPS alone: cookies are sent over nothing else."""
        if self.secure_cookies is not None:
            return self.secure_cookies
        return (self.public_url or "").lower().startswith("https:")

    @property
    def oidc_secret(self) -> str | None:
        """The client's secret, from its file if that is named. Raises SettingsError."""
        path = self.oidc_client_secret_file
        if path is None:
            return self.oidc_client_secret
        try:
            return path.read_text().strip()
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"oidc_client_secret_file: {path} cannot be read: {error}"
            ) from error


Source = Literal["default", "file", "environment", "command line"]


class Loaded(Settings, frozen=True, kw_only=True):
    """Settings that say where each comes from; those that are not named are as they are by default."""

    sources: dict[str, Source] = {}


_SCHEMES = ("postgresql://", "postgres://")


def _from_text(name: str, text: str) -> object:
    """An environment variable as the type of its field: lists are comma separated."""
    if get_origin(get_type_hints(Settings)[name]) is list:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def load_settings(
    data_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
    **overrides: str | int | None,
) -> Settings:
    """Read the settings; `data_dir` and `overrides` (from the command line) win over everything.

    Raises SettingsError for an unreadable file, an unknown name or a value of the wrong kind.
    """
    environ = os.environ if environ is None else environ
    names = {f.name for f in msgspec.structs.fields(Settings)}
    values: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    for name in names:
        if (text := environ.get(f"TIDEGATE_{name.upper()}")) is not None:
            values[name] = _from_text(name, text)
            sources[name] = "environment"
    root = data_dir or Path(str(values.get("data_dir", Settings().data_dir)))
    path = Path(environ.get("TIDEGATE_CONFIG") or root / "tidegate.toml")
    if path.exists():
        try:
            found = tomllib.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise SettingsError(f"{path} cannot be read: {error}") from error
        values = found | values
        in_file: dict[str, Source] = dict.fromkeys(found, "file")
        sources = in_file | sources
    elif environ.get("TIDEGATE_CONFIG"):
        raise SettingsError(f"TIDEGATE_CONFIG names {path}, which does not exist.")
    said = {name: value for name, value in overrides.items() if value is not None}
    if data_dir is not None:
        said["data_dir"] = str(data_dir)
    # The supervisor repeats what it was told to those below it: who says the same says nothing new.
    defaults = msgspec.structs.asdict(Settings())
    for name, value in said.items():
        if str(value) != str(values.get(name, defaults[name])):
            sources[name] = "command line"
    values |= said
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path} or the environment: {sentence(error, Settings)}") from error
    check(settings)
    if settings.database_url and not settings.database_url.startswith(_SCHEMES):
        # What it is may hold a password, and is not shown.
        raise SettingsError(
            f"{path} or the environment: database_url is no URL of a PostgreSQL database. It begins with"
            " postgresql://, as in postgresql://ROLE@HOST/DATABASE."
        )
    whole: dict[str, Any] = msgspec.structs.asdict(settings) | {
        "data_dir": settings.data_dir.absolute()
    }
    return Loaded(**whole, sources=sources)


def _decode(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)
