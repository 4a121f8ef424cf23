"""Who may read what about a payment."""

from app.actor import Actor
from app.payments.queries import PaymentRow
from db.enums import PaymentStatus, StaffActionKind


def is_party(row: PaymentRow, actor: Actor) -> bool:
    """The guest who pays, and the host who is paid. Others are staff, or see nothing of it."""
    return actor.user_id in (row.guest_id, row.host_id)


def may_see_details(row: PaymentRow, actor: Actor) -> bool:
    """Why a try to pay failed is the guest's business, and the staff's who help."""
    if is_party(row, actor):
        return actor.user_id == row.guest_id
    return actor.may(StaffActionKind.PAYMENT_READ)


def may_pay(row: PaymentRow, actor: Actor) -> bool:
    """What opens the payment at the provider: the guest, while there is something to pay."""
    return actor.user_id == row.guest_id and row.status == PaymentStatus.PENDING
