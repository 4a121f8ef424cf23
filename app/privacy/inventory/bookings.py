"""Bookings and what belongs to them. Each has two sides, who get each other's public name alone."""

from typing import Any

from sqlalchemy import ColumnElement, case, null, or_, select

from app.privacy.declaring import PERSON, held, part
from db.enums import BookingActor
from db.models import (
    Booking,
    BookingAlteration,
    BookingChange,
    HostCancellation,
    IdempotencyKey,
    Property,
    Review,
    User,
)

STAY = (
    "id property_id status check_in check_out check_in_at check_out_at timezone adults children"
    " infants pets currency total_minor tax_minor line_items cancellation_policy instant_book"
    " payment_method deadline_at accepted_at confirmed_at cancelled_at cancelled_by created_at"
    " updated_at"
)

ALTERED = (
    "id booking_id proposed_by status check_in check_out check_in_at check_out_at adults children"
    " infants pets previous currency total_minor tax_minor line_items difference_minor"
    " tax_difference_minor expires_at created_at settled_at"
)

own_bookings = select(Booking.id).where(or_(Booking.guest_id == PERSON, Booking.host_id == PERSON))


def public_name(user_id: Any) -> ColumnElement[Any]:
    """What everybody may know of somebody."""
    return select(User.first_name).where(User.id == user_id).scalar_subquery()


def _words_of(side: BookingActor) -> ColumnElement[Any]:
    """Why it was cancelled, unless the other side has said so."""
    return case((Booking.cancelled_by != side, Booking.cancellation_reason))


def _without_words_of(side: BookingActor) -> ColumnElement[Any]:
    return case((Booking.cancelled_by == side, null()), else_=Booking.cancellation_reason)


def _booked_by(side: Any) -> Any:
    return select(Booking.id).where(side == PERSON)


def _message_of(side: BookingActor) -> ColumnElement[Any]:
    """Why it was proposed, unless the other side has said so."""
    return case((BookingAlteration.proposed_by == side, BookingAlteration.message))


def _without_message_of(side: BookingActor) -> ColumnElement[Any]:
    return case((BookingAlteration.proposed_by == side, ""), else_=BookingAlteration.message)


TABLES = (
    held(
        Booking,
        part(
            Booking,
            "bookings",
            Booking.guest_id == PERSON,
            f"{STAY} message guest_fee_bp",
            derived={
                "host": public_name(Booking.host_id),
                "property": select(Property.title)
                .where(Property.id == Booking.property_id)
                .scalar_subquery(),
                "cancellation_reason": _words_of(BookingActor.HOST),
            },
            erased={
                "message": "",
                "cancellation_reason": _without_words_of(BookingActor.GUEST),
            },
        ),
        part(
            Booking,
            "hostedBookings",
            Booking.host_id == PERSON,
            f"{STAY} host_payout_minor host_fee_bp payout_due_at payout_look_at",
            derived={
                "guest": public_name(Booking.guest_id),
                "cancellation_reason": _words_of(BookingActor.GUEST),
            },
            erased={"cancellation_reason": _without_words_of(BookingActor.HOST)},
        ),
        hidden={
            "the other side, of whom the export has the public name": "guest_id host_id",
            "counts the history, which is exported": "version",
            "what the platform and the code's host know": "promotion_minor promotion_id",
            "what the price was made of, which is exported": "price_terms night_prices",
        },
        kept={
            "the other side's history, and what the books are about": f"{STAY} version guest_id"
            " promotion_minor promotion_id host_id host_payout_minor guest_fee_bp host_fee_bp"
            " payout_due_at payout_look_at price_terms night_prices",
        },
    ),
    held(
        HostCancellation,
        part(
            HostCancellation,
            "hostCancellations",
            HostCancellation.host_id == PERSON,
            "booking_id currency fee_minor cancelled_at waived_at",
        ),
        hidden={"the person": "host_id"},
        kept={
            "what the books are about": "booking_id host_id currency fee_minor cancelled_at"
            " waived_at"
        },
    ),
    held(
        BookingAlteration,
        part(
            BookingAlteration,
            "bookingAlterations",
            BookingAlteration.booking_id.in_(_booked_by(Booking.guest_id)),
            ALTERED,
            derived={"message": _message_of(BookingActor.GUEST)},
            erased={"message": _without_message_of(BookingActor.GUEST)},
        ),
        part(
            BookingAlteration,
            "alterationsOfHostedBookings",
            BookingAlteration.booking_id.in_(_booked_by(Booking.host_id)),
            f"{ALTERED} host_payout_minor host_difference_minor",
            derived={"message": _message_of(BookingActor.HOST)},
            erased={"message": _without_message_of(BookingActor.HOST)},
        ),
        hidden={
            "what the platform and the code's host know": "promotion_minor"
            " promotion_difference_minor",
            "what the price was made of, which is exported": "night_prices",
        },
        kept={
            "the other side's history, and what the books are about": f"{ALTERED} host_payout_minor"
            " host_difference_minor promotion_minor promotion_difference_minor night_prices",
        },
    ),
    held(
        BookingChange,
        part(
            BookingChange,
            "bookingHistory",
            BookingChange.booking_id.in_(own_bookings),
            "booking_id version status previous_status actor alteration_id alteration_status"
            " occurred_at",
            derived={"reason": case((BookingChange.actor_id == PERSON, BookingChange.reason))},
            erased={
                "reason": case(
                    (BookingChange.actor_id == PERSON, null()), else_=BookingChange.reason
                )
            },
        ),
        hidden={"`actor` says which side it was": "actor_id"},
        kept={
            "the other side's history": "booking_id version status previous_status actor actor_id"
            " alteration_id alteration_status occurred_at",
        },
    ),
    held(
        IdempotencyKey,
        part(
            IdempotencyKey,
            "idempotencyKeys",
            IdempotencyKey.actor_id == PERSON,
            "operation key subject_id created_at",
            deleted=True,
        ),
        hidden={"the person": "actor_id", "tells nothing: a hash": "request_hash"},
    ),
    held(
        Review,
        part(
            Review,
            "reviews",
            Review.author_id == PERSON,
            "id booking_id property_id rating comment created_at",
        ),
        part(
            Review,
            "reviewsOfMyPlaces",
            Review.host_id == PERSON,
            "id booking_id property_id rating comment created_at",
            derived={"author": public_name(Review.author_id)},
        ),
        hidden={"the person, and the other side's public name": "author_id host_id"},
        kept={
            "published, and what ratings are made of; its author becomes nobody": "id booking_id"
            " property_id host_id author_id rating comment created_at",
        },
    ),
)
