"""Who gets which letter about a stay, and when one has been overtaken by events.

Letters are written from what is true when they are sent, which may be long after the event: a
request that has been answered meanwhile needs no answer any more.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from app.notifications import alteration_letters, stay_letters
from app.notifications.facts import Alteration, Person, Stay
from app.notifications.letters import Letter, Links
from db.enums import AlterationStatus, BookingActor, BookingStatus

S = BookingStatus


class Occasion(StrEnum):
    """What has happened to the booking."""

    REQUESTED = "REQUESTED"
    ACCEPTED = "ACCEPTED"
    CONFIRMED = "CONFIRMED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    COMPLETED = "COMPLETED"


class Invitation(StrEnum):
    """iTIP methods (RFC 5546): put the stay into a calendar, or take it out again."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class Mailing(msgspec.Struct, frozen=True):
    """A letter, whom it goes to, and what is attached."""

    recipient: Person
    letter: Letter
    invitation: Invitation | None = None


# A letter is sent while the booking is in one of these states.
TIMELY: dict[Occasion, frozenset[BookingStatus]] = {
    Occasion.REQUESTED: frozenset({S.PENDING_HOST}),
    Occasion.ACCEPTED: frozenset({S.PENDING_PAYMENT}),
    Occasion.CONFIRMED: frozenset({S.CONFIRMED, S.COMPLETED}),
    Occasion.DECLINED: frozenset({S.DECLINED}),
    Occasion.CANCELLED: frozenset({S.CANCELLED}),
    Occasion.EXPIRED: frozenset({S.EXPIRED}),
    Occasion.COMPLETED: frozenset({S.COMPLETED}),
}


def mailings(occasion: Occasion, stay: Stay, links: Links) -> list[Mailing]:
    """The letters that are due now because of `occasion`; none if it has been overtaken."""
    if stay.status not in TIMELY[occasion]:
        return []
    return RULES[occasion](stay, links)


def alteration_mailings(alteration: Alteration, stay: Stay, links: Links) -> list[Mailing]:
    """The letters that are due because of a step in an alteration's life."""
    if stay.status is not S.CONFIRMED:
        return []
    # Who did not do it themselves.
    other = stay.host if alteration.by is BookingActor.GUEST else stay.guest
    guest, host = stay.guest, stay.host
    match alteration.status:
        case AlterationStatus.OPEN:
            return [Mailing(other, alteration_letters.proposed(alteration, stay, links))]
        case AlterationStatus.AWAITING_PAYMENT:
            letter = alteration_letters.to_pay(alteration, stay, links)
            return [Mailing(guest, letter)] if alteration.is_payable else []
        case AlterationStatus.ACCEPTED:
            accepted = alteration_letters.accepted
            moved = Invitation.REQUEST
            return [
                Mailing(guest, accepted(alteration, stay, links, to_guest=True), moved),
                Mailing(host, accepted(alteration, stay, links, to_guest=False), moved),
            ]
        case AlterationStatus.DECLINED:
            return [Mailing(other, alteration_letters.declined(alteration, stay, links))]
        case AlterationStatus.WITHDRAWN:
            return [Mailing(other, alteration_letters.withdrawn(alteration, stay, links))]
        case AlterationStatus.EXPIRED:
            expired = alteration_letters.expired
            return [
                Mailing(guest, expired(alteration, stay, links, to_guest=True)),
                Mailing(host, expired(alteration, stay, links, to_guest=False)),
            ]


def _requested(stay: Stay, links: Links) -> list[Mailing]:
    if stay.accepted_at is not None:
        return []
    return [
        Mailing(stay.guest, stay_letters.requested_guest(stay, links)),
        Mailing(stay.host, stay_letters.requested_host(stay, links)),
    ]


def _accepted(stay: Stay, links: Links) -> list[Mailing]:
    return [Mailing(stay.guest, stay_letters.accepted(stay, links))]


def _confirmed(stay: Stay, links: Links) -> list[Mailing]:
    invitation = Invitation.REQUEST
    return [
        Mailing(stay.guest, stay_letters.confirmed_guest(stay, links), invitation),
        Mailing(stay.host, stay_letters.confirmed_host(stay, links), invitation),
    ]


def _declined(stay: Stay, links: Links) -> list[Mailing]:
    return [Mailing(stay.guest, stay_letters.declined(stay, links))]


def _cancelled(stay: Stay, links: Links) -> list[Mailing]:
    invitation = Invitation.CANCEL if stay.confirmed_at else None
    guest = Mailing(stay.guest, stay_letters.cancelled_guest(stay, links), invitation)
    if not (stay.confirmed_at or stay.was_requested):
        return [guest]  # a hold that was never paid: the host has not heard of it
    return [guest, Mailing(stay.host, stay_letters.cancelled_host(stay, links), invitation)]


def _expired(stay: Stay, links: Links) -> list[Mailing]:
    guest = Mailing(stay.guest, stay_letters.expired_guest(stay, links))
    if not stay.was_requested:
        return [guest]
    return [guest, Mailing(stay.host, stay_letters.expired_host(stay, links))]


def _completed(stay: Stay, links: Links) -> list[Mailing]:
    if stay.is_reviewed:
        return []
    return [Mailing(stay.guest, stay_letters.review_invitation(stay, links))]


RULES: dict[Occasion, Callable[[Stay, Links], list[Mailing]]] = {
    Occasion.REQUESTED: _requested,
    Occasion.ACCEPTED: _accepted,
    Occasion.CONFIRMED: _confirmed,
    Occasion.DECLINED: _declined,
    Occasion.CANCELLED: _cancelled,
    Occasion.EXPIRED: _expired,
    Occasion.COMPLETED: _completed,
}
