"""Providers as one process knows them: where to send people, and what they come back with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import structlog
from authlib.integrations.base_client import OAuthError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.config import Settings
from app.identity.oidc import id_token
from app.identity.oidc.documents import Client, Remembered
from app.identity.oidc.errors import ProofRefused, ProviderUnavailable, UnknownProvider
from app.identity.oidc.id_token import KeyUnknown, Person
from app.identity.oidc.registrations import Registration, registrations

# A client secret that we sign is for one request.
SECRET_SECONDS = 300
# A key that we do not know makes us ask for the keys again, but not each time.
ROTATION_SECONDS = 10.0
UNREACHED = (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError)

log = structlog.get_logger(__name__)


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What we need of a provider's discovery document (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class TokenReply(msgspec.Struct, frozen=True):
    """What we need of a token endpoint's answer: we call none of the provider's services."""

    id_token: str


class Provider:
    """One provider. Its documents are fetched when they are first needed."""

    def __init__(self, registration: Registration) -> None:
        self.registration = registration
        self._client = Client(
            client_id=registration.client_id,
            client_secret=registration.client_secret,
            scope=registration.scope,
            redirect_uri=registration.redirect_uri,
            code_challenge_method="S256",
            # Through the proxy that the environment names, if the provider is out there.
            trust_env=urlsplit(registration.issuer).scheme == "https",
        )
        self._metadata = Remembered(self._fetch_metadata)
        self._keys = Remembered(self._fetch_keys)

    @property
    def key(self) -> str:
        return self.registration.key

    async def check_available(self) -> None:
        """Raises ProviderUnavailable."""
        await self._metadata.get()

    async def authorization_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where somebody signs in there. Raises ProviderUnavailable."""
        metadata = await self._metadata.get()
        url, _ = self._client.create_authorization_url(
            metadata.authorization_endpoint,
            state=state,
            code_verifier=verifier,
            nonce=nonce,
            response_mode="form_post" if self.registration.by_form else None,
        )
        return str(url)

    async def check_issuer(self, issuer: str | None) -> None:
        """Whether an answer is this provider's own (RFC 9207). Raises ProofRefused if not."""
        expected = (await self._metadata.get()).authorization_response_iss_parameter_supported
        if issuer != self.registration.issuer and (issuer is not None or expected):
            raise ProofRefused("iss of the answer")

    async def person_behind(self, code: str, *, verifier: str, nonce: str, now: datetime) -> Person:
        """Exchange the code of an answer for who came back.

        Raises ProviderUnavailable, ProofRefused.
        """
        metadata = await self._metadata.get()
        token = await self._id_token(metadata, code, verifier, now)
        try:
            return self._read(token, metadata, await self._keys.get(), nonce, now)
        except KeyUnknown:
            keys = await self._keys.get(younger_than=ROTATION_SECONDS)
        try:
            return self._read(token, metadata, keys, nonce, now)
        except KeyUnknown as error:
            raise ProofRefused("signed by no key of theirs") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _read(
        self, token: str, metadata: Metadata, keys: KeySet, nonce: str, now: datetime
    ) -> Person:
        return id_token.person_of(
            token,
            keys,
            algorithms=metadata.id_token_signing_alg_values_supported,
            issuer=self.registration.issuer,
            client_id=self.registration.client_id,
            nonce=nonce,
            now=now,
        )

    async def _id_token(self, metadata: Metadata, code: str, verifier: str, now: datetime) -> str:
        method = "client_secret_basic"
        if self.registration.signing_key is not None:
            method = "client_secret_post"
            self._client.client_secret = self._signed_secret(now)
        elif "client_secret_post" in metadata.token_endpoint_auth_methods_supported:
            method = "client_secret_post"
        try:
            reply = await self._client.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                auth=self._client.client_auth(method),
            )
            return msgspec.convert(dict(reply), TokenReply).id_token
        except OAuthError as error:
            # Perhaps our own fault (`invalid_client`), so it is logged.
            raise ProofRefused(f"token endpoint: {str(error.error)[:64]}") from error
        except UNREACHED as error:
            raise self._unavailable("tokens", error) from error
        except (ValueError, msgspec.ValidationError) as error:
            raise ProofRefused("token endpoint: no ID token") from error
        finally:
            # Authlib keeps the tokens; we want none of them.
            self._client.token = None

    def _signed_secret(self, now: datetime) -> str:
        """A client secret as Apple wants it: https://developer.apple.com/documentation/
        accountorganizationaldatasharing/creating-a-client-secret
        """
        assert self.registration.signing_key is not None
        issued = int(now.timestamp())
        claims = {
            "iss": self.registration.team_id,
            "sub": self.registration.client_id,
            "aud": self.registration.issuer,
            "iat": issued,
            "exp": issued + SECRET_SECONDS,
        }
        header = {"alg": "ES256", "kid": self.registration.key_id}
        return jwt.encode(header, claims, self.registration.signing_key, algorithms=["ES256"])

    async def _fetch_metadata(self) -> Metadata:
        url = self.registration.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found: Metadata = await self._fetch(url, Metadata)
        endpoints = found.authorization_endpoint, found.token_endpoint, found.jwks_uri
        if found.issuer != self.registration.issuer:
            raise self._unavailable("discovery", ValueError("another issuer"))
        if not all(self.registration.allows(each) for each in endpoints):
            raise self._unavailable("discovery", ValueError("addresses without TLS"))
        return found

    async def _fetch_keys(self) -> KeySet:
        document = await self._fetch((await self._metadata.get()).jwks_uri, dict[str, Any])
        try:
            signing = [key for key in document["keys"] if key.get("use", "sig") == "sig"]
            return KeySet.import_key_set({"keys": signing})
        except (JoseError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._unavailable("keys", error) from error

    async def _fetch(self, url: str, kind: Any) -> Any:
        try:
            return msgspec.convert(await self._client.fetch(url), kind)
        except (*UNREACHED, ValueError, msgspec.ValidationError) as error:
            raise self._unavailable(url, error) from error

    def _unavailable(self, what: str, error: Exception) -> ProviderUnavailable:
        log.warning("provider is away", provider=self.key, asked=what, error=repr(error)[:200])
        return ProviderUnavailable()


Providers = Mapping[str, Provider]


def load_providers(settings: Settings) -> Providers:
    """The providers that the settings name, none of them asked yet. Raises SettingsError."""
    return {key: Provider(each) for key, each in registrations(settings).items()}


def find(providers: Providers, key: str) -> Provider:
    """Raises UnknownProvider."""
    if key not in providers:
        raise UnknownProvider
    return providers[key]
