"""A person with rows in every table that can be about somebody, and a stranger on the other side.

All that could tell who the person is has the word `marked` in it, or is in `OTHER_MARKS`; all that
is the stranger's alone has `strange`.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import insert, update

from app.ids import new_id
from app.ledger import rules as entries
from app.ledger import service as ledger
from app.ledger.rules import Shares
from db.base import Base
from db.enums import BookingStatus, PaymentProvider
from db.models import (
    AccountLink,
    Booking,
    BookingChange,
    CalendarFeed,
    CalendarImport,
    CalendarNight,
    CalendarSync,
    Challenge,
    CheckInGuide,
    CoHost,
    DataExport,
    Dispute,
    Document,
    HostCancellation,
    HostDetails,
    IdempotencyKey,
    Identity,
    ImportedStay,
    OidcSignIn,
    OutboxMessage,
    Passkey,
    Payment,
    Payout,
    PayoutAccount,
    PayoutItem,
    Promotion,
    PropertyPhoto,
    PropertyPhotoUpload,
    PropertyTax,
    PropertyTranslation,
    ProviderEvent,
    RecoveryCode,
    RefreshToken,
    Refund,
    Review,
    SavedSearch,
    SavedSearchMatch,
    SignInEvent,
    SignInSession,
    StaffAction,
    TotpSecret,
    ViewedProperty,
    ViewHistoryOptOut,
    Wishlist,
    WishlistItem,
)
from db.session import Database
from tests.support.world import add_alteration, add_booking, add_host, add_property

# Long ago, so that nothing is open any more.
PAST = datetime(2025, 3, 1, 12, tzinfo=UTC)
PHONE, ADDRESS, STREET = "+351912345678", "192.0.2.77", "Marked Street 7"
OTHER_MARKS = (PHONE, ADDRESS)
SHARES = Shares(host_minor=241_00, platform_minor=44_00, tax_minor=15_00)
PICTURE, PHOTO = "/media/people/marked.png", "/media/photos/marked.jpg"

# What an export has to hold, word for word.
TOLD = (
    *("marked@example.org", "marked_user", "Markedfirst", "Markedlast", "marked bio", PHONE),
    *(PICTURE, ADDRESS, "MarkedAgent/1.0", "marked-new@example.org", "marked-key"),
    *("marked message", "marked reason", "marked review", "marked title", "marked description"),
    *(STREET, "MARKED 1100", PHOTO, "marked caption", "acct_marked", "pi_marked", "Publicname"),
    *("Marked Homes Ltd", "marked-514", "public words"),
    *("marked phone", "marked wishes", "marked note", "marked search", "marked words"),
    *("marked-helper@example.org", "marked casa", "marked stairs", "marked-4711"),
    *("marked recipient", "marked-subject", "marked@provider.example"),
)


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """The person, the stranger, where each of them stayed, and what that is called."""

    person: UUID
    stranger: UUID
    own_place: UUID
    # The person's stay at the stranger's place, and the stranger's at the person's.
    stay: UUID
    hosted: UUID


async def fill(db: Database) -> Filled:
    """Make both of them, with a stay at each other's place that was paid, and paid out."""
    person = await add_host(
        db,
        email="marked@example.org",
        username="marked_user",
        first_name="Markedfirst",
        last_name="Markedlast",
        bio="marked bio",
        phone=PHONE,
        picture_url=PICTURE,
        languages=["pt"],
        timezone="Europe/Lisbon",
        currency="EUR",
        password_hash="marked hash",
    )
    stranger = await add_host(
        db,
        email="strange@example.org",
        username="strange_user",
        first_name="Publicname",
        last_name="Strangelast",
        phone="+351911111111",
    )
    own_place = await add_property(
        db,
        person,
        title="marked title",
        description="marked description",
        address=STREET,
        postal_code="MARKED 1100",
    )
    other_place = await add_property(db, stranger, address="Strange Street 1")
    past = {"status": BookingStatus.COMPLETED, "check_in": PAST.date()}
    stay = await add_booking(db, other_place, person, stranger, message="marked message", **past)
    hosted = await add_booking(db, own_place, stranger, person, message="strange message", **past)
    filled = Filled(person=person, stranger=stranger, own_place=own_place, stay=stay, hosted=hosted)
    await _add_account(db, person)
    await _add_help(db, filled, other_place)
    await _add_words(db, filled)
    await _add_saved(db, person, other_place)
    await _add_money(db, filled)
    return filled


