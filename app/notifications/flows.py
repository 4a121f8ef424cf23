"""Event → facts → letters → mail. Nothing is written: what was sent is the mail server's to know.

A flow that runs twice sends the same mails with the same Message-IDs.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app import clock
from app.config import Settings
from app.identity import tokens
from app.identity.links import EXPORT, SEARCH, code_of
from app.identity.oidc.registrations import provider_name
from app.identity.rules import NOWHERE
from app.identity.tokens import TokenKeys
from app.notifications import (
    co_host_letters,
    dispute_letters,
    letters,
    mailer,
    privacy_letters,
    queries,
    search_letters,
)
from app.notifications.facts import DisputedStay, MailedLink, Person, Stay
from app.notifications.invitation import calendar
from app.notifications.letters import Letter, Links
from app.notifications.rules import Mailing, Occasion, alteration_mailings, mailings
from app.properties.co_hosts import INVITATION
from db.enums import AlterationStatus, DisputeStatus, LinkPurpose, SignInEventKind
from db.session import Database

log = logging.getLogger(__name__)


async def welcome(db: Database, settings: Settings, user_id: UUID) -> None:
    """Greet a new user."""
    if person := await _person(db, user_id):
        await _send(settings, person, letters.welcome(person, _links(settings)), str(user_id))


async def send_link(db: Database, settings: Settings, link_id: UUID) -> None:
    """Mail a link to its address, or tell the address's owner that another account wants it.

    Nothing when it has been followed, voided or overtaken meanwhile.
    """
    now = clock.now()
    async with db.read() as connection:
        link = await queries.load_link(connection, link_id, now)
    if link is None:
        log.info("link %s is of no use any more: no letter", link_id)
        return
    recipient, letter = account_letter(link, tokens.load_keys(settings), _links(settings))
    await _send(settings, recipient, letter, str(link_id))


async def password_changed(db: Database, settings: Settings, user_id: UUID, reference: str) -> None:
    """Tell a user that they have another password."""
    if person := await _person(db, user_id):
        await _send(settings, person, letters.password_changed(person, _links(settings)), reference)


async def factors_changed(
    db: Database, settings: Settings, user_id: UUID, kind: SignInEventKind, reference: str
) -> None:
    """Tell a user what happened to their second factors."""
    if person := await _person(db, user_id):
        letter = letters.factors_changed(person, kind, _links(settings))
        await _send(settings, person, letter, reference)


async def email_changed(
    db: Database, settings: Settings, user_id: UUID, old_email: str, reference: str
) -> None:
    """Tell a user, at the address they left, that it is so."""
    if person := await _person(db, user_id):
        there = msgspec.structs.replace(person, email=old_email)
        await _send(settings, there, letters.email_changed(there, _links(settings)), reference)


async def identity_linked(
    db: Database, settings: Settings, user_id: UUID, provider: str, identity_id: UUID
) -> None:
    """Tell a user that they can sign in through a provider."""
    if person := await _person(db, user_id):
        name = provider_name(settings, provider)
        letter = letters.identity_linked(person, name, _links(settings))
        await _send(settings, person, letter, str(identity_id))


async def identity_unlinked(
    db: Database, settings: Settings, user_id: UUID, provider: str, identity_id: UUID
) -> None:
    """Tell a user that they can no longer."""
    if person := await _person(db, user_id):
        name = provider_name(settings, provider)
        letter = letters.identity_unlinked(person, name, _links(settings))
        await _send(settings, person, letter, str(identity_id))


def account_letter(link: MailedLink, keys: TokenKeys, links: Links) -> tuple[Person, Letter]:
    """Who gets which letter because of a link."""
    code, person, name = code_of(keys, link.id), link.recipient, link.username
    match link.purpose:
        case LinkPurpose.VERIFY_EMAIL | LinkPurpose.TAKE_EMAIL if link.owner is not None:
            return link.owner, letters.already_registered(link.owner, links)
        case LinkPurpose.VERIFY_EMAIL:
            return person, letters.verify_email(person, name, code, links)
        case LinkPurpose.RESET_PASSWORD:
            return person, letters.reset_password(person, name, code, links)
        case LinkPurpose.LEAVE_EMAIL:
            return person, letters.leave_email(person, link.new_email or "", name, code, links)
        case LinkPurpose.TAKE_EMAIL:
            return person, letters.take_email(person, name, code, links)


async def export_ready(db: Database, settings: Settings, export_id: UUID) -> None:
    """Tell somebody where their data lies for them; nothing once it is gone."""
    async with db.read() as connection:
        export = await queries.load_export(connection, export_id, clock.now())
    if export is not None:
        code = code_of(tokens.load_keys(settings), export_id, EXPORT)
        url = f"{settings.public_url.rstrip('/')}/privacy/exports/{code}"
        letter = privacy_letters.export_ready(export, url)
        await _send(settings, export.person, letter, str(export_id))


async def new_matches(
    db: Database,
    settings: Settings,
    search_id: UUID,
    property_ids: Sequence[UUID],
    total: int,
    reference: str,
) -> None:
    """Tell somebody what their saved search has found; nothing once they do not want to know it,
    or none of it is let any more."""
    async with db.read() as connection:
        found = await queries.load_new_matches(connection, search_id, property_ids)
    if found is None or not found.places:
        log.info("nothing to tell of saved search %s any more: no letter", search_id)
        return
    total -= len(property_ids) - len(found.places)
    code = code_of(tokens.load_keys(settings), search_id, SEARCH)
    url = f"{settings.public_url.rstrip('/')}/saved-searches/unsubscribe/{code}"
    letter = search_letters.new_matches(found, total, url, _links(settings))
    await _send(settings, found.person, letter, reference)


async def deletion_scheduled(
    db: Database, settings: Settings, user_id: UUID, erased_from: datetime
) -> None:
    """Tell somebody until when they can think better of it."""
    if person := await _verified_person(db, user_id):
        letter = privacy_letters.deletion_scheduled(person, erased_from, _links(settings))
        await _send(settings, person, letter, f"{user_id}.{erased_from:%Y%m%dT%H%M%S}")


async def deletion_cancelled(
    db: Database, settings: Settings, user_id: UUID, reference: str
) -> None:
    """Tell somebody that they stay."""
    if person := await _verified_person(db, user_id):
        letter = privacy_letters.deletion_cancelled(person, _links(settings))
        await _send(settings, person, letter, reference)


async def account_erased(settings: Settings, erased: Person) -> None:
    """The last mail: nothing else knows this address any more."""
    await _send(settings, erased, privacy_letters.account_erased(erased), str(erased.id))


async def payout_sent(db: Database, settings: Settings, payout_id: UUID) -> None:
    """Tell a host that money is on its way."""
    async with db.read() as connection:
        payout = await queries.load_payout(connection, payout_id)
    if payout is None:
        log.warning("payout %s is gone: no letter", payout_id)
        return
    letter = letters.payout_sent(payout, _links(settings))
    await _send(settings, payout.host, letter, str(payout_id))


async def payout_failed(db: Database, settings: Settings, payout_id: UUID, advice: str) -> None:
    """Tell a host that their account did not take their money, and what helps."""
    async with db.read() as connection:
        payout = await queries.load_payout(connection, payout_id)
    if payout is None:
        log.warning("payout %s is gone: no letter", payout_id)
        return
    letter = letters.payout_failed(payout, advice, _links(settings))
    await _send(settings, payout.host, letter, str(payout_id))


async def dispute_opened(db: Database, settings: Settings, dispute_id: UUID) -> None:
    """Tell a host that a guest's bank wants money back; nothing once that is decided."""
    stay = await _disputed_stay(db, dispute_id)
    if stay is not None and stay.status not in (DisputeStatus.WON, DisputeStatus.LOST):
        letter = dispute_letters.opened(stay, _links(settings))
        await _send(settings, stay.host, letter, str(dispute_id))


