"""Typed settings, read once from the environment.

Every setting is one field here and one row of the README's settings table. A setting that is
missing or malformed stops the start with one line that names the variable.
"""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

# Minor units of some currency.
Amount = Annotated[int, msgspec.Meta(ge=0)]


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class RateSource(StrEnum):
    """Who tells what currencies are worth (app.currencies.sources)."""

    NONE = "none"
    STATIC = "static"
    ECB = "ecb"


class SettingsError(Exception):
    """A setting is missing or malformed; the message is for the person who starts the program."""


class OidcProvider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What we are to an OpenID Connect provider. Google and Apple need no more than their keys."""

    client_id: str
    client_secret: str = ""
    # What people call it; by default its key in the settings.
    name: str = ""
    issuer: str = ""
    scope: str = ""
    # How it sends people back: `query`, or by a form (`form_post`) as Apple does.
    response_mode: str = ""
    # Instead of a client secret: what Apple makes one of (ES256, PEM).
    team_id: str = ""
    key_id: str = ""
    private_key: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one process. Field `database_url` is read from `DATABASE_URL`, and so on."""

    roost_env: Environment = Environment.PRODUCTION
    database_url: str
    redis_url: str

    # Where the API listens, and the address under which browsers reach it.
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://localhost:8000"
    # Origins of browser apps that may open websockets and send cookies.
    web_origins: tuple[str, ...] = ()
    # The domain that passkeys belong to, which the web app's is or ends in; by default the host of
    # the first of the origins, or of the public address. Another one makes them all useless.
    passkey_domain: str | None = None
    # What apps say that they are, besides web origins: android:apk-key-hash:….
    passkey_app_origins: tuple[str, ...] = ()
    # Addresses or networks of our own proxies, whose X-Forwarded-For tells the client's address.
    # From anybody else it is anybody's invention.
    trusted_proxies: tuple[str, ...] = ()
    # Where uploaded and demo pictures are kept; served under /media.
    media_dir: Path = Path("var/media")
    # Instead for uploaded ones: s3://bucket/prefix?region=…&endpoint=…, and where browsers find
    # that. Credentials as the AWS tools read them from the environment.
    storage_url: str | None = None
    storage_public_url: str = ""

    # Fetch what hosts import from private networks and over plain HTTP, too: for tests and
    # development. Elsewhere it would let anybody look at our own network.
    fetch_private_networks: bool = False

    smtp_url: str = "smtp://localhost:1025"
    mail_from: str = "Roost <stays@roost.example>"

    stripe_secret_key: str
    stripe_publishable_key: str = ""
    # Several secrets are accepted at once while one is being rotated.
    stripe_webhook_secrets: tuple[str, ...]
    # Set only to speak to the payment sandbox; None means Stripe itself.
    stripe_api_base: str | None = None

    # Without a key there is no Paystack. It signs webhooks, too: those that are signed with the
    # previous ones are accepted while it is being rotated.
    paystack_secret_key: str = ""
    paystack_previous_keys: tuple[str, ...] = ()
    # Set only to speak to the payment sandbox; None means Paystack itself.
    paystack_api_base: str | None = None

    # Private keys (PEM, Ed25519) that sign access tokens: the first signs, all verify.
    auth_signing_keys: tuple[str, ...]
    access_token_seconds: int = 600
    refresh_token_seconds: int = 30 * 24 * 3600

    # By the name in addresses: `google`, `apple`, or any other that has an issuer.
    oidc_providers: dict[str, OidcProvider] = {}
    # Where apps are come back to after a provider, letter for letter; pages of `web_origins` may be
    # come back to without being named.
    app_return_urls: tuple[str, ...] = ()

    database_pool_size: int = 16
    database_statement_timeout_ms: int = 5_000
    worker_concurrency: int = 16
    worker_port: int = 8001

    # Whose rates prices are shown by in other currencies; `none`: in no other ones.
    exchange_rates: RateSource = RateSource.NONE
    exchange_rates_url: str = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"

    # Platform fees in basis points of the subtotal, copied onto each booking when it is made.
    guest_fee_bp: int = 1_200
    host_fee_bp: int = 300
    # Nights are held this long for the guest to pay; after a host's acceptance, the longer one.
    hold_seconds: int = 15 * 60
    accepted_hold_seconds: int = 12 * 3600
    request_seconds: int = 24 * 3600
    payout_delay_seconds: int = 24 * 3600
    # Who issues receipts and invoices: name and tax number as in the register, the address line by
    # line, what invoices say besides, and by whose clock its days, months and years begin.
    issuer_name: str = "Roost (development)"
    issuer_address: tuple[str, ...] = ()
    issuer_tax_id: str = ""
    issuer_note: str = ""
    issuer_timezone: str = "UTC"
    # Payouts smaller than this, in minor units by currency, are carried forward: for so many days.
    payout_minimums: dict[str, Amount] = msgspec.field(
        default_factory=lambda: (
            {"EUR": 5_00, "GBP": 5_00, "GHS": 20_00, "KES": 200_00}
            | {"NGN": 2_000_00, "USD": 5_00, "ZAR": 50_00}
        )
    )
    payout_carry_days: int = 30
    # A new host's payouts begin so many days after the end of their first stay; 0: no such hold.
    new_host_hold_days: int = 0
    # What a host who cancels a confirmed stay owes, in basis points of what the nights left would
    # have brought: with 30 days' notice or more, with 48 hours', with less. Zero: nothing.
    host_cancellation_early_bp: int = 1_000
    host_cancellation_bp: int = 2_500
    host_cancellation_late_bp: int = 5_000
    # At least so much, in minor units by currency; never more than the nights would have brought.
    host_cancellation_minimums: dict[str, Amount] = msgspec.field(
        default_factory=lambda: {"EUR": 50_00, "GBP": 45_00, "USD": 50_00}
    )
    # How long somebody who deletes their account can think better of it.
    erasure_grace_days: int = 30
    # How long the link to an export of one's data works.
    export_days: int = 7
    # Who never verified their address, ended sessions, and where sign-ins came from: forgotten
    # after so long.
    unverified_days: int = 30
    ended_session_days: int = 90
    sign_in_trace_days: int = 365
    # How often the worker looks for work that no event announced (expiry, completion, payouts,
    # payments whose webhook never came).
    sweep_seconds: float = 10.0

    # How long what a search found is kept in Redis at most, if it stays true so long; 0: not at
    # all. Changes are remembered for longer (app.search.cache).
    search_cache_seconds: Annotated[int, msgspec.Meta(ge=0, le=300)] = 60

    graphql_introspection: bool | None = None
    # Compiled plans (schema/engine); off, graphql-core executes everything.
    graphql_engine: bool = True
    graphql_deadline_seconds: float = 10.0
    log_level: str = "INFO"
    log_json: bool | None = None
    # Serve Prometheus's /metrics on the API's port too; the worker's port always does.
    metrics_enabled: bool = False

    @property
    def is_production(self) -> bool:
        return self.roost_env is Environment.PRODUCTION

    @property
    def introspection_enabled(self) -> bool:
        """Introspection and GraphiQL: off in production unless switched on."""
        return (
            not self.is_production
            if self.graphql_introspection is None
            else self.graphql_introspection
        )


