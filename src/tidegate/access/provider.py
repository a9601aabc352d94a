"""The OpenID provider that people may sign in at: where it is, what it is asked, and whether what it says
is right. Authorization code with PKCE (S256), `state` and `nonce`; what it is asked goes through
`infra/egress.py`. Who somebody is here, `identities.py` says.
"""

# Authlib says nothing of its types.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from tidegate.access.identities import Rules, Told, read_rules
from tidegate.infra.egress import AddressGuard, Client
from tidegate.infra.errors import Refusal
from tidegate.infra.services import is_safe
from tidegate.infra.settings import Settings, SettingsError

log = structlog.get_logger()

CALLBACK = "/sign-in/oidc/callback"
_LIMIT_BYTES = 1 << 20
_SECONDS = 10.0
_LEEWAY_SECONDS = 60
_KEPT_FOR = timedelta(hours=1)
_ASK_AGAIN_AFTER = timedelta(minutes=1)
# Those with a key that only the provider has: what we hold ourselves could have signed the others.
_FAMILIES = ("RS", "PS", "ES")
_ALGORITHMS = [f"{name}{size}" for name in _FAMILIES for size in (256, 384, 512)] + ["EdDSA"]


class Begun(msgspec.Struct, frozen=True):
    """What must be known again when somebody comes back; kept here, and never sent as a whole."""

    state: str
    nonce: str
    verifier: str


class _Known(msgspec.Struct, frozen=True):
    """What discovery said, and when."""

    metadata: dict[str, Any]
    keys: KeySet
    at: datetime


def begin() -> Begun:
    """New random values for one visit to the provider."""
    return Begun(*(secrets.token_urlsafe(48) for _ in range(3)))


