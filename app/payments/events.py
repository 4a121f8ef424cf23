"""What happened to payments and refunds, and the tasks that follow."""

from uuid import UUID

from app.outbox import Event


class PaymentOpened(Event, frozen=True, kw_only=True):
    """A payment is to be taken. Its task, delayed, heals a start that did not finish."""

    tasks = ("payments.start",)
    payment_id: UUID


class PaymentVoidRequested(Event, frozen=True, kw_only=True):
    """A payment is not wanted any more and must be undone at the provider."""

    tasks = ("payments.void",)
    payment_id: UUID


class PaymentAuthorized(Event, frozen=True, kw_only=True):
    """The guest's bank holds the money for us."""

    tasks = ("bookings.on_payment_authorized",)
    booking_id: UUID
    payment_id: UUID
    # None: it is for the booking itself.
    alteration_id: UUID | None = None


class PaymentSucceeded(Event, frozen=True, kw_only=True):
    """The guest's money is here, whether or not we still want it."""

    tasks = ("bookings.on_payment_succeeded", "accounting.document_payment")
    booking_id: UUID
    payment_id: UUID
    # None: it is for the booking itself.
    alteration_id: UUID | None = None


class PaymentLost(Event, frozen=True, kw_only=True):
    """The payment has failed for good, or the provider cancelled it; nothing was taken."""

    tasks = ("bookings.on_payment_lost",)
    booking_id: UUID
    payment_id: UUID
    # None: it is for the booking itself.
    alteration_id: UUID | None = None


class RefundRequested(Event, frozen=True, kw_only=True):
    """Money is owed to a guest; the host's due may have changed with it."""

    tasks = ("payments.refund", "payouts.on_refund")
    booking_id: UUID
    payment_id: UUID
    refund_id: UUID


class RefundSent(Event, frozen=True, kw_only=True):
    """A guest has their money back."""

    tasks = ("accounting.document_refund",)
    payment_id: UUID
    refund_id: UUID


class DisputeOpened(Event, frozen=True, kw_only=True):
    """A guest's bank wants the money back."""

    tasks = ("notifications.dispute_opened",)
    booking_id: UUID
    dispute_id: UUID


class DisputeSettled(Event, frozen=True, kw_only=True):
    """The bank has decided; what the host is due may have changed with it."""

    tasks = ("payouts.on_dispute", "notifications.dispute_settled")
    booking_id: UUID
    dispute_id: UUID


class ProviderEventReceived(Event, frozen=True, kw_only=True):
    """A webhook about a charge or a refund is in the inbox."""

    tasks = ("payments.process_event",)
    event_id: UUID


class PayoutEventReceived(Event, frozen=True, kw_only=True):
    """A webhook about a host's account or a transfer is in the inbox."""

    tasks = ("payouts.process_event",)
    event_id: UUID
