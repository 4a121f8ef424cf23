"""Codes as they are stored: made, ended, and used once per booking."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import structs
from sqlalchemy import (
    ScalarSelect,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.actor import Actor
from app.errors import Invalid, NotFound
from app.identity import service as identity
from app.identity import staff
from app.ids import new_id
from app.pricing.rules import Quote
from app.promotions.errors import PromotionRefusal, PromotionRefused
from app.promotions.rules import Found, Offer, checked, normalized, refusal
from app.properties.service import require_host
from db.enums import BookingStatus, StaffActionKind
from db.models import Booking, Promotion, Property
from db.statements import Reader, Statement

OFFER = Offer.__struct_fields__
# Bookings that have used a code: what is pending, and whatever has been confirmed.
COUNTED = or_(
    Booking.confirmed_at.is_not(None),
    Booking.status == BookingStatus.PENDING_PAYMENT,
    Booking.status == BookingStatus.PENDING_HOST,
)


async def create(session: AsyncSession, actor: Actor, offer: Offer, now: datetime) -> UUID:
    """Make a code for the caller's own places, at their cost.

    Raises HostRequired, AccountSuspended, Invalid.
    """
    host_id = actor.require_user()
    await identity.require_active(session, host_id)
    await require_host(session, host_id)
    wanted = checked(offer)
    if wanted.property_ids is not None:
        await _require_places(session, wanted.property_ids, Property.host_id == host_id)
    return await _insert(session, new_id(), host_id, wanted, now)


async def create_for_platform(
    session: AsyncSession, actor: Actor, offer: Offer, reason: str, now: datetime
) -> UUID:
    """Make a code for anybody's places, at the platform's cost. Raises NotFound, Invalid."""
    promotion_id = new_id()
    await staff.act(
        session,
        actor,
        StaffActionKind.PROMOTION_CREATED,
        None,
        object_id=promotion_id,
        reason=reason,
        now=now,
    )
    wanted = checked(offer)
    if wanted.property_ids is not None:
        await _require_places(session, wanted.property_ids)
    return await _insert(session, promotion_id, None, wanted, now)


async def end(session: AsyncSession, actor: Actor, promotion_id: UUID, now: datetime) -> None:
    """Let nobody use a code of the caller's any more. Bookings keep their price.

    Raises NotFound.
    """
    await _end(session, promotion_id, Promotion.host_id == actor.require_user(), now)


async def end_for_platform(
    session: AsyncSession, actor: Actor, promotion_id: UUID, reason: str, now: datetime
) -> None:
    """The same with a code of the platform's. Raises NotFound, Invalid."""
    await staff.act(
        session,
        actor,
        StaffActionKind.PROMOTION_ENDED,
        None,
        object_id=promotion_id,
        reason=reason,
        now=now,
    )
    await _end(session, promotion_id, Promotion.host_id.is_(None), now)


async def _end(session: AsyncSession, promotion_id: UUID, whose: Any, now: datetime) -> None:
    ended = await session.execute(
        update(Promotion)
        .where(Promotion.id == promotion_id, whose)
        .values(ended_at=func.coalesce(Promotion.ended_at, now))
        .returning(Promotion.id)
    )
    if ended.one_or_none() is None:
        raise NotFound("There is no such code.")


async def require(
    reader: Reader,
    code: str,
    property_id: UUID,
    host_id: UUID,
    guest_id: UUID | None,
    quote: Quote,
    today: date,
) -> Found:
    """The code, if it makes this stay cheaper, whose `quote` is without it.

    Nothing is promised by it: `claim` decides. Raises PromotionRefused.
    """
    known = normalized(code)
    found = None
    if known is not None:
        found = await _FOUND.first(
            reader,
            code=known,
            property=property_id,
            host=host_id,
            guest=guest_id,
            currency=quote.currency,
        )
    if found is None:
        raise PromotionRefused(PromotionRefusal.NOT_VALID)
    reason = refusal(found, quote, today)
    if reason is not None:
        raise PromotionRefused(reason)
    return found


