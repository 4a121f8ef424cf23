"""Who may read what about a payment."""

from app.actor import Actor
from app.payments.queries import PaymentRow
from db.enums import PaymentStatus


def may_see(row: PaymentRow, actor: Actor) -> bool:
    """The guest who pays, the host who is paid, and staff."""
    return actor.user_id in (row.guest_id, row.host_id) or actor.is_staff


def may_see_details(row: PaymentRow, actor: Actor) -> bool:
    """Why a try to pay failed is the guest's business, and the staff's who help."""
    return actor.user_id == row.guest_id or actor.is_staff


def may_pay(row: PaymentRow, actor: Actor) -> bool:
    """What opens the payment at the provider: the guest, while there is something to pay."""
    return actor.user_id == row.guest_id and row.status == PaymentStatus.PENDING
