"""Refusals as data: the error types in the mutations' unions, and which refusal becomes which.

A refusal is found by its code, and only where the field's union has its type; elsewhere it leaves
as a GraphQL error with that code, and so does everything about signing in.
"""

from collections.abc import Awaitable, Callable
from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion

from app.errors import DomainError
from schema.context import Info
from schema.enums import (
    BookingObstacle,
    BookingStatus,
    PromotionRefusal,
    ReviewNotAllowedReason,
    StayNotAllowedReason,
    describe,
)

if TYPE_CHECKING:
    from schema.privacy import DeletionBlocker
    from schema.quotes import Quote


class ErrorCode(StrEnum):
    INVALID_INPUT = "INVALID_INPUT"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    DATES_UNAVAILABLE = "DATES_UNAVAILABLE"
    PRICE_CHANGED = "PRICE_CHANGED"
    STAY_NOT_ALLOWED = "STAY_NOT_ALLOWED"
    PROPERTY_NOT_BOOKABLE = "PROPERTY_NOT_BOOKABLE"
    PROMOTION_REFUSED = "PROMOTION_REFUSED"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    PAYMENT_UNAVAILABLE = "PAYMENT_UNAVAILABLE"
    TRANSITION_NOT_ALLOWED = "TRANSITION_NOT_ALLOWED"
    ALTERATION_NOT_ALLOWED = "ALTERATION_NOT_ALLOWED"
    PROPERTY_INCOMPLETE = "PROPERTY_INCOMPLETE"
    HOST_REQUIRED = "HOST_REQUIRED"
    EMAIL_NOT_VERIFIED = "EMAIL_NOT_VERIFIED"
    PROOF_REQUIRED = "PROOF_REQUIRED"
    REVIEW_NOT_ALLOWED = "REVIEW_NOT_ALLOWED"
    CODE_REFUSED = "CODE_REFUSED"
    IDENTITY_TAKEN = "IDENTITY_TAKEN"
    LAST_SIGN_IN_METHOD = "LAST_SIGN_IN_METHOD"
    STALE_VERSION = "STALE_VERSION"
    SIGN_IN_AGAIN = "SIGN_IN_AGAIN"
    DELETION_BLOCKED = "DELETION_BLOCKED"


describe(
    ErrorCode,
    "Why something was refused, for programs. Each code belongs to one error type.",
    INVALID_INPUT="The input can never be accepted as it is.",
    FORBIDDEN="The viewer may see it, but not do this to it.",
    NOT_FOUND="Not there, or not the viewer's to see.",
    DATES_UNAVAILABLE="Some of the nights are taken.",
    PRICE_CHANGED="The price is not the one that was shown.",
    STAY_NOT_ALLOWED="The property's terms do not allow the stay.",
    PROPERTY_NOT_BOOKABLE="The property takes no bookings.",
    PROMOTION_REFUSED="The code does not make this stay cheaper.",
    IDEMPOTENCY_CONFLICT="The idempotency key was used for another request.",
    PAYMENT_UNAVAILABLE="The payment provider cannot do it now.",
    TRANSITION_NOT_ALLOWED="The booking's state does not allow the action.",
    ALTERATION_NOT_ALLOWED="The booking cannot be altered now, or not by this side.",
    PROPERTY_INCOMPLETE="Something is missing before the property can be published.",
    HOST_REQUIRED="Only hosts can do this: see `becomeHost`.",
    PROOF_REQUIRED="The viewer has to prove first that it is still them.",
    EMAIL_NOT_VERIFIED="The viewer's e-mail address has to be confirmed first.",
    REVIEW_NOT_ALLOWED="The stay cannot be reviewed, or not any more.",
    CODE_REFUSED="The code has been used, has expired, or is another client's.",
    IDENTITY_TAKEN="The identity signs in to another account.",
    LAST_SIGN_IN_METHOD="Nobody could sign in to the account any more.",
    STALE_VERSION="It was changed since the viewer read it.",
    SIGN_IN_AGAIN="The viewer signed in too long ago for this.",
    DELETION_BLOCKED="Something has to be settled before the account can go.",
)