LISTS = {
    "issuer_address",
    "web_origins",
    "app_return_urls",
    "passkey_app_origins",
    "trusted_proxies",
    "stripe_webhook_secrets",
    "paystack_previous_keys",
}
# By currency: `EUR=5000,USD=5000`.
AMOUNTS = {"host_cancellation_minimums", "payout_minimums"}


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises SettingsError with a line that names what is wrong.

    `NAME_FILE` may name a file that holds the value of `NAME`, as container secrets do.
    """
    source = dict(os.environ if environ is None else environ)
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        name = field.name.upper()
        raw = source.get(name)
        if raw is None and (path := source.get(f"{name}_FILE")):
            try:
                raw = Path(path).read_text().strip()
            except OSError as error:
                raise SettingsError(f"{name}_FILE: {error}") from error
        if raw is None or raw == "":
            if field.required:
                raise SettingsError(f"{name} is not set; see the settings table in README.md")
            continue
        values[field.name] = _parts(field.name, raw)
    try:
        settings = msgspec.convert(
            values, Settings, strict=False, dec_hook=lambda kind, value: kind(value)
        )
    except msgspec.ValidationError as error:
        raise SettingsError(f"settings: {error}") from error
    _refuse_sandbox_in_production(settings)
    _require_timezone(settings.issuer_timezone)
    return settings


def _parts(name: str, raw: str) -> Any:
    if name == "oidc_providers":
        try:
            return msgspec.json.decode(raw)
        except msgspec.DecodeError as error:
            raise SettingsError("OIDC_PROVIDERS is not JSON") from error
    if name == "auth_signing_keys":
        end = "-----END PRIVATE KEY-----"
        return [
            part.strip() + "\n" + end + "\n"
            for part in raw.replace("\\n", "\n").split(end)
            if part.strip()
        ]
    if name in AMOUNTS:
        pairs = [part.partition("=") for part in raw.split(",") if part.strip()]
        return {currency.strip(): amount.strip() for currency, _, amount in pairs}
    if name in LISTS:
        return [part.strip() for part in raw.split(",") if part.strip()]
    return raw


def _require_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError(f"ISSUER_TIMEZONE is no time zone: {name}") from None


def _refuse_sandbox_in_production(settings: Settings) -> None:
    for name in ("stripe_api_base", "paystack_api_base"):
        if settings.is_production and getattr(settings, name) is not None:
            raise SettingsError(
                f"{name.upper()} points to a payment sandbox: refused in production"
            )