async def claim(session: AsyncSession, found: Found, guest_id: UUID) -> None:
    """Count one use, for a booking that is inserted afterwards in the same transaction.

    Whoever uses the same code waits here for the other's commit. Raises PromotionRefused.
    """
    claimed = await session.execute(
        update(Promotion)
        .where(
            Promotion.id == found.id,
            Promotion.ended_at.is_(None),
            or_(Promotion.max_uses.is_(None), Promotion.uses < Promotion.max_uses),
        )
        .values(uses=Promotion.uses + 1)
        .returning(Promotion.max_uses_per_guest)
    )
    row = claimed.one_or_none()
    if row is None:
        ended = await session.scalar(select(Promotion.ended_at).where(Promotion.id == found.id))
        raise PromotionRefused(PromotionRefusal.USED_UP if ended is None else PromotionRefusal.OVER)
    if row.max_uses_per_guest is not None:
        # Once more, with the code's lock: another booking of theirs may have come first.
        used = await session.scalar(
            select(func.count()).where(
                Booking.promotion_id == found.id, Booking.guest_id == guest_id, COUNTED
            )
        )
        if used >= row.max_uses_per_guest:
            raise PromotionRefused(PromotionRefusal.USED_BY_GUEST)


async def recount(session: AsyncSession, promotion_id: UUID, change: int) -> None:
    """A booking has given its use back (−1), or has it again after all (1).

    The booking is locked, and moves with it: each move counts once.
    """
    await session.execute(
        update(Promotion).where(Promotion.id == promotion_id).values(uses=Promotion.uses + change)
    )


async def _insert(
    session: AsyncSession, promotion_id: UUID, host_id: UUID | None, offer: Offer, now: datetime
) -> UUID:
    values = structs.asdict(offer)
    if offer.property_ids is not None:
        values["property_ids"] = list(offer.property_ids)
    try:
        async with session.begin_nested():
            await session.execute(
                insert(Promotion).values(id=promotion_id, host_id=host_id, created_at=now, **values)
            )
    except IntegrityError as error:
        if "promotions_host_id_code_key" not in str(error.orig):
            raise
        raise Invalid("There is a code like this already.", field="code") from error
    return promotion_id


async def _require_places(session: AsyncSession, ids: Sequence[UUID], *whose: Any) -> None:
    known = await session.execute(select(Property.id).where(Property.id.in_(set(ids)), *whose))
    if len(known.all()) < len(set(ids)):
        raise Invalid("There is no such place.", field="propertyIds")


def _row(
    promotion_id: UUID,
    host_id: UUID | None,
    uses: int,
    ended_at: datetime | None,
    guest_uses: int,
    *offer: Any,
) -> Found:
    return Found(
        id=promotion_id,
        offer=Offer(**dict(zip(OFFER, offer, strict=True))),
        by_host=host_id is not None,
        has_ended=ended_at is not None,
        uses=uses,
        guest_uses=guest_uses,
    )


def _select() -> Select[Any]:
    """The host's own code goes before the platform's of the same name."""
    here = bindparam("property", type_=Uuid)
    return (
        select(
            Promotion.id,
            Promotion.host_id,
            Promotion.uses,
            Promotion.ended_at,
            _guest_uses(),
            *(getattr(Promotion, name) for name in OFFER),
        )
        .where(
            Promotion.code == bindparam("code", type_=Text),
            or_(Promotion.host_id == bindparam("host", type_=Uuid), Promotion.host_id.is_(None)),
            or_(Promotion.property_ids.is_(None), here == any_(Promotion.property_ids)),
            or_(
                Promotion.currency.is_(None),
                Promotion.currency == bindparam("currency", type_=Text),
            ),
        )
        .order_by(Promotion.host_id.asc().nulls_last())
        .limit(1)
    )


def _guest_uses() -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(
            Booking.promotion_id == Promotion.id,
            Booking.guest_id == bindparam("guest", type_=Uuid),
            COUNTED,
        )
        .scalar_subquery()
    )


_FOUND: Statement[Found] = Statement(_row, _select)
