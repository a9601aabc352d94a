"""What is checked of settings beside their types: that they are networks, rates and addresses where nothing
else makes sense.
"""

from ipaddress import ip_network
from typing import TYPE_CHECKING

from tidegate.infra.rates import read_rate
from tidegate.infra.services import is_address, is_safe

if TYPE_CHECKING:
    from tidegate.infra.settings import Settings


class SettingsError(Exception):
    """A setting cannot be used; the text says which, why and what is expected."""


def check(settings: "Settings") -> None:
    """Raises SettingsError for what is no network, rate or address where nothing else makes sense."""
    try:
        _ = settings.proxies
    except ValueError as error:
        raise SettingsError(f"trusted_proxies: {error}.") from error
    for one in settings.allowed_addresses:
        try:
            ip_network(one, strict=False)
        except ValueError:
            raise SettingsError(
                f"allowed_addresses: {one!r} is no network. Write them as in 10.0.0.0/8, in the environment with"
                " commas between them and without quotes or brackets."
            ) from None
    try:
        _ = settings.rate_limit and read_rate(settings.rate_limit)
    except ValueError as error:
        raise SettingsError(f"rate_limit: {error}.") from error
    if settings.public_url and not is_address(settings.public_url):
        raise SettingsError(
            "public_url: this is no address that people can be sent to. Write it whole, with http:// or"
            " https:// and nothing behind the path, as in https://tidegate.example."
        )

    issuer = settings.oidc_issuer
    if issuer is not None and not (is_address(issuer) and is_safe(issuer)):
        raise SettingsError(
            "oidc_issuer: this is no address of a provider. It begins with https:// (on this machine"
            " http:// will do), as in https://login.example."
        )
    if wrong := [pair for pair in settings.oidc_roles if not all(pair.rpartition("="))]:
        raise SettingsError(
            f"oidc_roles: each is group=role, as in desk=reviewer, not {wrong[0]!r}."
        )