async def dispute_settled(db: Database, settings: Settings, dispute_id: UUID) -> None:
    """Tell a host what the bank has decided."""
    stay = await _disputed_stay(db, dispute_id)
    if stay is not None:
        letter = dispute_letters.settled(stay, _links(settings))
        await _send(settings, stay.host, letter, str(dispute_id))


async def _disputed_stay(db: Database, dispute_id: UUID) -> DisputedStay | None:
    async with db.read() as connection:
        stay = await queries.load_dispute(connection, dispute_id)
    if stay is None:
        log.warning("dispute %s is gone: no letter", dispute_id)
    return stay


async def invite_co_host(db: Database, settings: Settings, co_host_id: UUID) -> None:
    """Mail an invitation, unless it was accepted or withdrawn meanwhile."""
    async with db.read() as connection:
        invitation = await queries.load_co_hosting(connection, co_host_id)
    if invitation is None or invitation.email is None:
        log.info("invitation %s is of no use any more: no letter", co_host_id)
        return
    code = code_of(tokens.load_keys(settings), co_host_id, INVITATION)
    letter = co_host_letters.co_host_invited(invitation, code, _links(settings))
    # Nobody knows yet who it is.
    somebody = Person(id=co_host_id, email=invitation.email, first_name="", last_name="")
    await _send(settings, somebody, letter, f"{invitation.invited_at.timestamp():.0f}")