async def _add_help(db: Database, filled: Filled, other_place: UUID) -> None:
    """Words, how to get in; each helps the other, and somebody without an account is invited."""
    words = {"language": "pt", "title": "marked casa", "description": "marked salas"}
    await add(db, PropertyTranslation, property_id=filled.own_place, **words)
    guide = {"instructions": "marked stairs", "access_code": "marked-4711"}
    await add(db, CheckInGuide, property_id=filled.own_place, **guide)
    for place, helper in ((filled.own_place, filled.stranger), (other_place, filled.person)):
        joined = {"user_id": helper, "accepted_at": PAST, "invited_at": PAST}
        await add(db, CoHost, id=new_id(), property_id=place, rights=["ALL"], **joined)
    await add(
        db,
        CoHost,
        id=new_id(),
        property_id=filled.own_place,
        rights=["CALENDAR"],
        email="marked-helper@example.org",
        expires_at=PAST,
    )


async def add(db: Database, model: type[Base], **columns: object) -> None:
    """Insert one row."""
    async with db.transaction() as session:
        await session.execute(insert(model).values(**columns))


async def _add_account(db: Database, person: UUID) -> None:
    session_id = new_id()
    await add(
        db,
        SignInSession,
        id=session_id,
        user_id=person,
        user_agent="MarkedAgent/1.0",
        expires_at=PAST + timedelta(days=30),
    )
    await add(db, RefreshToken, token_hash=b"m" * 32, session_id=session_id, used_by="marked")
    await add(db, TotpSecret, user_id=person, sealed_secret=b"marked")
    await add(db, RecoveryCode, user_id=person, code_hash=b"m" * 32)
    await add(
        db,
        Passkey,
        id=new_id(),
        user_id=person,
        credential_id=b"marked",
        public_key=b"marked",
        sign_count=0,
        name="marked phone",
    )
    await add(
        db,
        Challenge,
        token_hash=b"m" * 32,
        purpose="SECOND_FACTOR",
        user_id=person,
        holder="marked",
        expires_at=PAST,
    )
    await add(
        db,
        SignInEvent,
        id=new_id(),
        user_id=person,
        kind="SIGNED_IN",
        session_id=session_id,
        user_agent="MarkedAgent/1.0",
        address=ADDRESS,
    )
    for subject, member in ((person, None), (None, person)):
        await add(
            db,
            StaffAction,
            id=new_id(),
            staff_id=member,
            subject_id=subject,
            role="SYSTEM" if member is None else "SUPPORT",
            kind="SUSPENDED",
            # What somebody did as staff is about others.
            reason="marked suspicion" if member is None else "a suspicion",
        )
    await add(
        db,
        HostDetails,
        user_id=person,
        kind="BUSINESS",
        legal_name="Marked Homes Ltd",
        country="PT",
        registration_number="marked-514",
        terms_version="2026-01-01",
        agreed_at=PAST,
    )
    await add(
        db,
        AccountLink,
        id=new_id(),
        user_id=person,
        purpose="TAKE_EMAIL",
        email="marked-new@example.org",
        new_email="marked-new@example.org",
        expires_at=PAST,
    )
    await add(
        db,
        Identity,
        id=new_id(),
        user_id=person,
        provider="google",
        subject="marked-subject",
        email="marked@provider.example",
    )
    await add(
        db,
        OidcSignIn,
        state_hash=b"s" * 32,
        browser_hash=b"b" * 32,
        code_hash=b"c" * 32,
        code_challenge="marked challenge",
        return_to="https://app.roost.example/marked",
        expires_at=PAST,
        provider="google",
        subject="marked-subject",
        email="marked@provider.example",
        first_name="Markedfirst",
        last_name="Markedlast",
    )
    await add(
        db,
        DataExport,
        id=new_id(),
        user_id=person,
        ready_at=PAST,
        expires_at=PAST,
        content=b'{"firstName": "Markedfirst"}',
    )
    await add(
        db,
        IdempotencyKey,
        actor_id=person,
        operation="createBooking",
        key="marked-key",
        request_hash=b"h" * 32,
        subject_id=new_id(),
    )
    for payload in (
        {"email": "marked@example.org"},
        {"user_id": str(person), "old_email": "marked-old@example.org"},
    ):
        await add(
            db,
            OutboxMessage,
            id=new_id(),
            event="PasswordForgotten",
            task="identity.answer_forgotten_password",
            payload=payload,
            dead_at=PAST,
        )