@strawberry.interface(description="A refusal that a client can act on.")
class Error:
    code: ErrorCode = strawberry.field(description="Why, for programs.")
    message: str = strawberry.field(description="Why, for people; in English.")


@strawberry.type(description="The input can never be accepted as it is.")
class InvalidInputError(Error):
    field: str | None = strawberry.field(
        description="Which input is wrong, e.g. `guests.adults`; null: several together."
    )


@strawberry.type(description="Not there, or not the viewer's to see.")
class NotFoundError(Error):
    pass


@strawberry.type(description="The viewer may see it, but not do this to it.")
class ForbiddenError(Error):
    pass


@strawberry.type(description="Only hosts can do this: see `becomeHost`.")
class HostRequiredError(Error):
    pass


@strawberry.type(
    description="The viewer's e-mail address has to be confirmed first: they have a mail with a "
    "link, or get another by `POST /auth/resend-verification`."
)
class EmailNotVerifiedError(Error):
    pass


@strawberry.type(
    description="The viewer has to prove first that it is still them: get another proof from "
    "`POST /auth/proof`."
)
class ProofRequiredError(Error):
    pass


@strawberry.type(description="Some of the nights are taken.")
class DatesUnavailableError(Error):
    nights: list[date] = strawberry.field(description="Exactly the nights that are taken.")


@strawberry.type(
    description="The price is not the one that was shown. Nothing was booked or charged."
)
class PriceChangedError(Error):
    quote: Annotated["Quote", strawberry.lazy("schema.quotes")] = strawberry.field(
        description="The price now: show it, and send its total."
    )


@strawberry.type(description="The property's terms do not allow the stay.")
class StayNotAllowedError(Error):
    reason: StayNotAllowedReason = strawberry.field(description="Which of them.")


@strawberry.type(description="The property takes no bookings: not there, or not published.")
class PropertyNotBookableError(Error):
    pass


@strawberry.type(
    description="The code does not make this stay cheaper. Nothing was booked or charged."
)
class PromotionRefusedError(Error):
    # Not `reason`: a query asks for that of a stay, another enumeration, beside it.
    refusal: PromotionRefusal = strawberry.field(description="Why not.")


@strawberry.type(description="The idempotency key was used for another request.")
class IdempotencyConflictError(Error):
    retryable: bool = strawberry.field(
        default=False,
        description="Whether the same request may succeed later; otherwise use a new key.",
    )


@strawberry.type(description="The payment provider cannot do it now.")
class PaymentUnavailableError(Error):
    retryable: bool = strawberry.field(
        description="Whether the same request (with the same idempotency key) may work later."
    )


@strawberry.type(description="The booking's state does not allow the action.")
class TransitionNotAllowedError(Error):
    status: BookingStatus = strawberry.field(description="The booking's state.")
    reason: BookingObstacle = strawberry.field(description="What stands in the way.")


@strawberry.type(description="The booking cannot be altered now, or not by this side.")
class AlterationNotAllowedError(Error):
    status: BookingStatus = strawberry.field(description="The booking's state.")
    # Not `reason`: a query asks for that of a stay, another enumeration, beside it.
    obstacle: BookingObstacle = strawberry.field(description="What stands in the way.")


@strawberry.type(description="Something to fill in before a property can be published.")
class MissingField:
    field: str = strawberry.field(
        description="The input of `updateProperty`: `title`, `location.address`."
    )
    message: str = strawberry.field(description="What to do, for people; in English.")


@strawberry.type(description="Something is missing before the property can be published.")
class PropertyIncompleteError(Error):
    missing: list[MissingField] = strawberry.field(description="All of it, in a host's order.")


@strawberry.type(description="The stay cannot be reviewed, or not any more.")
class ReviewNotAllowedError(Error):
    reason: ReviewNotAllowedReason = strawberry.field(description="Why not.")


@strawberry.type(
    description="It was changed since the viewer read it, on another device perhaps. Nothing of "
    "this was done: read it again, and send the change with the version of now."
)
class StaleVersionError(Error):
    current_version: int = strawberry.field(description="The version of now.")


@strawberry.type(description="The code has been used, has expired, or is another client's.")
class CodeRefusedError(Error):
    pass