class Provider:
    """One provider, as the settings name it; what it says of itself is kept for an hour. Raises
    SettingsError."""

    def __init__(self, settings: Settings) -> None:
        if not settings.public_url or not settings.oidc_client_id:
            raise SettingsError(
                "oidc_issuer: this needs public_url, to which people come back, and oidc_client_id, by which"
                " the provider knows who asks."
            )
        self.issuer = settings.oidc_issuer or ""
        self.name = settings.oidc_name
        self.rules = _rules(settings)
        self.redirect_uri = settings.public_url.rstrip("/") + CALLBACK
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_secret
        self._scope = " ".join(dict.fromkeys(["openid", *settings.oidc_scopes.split()]))
        self._groups_claim = settings.oidc_groups_claim
        self._asks_groups = bool(settings.oidc_roles)
        self._guard = AddressGuard(settings.allowed_addresses)
        self._known: _Known | None = None

    async def address(self, begun: Begun, now: datetime, *, again: bool = False) -> str:
        """Where somebody is sent to sign in; `again`: also if they have lately. Raises Refusal (503)."""
        known = await self._discover(now)
        anew = {"prompt": "login", "max_age": "0"} if again else {}
        return prepare_grant_uri(
            _endpoint(known.metadata, "authorization_endpoint"),
            client_id=self._client_id,
            response_type="code",
            redirect_uri=self.redirect_uri,
            scope=self._scope,
            state=begun.state,
            nonce=begun.nonce,
            code_challenge=create_s256_code_challenge(begun.verifier),
            code_challenge_method="S256",
            **anew,
        )

    async def told(
        self, begun: Begun, code: str, now: datetime, *, since: datetime | None = None
    ) -> Told:
        """Who signed in, for the code that they brought back; `since`: not before then. Raises Refusal: 401
        for what is not right, 503 when the provider cannot be asked."""
        known = await self._discover(now)
        token = await self._redeem(known, code, begun.verifier)
        claims = await self._claims(known, token, begun.nonce, now)
        if since is not None:
            signed_in = claims.get("auth_time")
            if not isinstance(signed_in, int) or signed_in < since.timestamp() - _LEEWAY_SECONDS:
                raise _untrue("auth_time")
        wanted = {"email"} | ({self._groups_claim} if self._asks_groups else set())
        if not wanted <= claims.keys() and "userinfo_endpoint" in known.metadata:
            claims = await self._more(known, token, claims) | claims
        return self._as_told(claims)

    def _as_told(self, claims: Mapping[str, Any]) -> Told:
        email, groups = claims.get("email"), claims.get(self._groups_claim)
        vouched = isinstance(email, str) and claims.get("email_verified") is True
        found = [groups] if isinstance(groups, str) else groups
        return Told(
            issuer=self.issuer,
            subject=str(claims["sub"]),
            email=email if vouched else None,
            groups=frozenset(one for one in found if isinstance(one, str))
            if isinstance(found, list)
            else frozenset(),
        )

    async def _redeem(self, known: _Known, code: str, verifier: str) -> dict[str, Any]:
        """The provider's tokens for a code."""
        body = prepare_token_request(
            "authorization_code", redirect_uri=self.redirect_uri, code=code, code_verifier=verifier
        )
        url = _endpoint(known.metadata, "token_endpoint")
        offered = known.metadata.get("token_endpoint_auth_methods_supported", [])
        basic = "client_secret_post" not in offered or "client_secret_basic" in offered
        method = "client_secret_basic" if basic else "client_secret_post"
        asks = ClientAuth(self._client_id, self._secret, method if self._secret else "none")
        headers = {"content-type": "application/x-www-form-urlencoded"}
        url, headers, body = asks.prepare("POST", url, headers, body)
        return await self._ask("POST", url, headers, body)

    async def _claims(
        self, known: _Known, token: Mapping[str, Any], nonce: str, now: datetime
    ) -> dict[str, Any]:
        """What the ID token says, once it is clear that the provider said it: to us, now, and for this
        visit."""
        text = token.get("id_token")
        if not isinstance(text, str):
            raise _untrue("id_token")
        offered = known.metadata.get("id_token_signing_alg_values_supported", ["RS256"])
        algorithms = [one for one in _ALGORITHMS if one in offered]
        try:
            try:
                read = jwt.decode(text, known.keys, algorithms=algorithms)
            except InvalidKeyIdError:
                # They change their keys.
                known = await self._discover(now, not_before=now - _ASK_AGAIN_AFTER)
                read = jwt.decode(text, known.keys, algorithms=algorithms)
            claims = CodeIDToken(
                read.claims,
                read.header,
                {
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                {
                    "nonce": nonce,
                    "client_id": self._client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=_LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError) as error:
            raise _untrue(type(error).__name__, str(error)) from error
        return dict(claims)

    async def _more(
        self, known: _Known, token: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What the provider says of the person beside the ID token."""
        bearer = {"authorization": f"Bearer {token.get('access_token', '')}"}
        said = await self._ask("GET", _endpoint(known.metadata, "userinfo_endpoint"), bearer)
        if said.get("sub") != claims["sub"]:
            raise _untrue("sub")
        return said

    async def _discover(self, now: datetime, not_before: datetime | None = None) -> _Known:
        """What the provider says of itself, read now if it was last before `not_before`."""
        oldest = now - _KEPT_FOR if not_before is None else not_before
        if self._known is not None and self._known.at > oldest:
            return self._known
        at = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata = await self._ask("GET", at, {})
        if metadata.get("issuer") != self.issuer:
            raise _away("it says that it is another issuer")
        keys = await self._ask("GET", _endpoint(metadata, "jwks_uri"), {})
        try:
            known = _Known(metadata, KeySet.import_key_set(keys), now)  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _away("its keys cannot be read") from error
        self._known = known
        return known

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None = None
    ) -> dict[str, Any]:
        """The JSON object that it answers with. Raises Refusal: 401 where it refuses, 503 where there is
        none."""
        client = Client(self._guard)
        try:
            answer = await client.ask(
                method,
                url,
                headers=headers,
                content=None if body is None else body.encode(),
                limit_bytes=_LIMIT_BYTES,
                timeout=_SECONDS,
            )
            said = msgspec.json.decode(answer.data, type=dict[str, Any])
        except Refusal as refusal:
            raise _away(refusal.detail) from refusal
        except msgspec.MsgspecError as error:
            raise _away("its answer cannot be read") from error
        finally:
            await client.aclose()
        if answer.status >= 500:
            raise _away(f"it answered {answer.status}")
        if answer.status != 200:
            raise _untrue(str(answer.status), str(said.get("error", ""))[:80])
        return said


def _rules(settings: Settings) -> Rules:
    try:
        return read_rules(settings.oidc_roles, settings.oidc_create)
    except Refusal as refusal:
        raise SettingsError(f"oidc_roles: {refusal.detail}") from refusal


def _endpoint(metadata: Mapping[str, Any], name: str) -> str:
    """An address of the provider's, over TLS unless it is on this machine."""
    url = metadata.get(name)
    if not isinstance(url, str) or not is_safe(url):
        raise _away(f"its {name} is none that can be used")
    return url


def _untrue(what: str, why: str = "") -> Refusal:
    """What exactly was wrong is for the log."""
    log.warning("oidc.refused", what=what, why=why[:200])
    return oidc_failed()


def _away(why: str) -> Refusal:
    log.warning("oidc.away", why=why)
    return Refusal(
        "provider-away",
        503,
        "The place where you sign in does not answer",
        "Nothing was changed. Try again in a moment, or sign in by another way.",
        headers={"Retry-After": "10"},
    )


def oidc_failed() -> Refusal:
    return Refusal(
        "sign-in-failed",
        401,
        "That sign-in did not work",
        "Nothing was changed. Begin again from the sign-in page.",
    )
