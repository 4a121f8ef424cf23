"""Letters that follow from events. They have a lane of their own: mail may be slow."""

from app.bookings.alterations.events import AlterationMoved
from app.bookings.events import (
    BookingAccepted,
    BookingCancelled,
    BookingCompleted,
    BookingConfirmed,
    BookingDeclined,
    BookingEvent,
    BookingExpired,
    BookingRequested,
)
from app.identity.events import (
    EmailChanged,
    EmailVerified,
    FactorsChanged,
    IdentityLinked,
    IdentityUnlinked,
    LinkIssued,
    PasswordChanged,
)
from app.notifications import flows
from app.notifications.facts import Person
from app.notifications.rules import Occasion
from app.payments.events import DisputeOpened, DisputeSettled
from app.payouts.events import PayoutRefused, PayoutSent
from app.privacy.events import (
    AccountErased,
    DataExportReady,
    DeletionCancelled,
    DeletionScheduled,
)
from app.properties.events import CoHostInvited, CoHostJoined
from app.runtime import Runtime
from app.saved.events import NewMatchesFound
from jobs.registry import Lane, task

# Two mails of 20 s at most.
SECONDS = 45


@task("notifications.send_link", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def send_link(runtime: Runtime, event: LinkIssued) -> None:
    await flows.send_link(runtime.db, runtime.settings, event.link_id)


@task("notifications.welcome", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def welcome(runtime: Runtime, event: EmailVerified) -> None:
    await flows.welcome(runtime.db, runtime.settings, event.user_id)


@task("notifications.password_changed", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def password_changed(runtime: Runtime, event: PasswordChanged) -> None:
    await flows.password_changed(runtime.db, runtime.settings, event.user_id, str(event.change_id))


@task("notifications.factors_changed", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def factors_changed(runtime: Runtime, event: FactorsChanged) -> None:
    await flows.factors_changed(
        runtime.db, runtime.settings, event.user_id, event.kind, str(event.change_id)
    )


@task("notifications.email_changed", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def email_changed(runtime: Runtime, event: EmailChanged) -> None:
    await flows.email_changed(
        runtime.db, runtime.settings, event.user_id, event.old_email, str(event.change_id)
    )


@task("notifications.identity_linked", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def identity_linked(runtime: Runtime, event: IdentityLinked) -> None:
    await flows.identity_linked(
        runtime.db, runtime.settings, event.user_id, event.provider, event.identity_id
    )


@task("notifications.identity_unlinked", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def identity_unlinked(runtime: Runtime, event: IdentityUnlinked) -> None:
    await flows.identity_unlinked(
        runtime.db, runtime.settings, event.user_id, event.provider, event.identity_id
    )


@task("notifications.booking_requested", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_requested(runtime: Runtime, event: BookingRequested) -> None:
    await _tell(runtime, Occasion.REQUESTED, event)


@task("notifications.booking_accepted", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_accepted(runtime: Runtime, event: BookingAccepted) -> None:
    await _tell(runtime, Occasion.ACCEPTED, event)


@task("notifications.booking_confirmed", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_confirmed(runtime: Runtime, event: BookingConfirmed) -> None:
    await _tell(runtime, Occasion.CONFIRMED, event)


@task("notifications.booking_declined", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_declined(runtime: Runtime, event: BookingDeclined) -> None:
    await _tell(runtime, Occasion.DECLINED, event)


@task("notifications.booking_cancelled", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_cancelled(runtime: Runtime, event: BookingCancelled) -> None:
    await _tell(runtime, Occasion.CANCELLED, event)


@task("notifications.booking_expired", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_expired(runtime: Runtime, event: BookingExpired) -> None:
    await _tell(runtime, Occasion.EXPIRED, event)


@task("notifications.booking_alteration", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def booking_alteration(runtime: Runtime, event: AlterationMoved) -> None:
    await flows.about_alteration(
        runtime.db,
        runtime.settings,
        event.alteration_id,
        event.status,
        event.booking_id,
        event.version,
    )


@task("notifications.review_invitation", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def review_invitation(runtime: Runtime, event: BookingCompleted) -> None:
    await _tell(runtime, Occasion.COMPLETED, event)


@task("notifications.payout_failed", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def payout_failed(runtime: Runtime, event: PayoutRefused) -> None:
    """Tell a host that their account did not take the money."""
    await flows.payout_failed(runtime.db, runtime.settings, event.payout_id, event.advice)


@task("notifications.payout_sent", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def payout_sent(runtime: Runtime, event: PayoutSent) -> None:
    await flows.payout_sent(runtime.db, runtime.settings, event.payout_id)


@task("notifications.dispute_opened", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def dispute_opened(runtime: Runtime, event: DisputeOpened) -> None:
    await flows.dispute_opened(runtime.db, runtime.settings, event.dispute_id)


@task("notifications.dispute_settled", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def dispute_settled(runtime: Runtime, event: DisputeSettled) -> None:
    await flows.dispute_settled(runtime.db, runtime.settings, event.dispute_id)


@task("notifications.export_ready", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def export_ready(runtime: Runtime, event: DataExportReady) -> None:
    await flows.export_ready(runtime.db, runtime.settings, event.export_id)


@task("notifications.new_matches", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def new_matches(runtime: Runtime, event: NewMatchesFound) -> None:
    await flows.new_matches(
        runtime.db,
        runtime.settings,
        event.saved_search_id,
        event.property_ids,
        event.count,
        str(event.look_id),
    )


@task("notifications.deletion_scheduled", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def deletion_scheduled(runtime: Runtime, event: DeletionScheduled) -> None:
    await flows.deletion_scheduled(runtime.db, runtime.settings, event.user_id, event.erased_from)


@task("notifications.deletion_cancelled", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def deletion_cancelled(runtime: Runtime, event: DeletionCancelled) -> None:
    await flows.deletion_cancelled(
        runtime.db, runtime.settings, event.user_id, str(event.change_id)
    )


@task("notifications.account_erased", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def account_erased(runtime: Runtime, event: AccountErased) -> None:
    erased = Person(
        id=event.erased_id, email=event.email, first_name=event.first_name, last_name=""
    )
    await flows.account_erased(runtime.settings, erased)


async def _tell(runtime: Runtime, occasion: Occasion, event: BookingEvent) -> None:
    await flows.about_booking(
        runtime.db, runtime.settings, occasion, event.booking_id, event.version
    )


@task("notifications.invite_co_host", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def invite_co_host(runtime: Runtime, event: CoHostInvited) -> None:
    await flows.invite_co_host(runtime.db, runtime.settings, event.co_host_id)


@task("notifications.co_host_joined", timeout_seconds=SECONDS, lane=Lane.MAIL)
async def co_host_joined(runtime: Runtime, event: CoHostJoined) -> None:
    await flows.co_host_joined(runtime.db, runtime.settings, event.co_host_id)