async def _add_saved(db: Database, person: UUID, place: UUID) -> None:
    """What the person keeps for later."""
    wishlist = new_id()
    wishes = {"name": "marked wishes", "share_token": "marked share"}
    await add(db, Wishlist, id=wishlist, user_id=person, **wishes)
    item = {"wishlist_id": wishlist, "user_id": person, "property_id": place}
    await add(db, WishlistItem, id=new_id(), note="marked note", **item)
    await add(db, ViewedProperty, user_id=person, property_id=place, viewed_at=PAST)
    await add(db, ViewHistoryOptOut, user_id=person)
    search, asked = new_id(), {"text": "marked words"}
    kept = {"name": "marked search", "asked": asked, "wanted": asked}
    await add(db, SavedSearch, id=search, user_id=person, **kept)
    await add(db, SavedSearchMatch, saved_search_id=search, property_id=place)


async def _add_words(db: Database, filled: Filled) -> None:
    """What the person and the stranger have written."""
    for booking, mine in ((filled.stay, "GUEST"), (filled.hosted, "HOST")):
        for side in ("GUEST", "HOST"):
            words = "marked alteration" if side == mine else "strange alteration"
            over = {"status": "DECLINED", "settled_at": PAST}
            await add_alteration(db, booking, proposed_by=side, message=words, **over)
    for number, (author, words) in enumerate(
        ((filled.person, "marked reason"), (filled.stranger, "strange reason")), start=2
    ):
        await add(
            db,
            BookingChange,
            booking_id=filled.stay,
            version=number,
            status="CANCELLED",
            previous_status="CONFIRMED",
            actor="GUEST" if author == filled.person else "HOST",
            actor_id=author,
            reason=words,
            occurred_at=PAST,
        )
    for booking, side, words in (
        (filled.stay, "GUEST", "marked reason"),
        (filled.hosted, "GUEST", "strange reason"),
    ):
        async with db.transaction() as session:
            await session.execute(
                update(Booking)
                .where(Booking.id == booking)
                .values(status="CANCELLED", cancelled_by=side, cancellation_reason=words)
            )
    for booking, host in ((filled.hosted, filled.person), (filled.stay, filled.stranger)):
        await add(
            db,
            HostCancellation,
            booking_id=booking,
            host_id=host,
            currency="EUR",
            fee_minor=50_00,
            cancelled_at=PAST,
        )
    for booking, author, host, words in (
        (filled.stay, filled.person, filled.stranger, "marked review"),
        (filled.hosted, filled.stranger, filled.person, "public words"),
    ):
        await add(
            db,
            Review,
            id=new_id(),
            booking_id=booking,
            property_id=filled.own_place,
            host_id=host,
            author_id=author,
            rating=4,
            comment=words,
        )
    await add(
        db,
        PropertyPhotoUpload,
        id=new_id(),
        property_id=filled.own_place,
        position=1,
        caption="marked caption",
        url=f"/media/photos/{'c' * 32}-1920.webp",
        size=1,
        status="AWAITING_FILE",
        expires_at=PAST,
        forget_at=PAST,
    )
    await add(db, CalendarNight, property_id=filled.own_place, night=PAST.date(), closed=True)
    await add(db, CalendarFeed, property_id=filled.own_place, token="marked token")
    import_id = new_id()
    await add(
        db,
        CalendarImport,
        id=import_id,
        property_id=filled.own_place,
        name="marked calendar",
        url="https://calendars.example/marked.ics",
        etag="marked etag",
        due_at=PAST,
    )
    await add(
        db,
        ImportedStay,
        import_id=import_id,
        uid="marked uid",
        starts_on=PAST.date(),
        ends_on=PAST.date() + timedelta(days=1),
        summary="marked summary",
    )
    await add(db, CalendarSync, id=new_id(), import_id=import_id, finished_at=PAST)
    await add(
        db,
        PropertyPhoto,
        id=new_id(),
        property_id=filled.own_place,
        position=1,
        url=PHOTO,
        caption="marked caption",
        width=1,
        height=1,
    )
    await add(
        db,
        PropertyTax,
        id=new_id(),
        property_id=filled.own_place,
        name="City tax",
        kind="PERCENTAGE",
        rate_bp=400,
    )
    for host_id, code in ((filled.person, "marked"), (filled.stranger, "strange")):
        await add(db, Promotion, id=new_id(), host_id=host_id, code=code, rate_bp=1)


