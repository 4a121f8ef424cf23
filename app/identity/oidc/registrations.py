"""What the settings say about providers, completed and checked before anything starts."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from app.config import OidcProvider, Settings, SettingsError

# What the settings need not say.
PRESETS: Mapping[str, OidcProvider] = {
    "google": OidcProvider(client_id="", name="Google", issuer="https://accounts.google.com"),
    "apple": OidcProvider(
        client_id="",
        name="Apple",
        issuer="https://appleid.apple.com",
        scope="openid name email",
        response_mode="form_post",
    ),
}
SCOPE = "openid email profile"
RESPONSE_MODES = {"", "query", "form_post"}
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What we are to one provider."""

    key: str
    name: str
    issuer: str
    client_id: str
    client_secret: str
    scope: str
    redirect_uri: str
    by_form: bool
    team_id: str
    key_id: str
    # Signs a client secret for each request, where there is no lasting one.
    signing_key: ECKey | None
    # Providers on a developer's machine may do without TLS.
    schemes: frozenset[str]

    def allows(self, url: str) -> bool:
        """Whether the provider may have us ask, or send people, there."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        return parts.scheme in self.schemes and bool(parts.hostname) and not parts.username


def registrations(settings: Settings) -> Mapping[str, Registration]:
    """The providers that people can sign in through, by key. Raises SettingsError."""
    return {key: _registration(key, settings) for key in settings.oidc_providers}


def provider_name(settings: Settings, key: str) -> str:
    """What people call a provider, even one that has left the settings."""
    given = settings.oidc_providers.get(key)
    preset = PRESETS.get(key)
    return (given and given.name) or (preset and preset.name) or key


def _registration(key: str, settings: Settings) -> Registration:
    if not _KEY.fullmatch(key):
        raise _wrong(key, "a name has small letters, digits and '-'")
    given, preset = settings.oidc_providers[key], PRESETS.get(key)

    def value(name: str, default: str = "") -> str:
        return getattr(given, name) or (getattr(preset, name) if preset else "") or default

    if value("response_mode") not in RESPONSE_MODES:
        raise _wrong(key, "response_mode is query or form_post")
    if not given.client_id or bool(given.client_secret) == bool(given.private_key):
        raise _wrong(key, "expected a client_id, and a client_secret or a private_key")
    made = Registration(
        key=key,
        name=provider_name(settings, key),
        issuer=value("issuer"),
        client_id=given.client_id,
        client_secret=given.client_secret,
        scope=value("scope", SCOPE),
        redirect_uri=f"{settings.public_url.rstrip('/')}/auth/oidc/{key}/callback",
        by_form=value("response_mode") == "form_post",
        team_id=given.team_id,
        key_id=given.key_id,
        signing_key=_signing_key(key, given) if given.private_key else None,
        schemes=frozenset({"https"} if settings.is_production else {"https", "http"}),
    )
    if not made.allows(made.issuer):
        raise _wrong(key, "expected an issuer, an https address")
    return made


def _signing_key(key: str, given: OidcProvider) -> ECKey:
    try:
        found = ECKey.import_key(given.private_key.replace("\\n", "\n"))
    except (JoseError, ValueError) as error:
        raise _wrong(key, "private_key is none in PEM") from error
    if found.curve_name != "P-256" or not found.is_private:
        raise _wrong(key, "private_key is no private key for ES256")
    if not given.team_id or not given.key_id:
        raise _wrong(key, "a private_key comes with team_id and key_id")
    return found


def _wrong(key: str, what: str) -> SettingsError:
    return SettingsError(f"OIDC_PROVIDERS: {key}: {what}")