async def co_host_joined(db: Database, settings: Settings, co_host_id: UUID) -> None:
    """Tell a host who helps them now."""
    async with db.read() as connection:
        joined = await queries.load_co_hosting(connection, co_host_id)
    if joined is not None and joined.email is None:
        letter = co_host_letters.co_host_joined(joined, _links(settings))
        await _send(settings, joined.host, letter, str(co_host_id))


async def about_booking(
    db: Database, settings: Settings, occasion: Occasion, booking_id: UUID, version: int
) -> None:
    """Tell guest and host what happened to a booking, as far as it is still true.

    One side's mail that fails does not keep the other from its own; the failure is raised then.
    """
    async with db.read() as connection:
        stay = await queries.load_stay(connection, booking_id, version)
    if stay is None:
        log.warning("booking %s is gone: no letters", booking_id)
        return
    await _send_all(settings, stay, mailings(occasion, stay, _links(settings)), version)


async def about_alteration(
    db: Database,
    settings: Settings,
    alteration_id: UUID,
    status: AlterationStatus,
    booking_id: UUID,
    version: int,
) -> None:
    """Tell guest and host of a step in an alteration's life, unless there has been another."""
    async with db.read() as connection:
        stay = await queries.load_stay(connection, booking_id, version)
        alteration = await queries.load_alteration(connection, alteration_id, version)
    if stay is None or alteration is None or alteration.status is not status:
        log.info("alteration %s has gone on: no letters", alteration_id)
        return
    due = alteration_mailings(alteration, stay, _links(settings))
    await _send_all(settings, stay, due, version)


async def _send_all(settings: Settings, stay: Stay, due: Sequence[Mailing], version: int) -> None:
    failures: list[Exception] = []
    for mailing in due:
        try:
            await _send_mailing(settings, stay, mailing, version)
        except Exception as error:
            failures.append(error)
    if failures:
        raise failures[0]


async def _send_mailing(settings: Settings, stay: Stay, mailing: Mailing, version: int) -> None:
    attachment = None
    if mailing.invitation is not None:
        attachment = calendar(
            mailing.invitation,
            stay,
            mailing.recipient,
            sequence=version,
            organizer=mailer.address_of(settings.mail_from),
        )
    reference = f"{stay.booking_id}.{version}"
    await _send(settings, mailing.recipient, mailing.letter, reference, attachment)


async def _send(
    settings: Settings,
    recipient: Person,
    letter: Letter,
    reference: str,
    invitation: bytes | None = None,
) -> None:
    if recipient.email.endswith(NOWHERE):
        log.info("user %s has gone: no letter", recipient.id)
        return
    mail = mailer.compose(
        letter,
        recipient,
        sender=settings.mail_from,
        reference=reference,
        invitation=invitation,
    )
    await mailer.send(settings.smtp_url, mail)


async def _person(db: Database, user_id: UUID) -> Person | None:
    async with db.read() as connection:
        person = await queries.load_person(connection, user_id)
    if person is None:
        log.warning("user %s is gone: no letter", user_id)
    return person


async def _verified_person(db: Database, user_id: UUID) -> Person | None:
    """Whom an account's own affairs may be mailed to: an address is whose it is known to be."""
    async with db.read() as connection:
        return await queries.load_person(connection, user_id, verified=True)


def _links(settings: Settings) -> Links:
    if settings.web_origins:
        return Links(web_url=settings.web_origins[0])
    return Links(api_url=settings.public_url)
