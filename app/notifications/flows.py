"""Event → facts → letters → mail. Nothing is written: what was sent is the mail server's to know.

A flow that runs twice sends the same mails with the same Message-IDs.
"""

import logging
from uuid import UUID

from app.config import Settings
from app.notifications import letters, mailer, queries
from app.notifications.facts import Person, Stay
from app.notifications.invitation import calendar
from app.notifications.letters import Letter, Links
from app.notifications.rules import Mailing, Occasion, mailings
from db.session import Database

log = logging.getLogger(__name__)


async def welcome(db: Database, settings: Settings, user_id: UUID) -> None:
    """Greet a new user."""
    if person := await _person(db, user_id):
        await _send(settings, person, letters.welcome(person, _links(settings)), str(user_id))


async def already_registered(
    db: Database, settings: Settings, user_id: UUID, reference: str
) -> None:
    """Tell a user that somebody registered with their address; `reference` is the attempt's."""
    if person := await _person(db, user_id):
        letter = letters.already_registered(person, _links(settings))
        await _send(settings, person, letter, reference)


async def payout_sent(db: Database, settings: Settings, payout_id: UUID) -> None:
    """Tell a host that money is on its way."""
    async with db.read() as connection:
        payout = await queries.load_payout(connection, payout_id)
    if payout is None:
        log.warning("payout %s is gone: no letter", payout_id)
        return
    letter = letters.payout_sent(payout, _links(settings))
    await _send(settings, payout.host, letter, str(payout_id))


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
    failures: list[Exception] = []
    for mailing in mailings(occasion, stay, _links(settings)):
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


def _links(settings: Settings) -> Links:
    return Links(settings.web_origins[0] if settings.web_origins else None)