async def _add_money(db: Database, filled: Filled) -> None:
    """Both stays were paid, a part was given back, and both hosts were paid out."""
    for booking, guest, host, mark in (
        (filled.stay, filled.person, filled.stranger, "marked"),
        (filled.hosted, filled.stranger, filled.person, "strange"),
    ):
        payment, refund, payout = new_id(), new_id(), new_id()
        await add(
            db,
            Payment,
            id=payment,
            booking_id=booking,
            attempt=1,
            provider="STRIPE",
            # The books keep it.
            provider_payment_id=f"pi_{mark}",
            method="CARD",
            status="PARTIALLY_REFUNDED",
            amount_minor=SHARES.total_minor,
            currency="EUR",
            guest_id=guest,
            host_id=host,
            host_minor=SHARES.host_minor,
            platform_minor=SHARES.platform_minor,
            tax_minor=SHARES.tax_minor,
            captured_minor=SHARES.total_minor,
            refunded_minor=44_00,
            manual_capture=False,
            client_secret=f"{mark} secret",
            redirect_url=f"https://pay.example/{mark}",
            paid_at=PAST,
        )
        await add(
            db,
            Document,
            id=new_id(),
            issuer="Roost",
            number=f"R-2025-{payment.hex}",
            kind="RECEIPT",
            side="GUEST",
            user_id=guest,
            booking_id=booking,
            payment_id=payment,
            currency="EUR",
            total_minor=SHARES.total_minor,
            content={"recipient": {"name": f"{mark} recipient"}},
            issued_at=PAST,
        )
        given_back = Shares(host_minor=0, platform_minor=44_00, tax_minor=0)
        await add(
            db,
            Refund,
            id=refund,
            payment_id=payment,
            reason="CANCELLATION",
            status="SUCCEEDED",
            amount_minor=44_00,
            host_minor=0,
            platform_minor=44_00,
            tax_minor=0,
        )
        await add(
            db,
            Dispute,
            id=new_id(),
            payment_id=payment,
            provider="STRIPE",
            provider_dispute_id=f"dp_{payment.hex}",
            status="NEEDS_RESPONSE",
            amount_minor=44_00,
            currency="EUR",
            reason="fraudulent",
            opened_at=PAST,
        )
        await add(
            db,
            Payout,
            id=payout,
            host_id=host,
            provider="STRIPE",
            currency="EUR",
            amount_minor=SHARES.host_minor,
            status="PAID",
            paid_at=PAST,
        )
        await add(
            db,
            PayoutItem,
            payout_id=payout,
            booking_id=booking,
            amount_minor=SHARES.host_minor,
        )
        host_mark = "marked" if host == filled.person else "strange"
        account = f"acct_{host_mark}"
        await add(
            db,
            PayoutAccount,
            id=new_id(),
            user_id=host,
            provider="STRIPE",
            provider_account_id=account,
            status="ACTIVE",
        )
        for named, whose in ((f"pi_{mark}", mark), (account, host_mark)):
            await add(
                db,
                ProviderEvent,
                id=new_id(),
                provider="STRIPE",
                event_id=f"evt_{new_id()}",
                type="charge.updated",
                body=f'{{"object": "{named}", "name": "{whose} name"}}'.encode(),
            )
        async with db.transaction() as session:
            for entry in (
                entries.capture(payment, booking, host, PaymentProvider.STRIPE, "EUR", SHARES),
                entries.refund_due(refund, booking, guest, host, "EUR", given_back),
                entries.refund_sent(refund, booking, guest, PaymentProvider.STRIPE, "EUR", 44_00),
                entries.payout_reserved(payout, host, "EUR", {booking: SHARES.host_minor}),
                entries.payout_sent(payout, PaymentProvider.STRIPE, "EUR", SHARES.host_minor),
            ):
                await ledger.post(session, entry, PAST)
