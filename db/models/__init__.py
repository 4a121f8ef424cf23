"""Every table, one module per feature. Importing the package fills `Base.metadata`."""

from db.models.availability import (
    CalendarFeed,
    CalendarImport,
    CalendarNight,
    CalendarSync,
    ImportedStay,
    OccupiedNight,
)
from db.models.bookings import Booking, BookingChange, IdempotencyKey
from db.models.identity import (
    AccountLink,
    Challenge,
    HostDetails,
    Identity,
    OidcSignIn,
    Passkey,
    RecoveryCode,
    RefreshToken,
    SignInEvent,
    SignInSession,
    TotpSecret,
    User,
)
from db.models.ledger import JournalEntry, LedgerAccount, Posting
from db.models.outbox import OutboxMessage
from db.models.payments import Payment, ProviderEvent, Refund
from db.models.payouts import Payout, PayoutAccount, PayoutItem
from db.models.privacy import DataExport
from db.models.properties import Property, PropertyPhoto, PropertyTax
from db.models.reviews import Review
from db.models.staff import StaffAction

__all__ = [
    "AccountLink",
    "Booking",
    "BookingChange",
    "CalendarFeed",
    "CalendarImport",
    "CalendarNight",
    "CalendarSync",
    "Challenge",
    "DataExport",
    "HostDetails",
    "IdempotencyKey",
    "Identity",
    "ImportedStay",
    "JournalEntry",
    "LedgerAccount",
    "OccupiedNight",
    "OidcSignIn",
    "OutboxMessage",
    "Passkey",
    "Payment",
    "Payout",
    "PayoutAccount",
    "PayoutItem",
    "Posting",
    "Property",
    "PropertyPhoto",
    "PropertyTax",
    "ProviderEvent",
    "RecoveryCode",
    "RefreshToken",
    "Refund",
    "Review",
    "SignInEvent",
    "SignInSession",
    "StaffAction",
    "TotpSecret",
    "User",
]
