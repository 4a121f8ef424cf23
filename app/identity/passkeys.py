"""Passkeys (WebAuthn): the ceremonies are py_webauthn's, what is kept and allowed is ours.

Every passkey is discoverable and every ceremony wants the person verified (a finger, a face, a
PIN), so one alone counts as both factors. Attestation is not asked for: any authenticator will do.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import structlog
import webauthn
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.config import Settings
from app.errors import Conflict, NotFound
from app.identity.challenges import Issued
from app.identity.errors import PasskeyKnown, PasskeyRefused
from app.ids import new_id
from db.models import Passkey
from db.session import constraint_name

NAME = "Roost"
MAX_PASSKEYS = 20
# WebAuthn, 5.1: what authenticators may make at most.
MAX_CREDENTIAL_ID = 1023
CREDENTIAL_KEY = "passkeys_credential_id_key"
VERIFIED = UserVerificationRequirement.REQUIRED

log = structlog.get_logger(__name__)

Json: TypeAlias = dict[str, Any]
Descriptor: TypeAlias = PublicKeyCredentialDescriptor


class Party(msgspec.Struct, frozen=True):
    """Whom passkeys are for: the domain that they belong to, and the pages and apps that ask."""

    domain: str
    origins: Sequence[str]


class Known(msgspec.Struct, frozen=True):
    """A passkey that an assertion names."""

    id: UUID
    user_id: UUID
    public_key: bytes
    sign_count: int


def party_of(settings: Settings) -> Party:
    """The settings' relying party: by default the domain of the (first) web app."""
    origins = [*settings.web_origins, settings.public_url.rstrip("/")]
    domain = settings.passkey_domain or urlsplit(origins[0]).hostname or "localhost"
    return Party(domain, [*origins, *settings.passkey_app_origins])


def request_options(party: Party, challenge: Issued, allowed: Sequence[Descriptor] = ()) -> Json:
    """What `navigator.credentials.get` is called with; without `allowed`, any passkey will do."""
    options = webauthn.generate_authentication_options(
        rp_id=party.domain,
        challenge=challenge.secret,
        timeout=challenge.expires_in * 1000,
        allow_credentials=list(allowed),
        user_verification=VERIFIED,
    )
    return options_to_json_dict(options)


def creation_options(
    party: Party,
    challenge: Issued,
    user_id: UUID,
    username: str,
    display_name: str,
    existing: Sequence[Descriptor],
) -> Json:
    """What `navigator.credentials.create` is called with."""
    options = webauthn.generate_registration_options(
        rp_id=party.domain,
        rp_name=NAME,
        user_id=user_id.bytes,
        user_name=username,
        user_display_name=display_name,
        challenge=challenge.secret,
        timeout=challenge.expires_in * 1000,
        exclude_credentials=list(existing),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
        ),
    )
    return options_to_json_dict(options)


async def descriptors(
    connection: AsyncConnection | AsyncSession, user_id: UUID
) -> list[Descriptor]:
    """A user's passkeys as browsers want them named."""
    found = await connection.execute(
        select(Passkey.credential_id, Passkey.transports)
        .where(Passkey.user_id == user_id)
        .order_by(Passkey.id)
    )
    return [
        PublicKeyCredentialDescriptor(
            id=credential_id, transports=[AuthenticatorTransport(each) for each in transports]
        )
        for credential_id, transports in found
    ]


async def register(
    session: AsyncSession,
    party: Party,
    secret: bytes,
    user_id: UUID,
    name: str,
    credential: Mapping[str, Any],
    now: datetime,
) -> UUID:
    """Keep a passkey that was just made for this challenge. Returns its id.

    Raises PasskeyRefused, PasskeyKnown, Conflict when there are too many.
    """
    try:
        made = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=secret,
            expected_rp_id=party.domain,
            expected_origin=list(party.origins),
            require_user_verification=True,
        )
    except Exception as error:
        raise _refused(error) from error
    if len(made.credential_id) > MAX_CREDENTIAL_ID:
        raise PasskeyRefused
    count = await session.execute(select(func.count()).where(Passkey.user_id == user_id))
    if count.scalar_one() >= MAX_PASSKEYS:
        raise Conflict(f"An account has at most {MAX_PASSKEYS} passkeys. Delete one first.")
    passkey_id, told = new_id(), credential["response"].get("transports") or []
    try:
        await session.execute(
            insert(Passkey).values(
                id=passkey_id,
                user_id=user_id,
                credential_id=made.credential_id,
                public_key=made.credential_public_key,
                sign_count=made.sign_count,
                transports=sorted({each.value for each in AuthenticatorTransport} & set(told)),
                name=name,
                created_at=now,
            )
        )
    except IntegrityError as error:
        if constraint_name(error) == CREDENTIAL_KEY:
            raise PasskeyKnown from error
        raise
    return passkey_id


async def named_by(
    connection: AsyncConnection | AsyncSession, credential: Mapping[str, Any]
) -> Known | None:
    """The passkey that an assertion says it is by. Believe it after `verify` only."""
    try:
        credential_id = base64url_to_bytes(credential["rawId"])
    except ValueError:
        return None
    found = await connection.execute(
        select(Passkey.id, Passkey.user_id, Passkey.public_key, Passkey.sign_count).where(
            Passkey.credential_id == credential_id
        )
    )
    row = found.first()
    return None if row is None else Known(*row)


def verify(party: Party, secret: bytes, passkey: Known, credential: Mapping[str, Any]) -> int:
    """How often the authenticator says it has signed. Raises PasskeyRefused.

    Looks at challenge, origin, domain, presence, verification, signature and whose it is. That the
    counter went on is `count_on`'s to see.
    """
    try:
        verified = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=secret,
            expected_rp_id=party.domain,
            expected_origin=list(party.origins),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
        handle = credential["response"].get("userHandle")
        if handle is not None and base64url_to_bytes(handle) != passkey.user_id.bytes:
            raise PasskeyRefused
    except Exception as error:
        raise _refused(error) from error
    return verified.new_sign_count


async def count_on(session: AsyncSession, passkey: Known, count: int, now: datetime) -> bool:
    """Note that a passkey was used. False when its counter did not go on: there may be a copy."""
    counted = await session.execute(
        update(Passkey)
        .where(
            Passkey.id == passkey.id,
            # Those that do not count say 0 for ever (WebAuthn, 6.1.1).
            Passkey.sign_count < count if count else Passkey.sign_count == 0,
        )
        .values(sign_count=count, last_used_at=now)
        .returning(Passkey.id)
    )
    return counted.first() is not None


async def rename(session: AsyncSession, user_id: UUID, passkey_id: UUID, name: str) -> None:
    """Raises NotFound for what is not the user's."""
    renamed = await session.execute(
        update(Passkey)
        .where(Passkey.id == passkey_id, Passkey.user_id == user_id)
        .values(name=name)
        .returning(Passkey.id)
    )
    if renamed.first() is None:
        raise NotFound("There is no such passkey.")


async def remove(session: AsyncSession, user_id: UUID, passkey_id: UUID) -> None:
    """Raises NotFound for what is not the user's."""
    removed = await session.execute(
        delete(Passkey)
        .where(Passkey.id == passkey_id, Passkey.user_id == user_id)
        .returning(Passkey.id)
    )
    if removed.first() is None:
        raise NotFound("There is no such passkey.")


def _refused(error: Exception) -> PasskeyRefused:
    """Whatever a verifier stumbles over in what it was sent, that was not verified."""
    log.info("passkey refused", error=type(error).__name__, reason=str(error)[:200])
    return PasskeyRefused()
