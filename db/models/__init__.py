"""Every table, one module per feature. Importing the package fills `Base.metadata`."""

from db.models.accounting import Document, DocumentCounter
from db.models.availability import (
    CalendarFeed,
    CalendarImport,
    CalendarNight,
    CalendarSync,
    ImportedStay,
    OccupiedNight,
)
from db.models.bookings import (
    Booking,
    BookingAlteration,
    BookingChange,
    HostCancellation,
    IdempotencyKey,
)
from db.models.co_hosts import CoHost
from db.models.currencies import ExchangeRate
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
from db.models.ledger import JournalEntry, LedgerAccount, LedgerTax, Posting
from db.models.outbox import OutboxMessage
from db.models.payments import Dispute, Payment, ProviderEvent, Refund
from db.models.payouts import Payout, PayoutAccount, PayoutItem
from db.models.privacy import DataExport
from db.models.promotions import Promotion
from db.models.properties import (
    CheckInGuide,
    Property,
    PropertyPhoto,
    PropertyPhotoUpload,
    PropertyTax,
    PropertyTranslation,
)
from db.models.reconciliation import Difference, Reconciliation, Sighting
from db.models.reviews import Review
from db.models.saved import (
    SavedSearch,
    SavedSearchMatch,
    ViewedProperty,
    ViewHistoryOptOut,
    Wishlist,
    WishlistItem,
)
from db.models.search import SearchChange, SearchList, SearchWord
from db.models.staff import StaffAction

__all__ = [
    "AccountLink",
    "Booking",
    "BookingAlteration",
    "BookingChange",
    "CalendarFeed",
    "CalendarImport",
    "CalendarNight",
    "CalendarSync",
    "Challenge",
    "CheckInGuide",
    "CoHost",
    "DataExport",
    "Difference",
    "Dispute",
    "Document",
    "DocumentCounter",
    "ExchangeRate",
    "HostCancellation",
    "HostDetails",
    "IdempotencyKey",
    "Identity",
    "ImportedStay",
    "JournalEntry",
    "LedgerAccount",
    "LedgerTax",
    "OccupiedNight",
    "OidcSignIn",
    "OutboxMessage",
    "Passkey",
    "Payment",
    "Payout",
    "PayoutAccount",
    "PayoutItem",
    "Posting",
    "Promotion",
    "Property",
    "PropertyPhoto",
    "PropertyPhotoUpload",
    "PropertyTax",
    "PropertyTranslation",
    "ProviderEvent",
    "Reconciliation",
    "RecoveryCode",
    "RefreshToken",
    "Refund",
    "Review",
    "SavedSearch",
    "SavedSearchMatch",
    "SearchChange",
    "SearchList",
    "SearchWord",
    "Sighting",
    "SignInEvent",
    "SignInSession",
    "StaffAction",
    "TotpSecret",
    "User",
    "ViewHistoryOptOut",
    "ViewedProperty",
    "Wishlist",
    "WishlistItem",
]