@strawberry.type(description="The identity signs in to another account.")
class IdentityTakenError(Error):
    pass


@strawberry.type(
    description="Nobody could sign in to the account any more. Set a password first: "
    "`POST /auth/forgot-password`."
)
class LastSignInMethodError(Error):
    pass


@strawberry.type(description="The viewer signed in too long ago for this: sign in again.")
class SignInAgainError(Error):
    pass


@strawberry.type(description="Stays or payments have to be settled before the account can go.")
class DeletionBlockedError(Error):
    blockers: list[Annotated["DeletionBlocker", strawberry.lazy("schema.privacy")]] = (
        strawberry.field(description="All of them, stays first.")
    )


TYPES: dict[ErrorCode, type[Error]] = {
    ErrorCode.INVALID_INPUT: InvalidInputError,
    ErrorCode.FORBIDDEN: ForbiddenError,
    ErrorCode.NOT_FOUND: NotFoundError,
    ErrorCode.DATES_UNAVAILABLE: DatesUnavailableError,
    ErrorCode.PRICE_CHANGED: PriceChangedError,
    ErrorCode.STAY_NOT_ALLOWED: StayNotAllowedError,
    ErrorCode.PROPERTY_NOT_BOOKABLE: PropertyNotBookableError,
    ErrorCode.PROMOTION_REFUSED: PromotionRefusedError,
    ErrorCode.IDEMPOTENCY_CONFLICT: IdempotencyConflictError,
    ErrorCode.PAYMENT_UNAVAILABLE: PaymentUnavailableError,
    ErrorCode.TRANSITION_NOT_ALLOWED: TransitionNotAllowedError,
    ErrorCode.ALTERATION_NOT_ALLOWED: AlterationNotAllowedError,
    ErrorCode.PROPERTY_INCOMPLETE: PropertyIncompleteError,
    ErrorCode.HOST_REQUIRED: HostRequiredError,
    ErrorCode.EMAIL_NOT_VERIFIED: EmailNotVerifiedError,
    ErrorCode.PROOF_REQUIRED: ProofRequiredError,
    ErrorCode.REVIEW_NOT_ALLOWED: ReviewNotAllowedError,
    ErrorCode.CODE_REFUSED: CodeRefusedError,
    ErrorCode.IDENTITY_TAKEN: IdentityTakenError,
    ErrorCode.LAST_SIGN_IN_METHOD: LastSignInMethodError,
    ErrorCode.STALE_VERSION: StaleVersionError,
    ErrorCode.SIGN_IN_AGAIN: SignInAgainError,
    ErrorCode.DELETION_BLOCKED: DeletionBlockedError,
}
# Where GraphQL's ways and ours have different words.
CODES = {"BAD_USER_INPUT": ErrorCode.INVALID_INPUT}


def answer(refusal: DomainError, **extra: Any) -> Error | None:
    """The refusal as data; its attributes fill the error type's fields. None: there is no type."""
    code = CODES.get(refusal.code) or next((c for c in ErrorCode if c == refusal.code), None)
    if code is None:
        return None
    kind = TYPES[code]
    names = {field.name for field in fields(kind)} - {"code", "message", *extra}
    values = {name: getattr(refusal, name) for name in names if hasattr(refusal, name)}
    return kind(code=code, message=refusal.message, **values, **extra)


class Answers(FieldExtension):
    """For a field whose union has error types: refusals become these."""

    def apply(self, field: StrawberryField) -> None:
        union = field.type
        assert isinstance(union, StrawberryUnion)
        self._types: tuple[Any, ...] = union.types

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: Info, **kwargs: Any
    ) -> Any:
        try:
            return await next_(source, info, **kwargs)
        except DomainError as refusal:
            found = answer(refusal)
            if found is None or type(found) not in self._types:
                raise
            return found


class Changes(Answers):
    """For a mutation: it wants somebody signed in, and leaves nothing stale behind."""

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: Info, **kwargs: Any
    ) -> Any:
        info.context.actor.require_user()
        try:
            return await super().resolve_async(next_, source, info, **kwargs)
        finally:
            # What was read before the commit is not true any more.
            info.context.renew()
