"""What is written down about money: documents, once it has moved."""

from app import clock
from app.accounting import documents
from app.payments.events import PaymentSucceeded, RefundSent
from app.runtime import Runtime
from jobs.registry import task


@task("accounting.document_payment")
async def document_payment(runtime: Runtime, event: PaymentSucceeded) -> None:
    """Give the guest a receipt, and invoice both sides."""
    issuer = documents.issuer_of(runtime.settings)
    await runtime.db.run(
        lambda session: documents.document_payment(session, issuer, event.payment_id, clock.now())
    )


@task("accounting.document_refund")
async def document_refund(runtime: Runtime, event: RefundSent) -> None:
    """Write down what was given back, and credit what we do not ask any more."""
    issuer = documents.issuer_of(runtime.settings)
    await runtime.db.run(
        lambda session: documents.document_refund(session, issuer, event.refund_id, clock.now())
    )
