"""The trade's enumerations, as they are stored. Plain values: rules may import them."""

from enum import StrEnum


class LinkPurpose(StrEnum):
    """What following a mailed link does."""

    VERIFY_EMAIL = "VERIFY_EMAIL"
    RESET_PASSWORD = "RESET_PASSWORD"
    # A change of address is confirmed at both.
    LEAVE_EMAIL = "LEAVE_EMAIL"
    TAKE_EMAIL = "TAKE_EMAIL"


class SignInEventKind(StrEnum):
    """What happened to an account or one of its sessions."""

    SIGNED_IN = "SIGNED_IN"
    # Unknown login or wrong password.
    SIGN_IN_REFUSED = "SIGN_IN_REFUSED"
    # Somebody who is signed in did not know the password.
    PASSWORD_REFUSED = "PASSWORD_REFUSED"
    SIGNED_OUT = "SIGNED_OUT"
    SESSION_REVOKED = "SESSION_REVOKED"
    REFRESH_REUSED = "REFRESH_REUSED"
    EMAIL_VERIFIED = "EMAIL_VERIFIED"
    PASSWORD_RESET = "PASSWORD_RESET"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"
    EMAIL_CHANGE_REQUESTED = "EMAIL_CHANGE_REQUESTED"
    EMAIL_CHANGED = "EMAIL_CHANGED"
    # Signing in through a provider: possible from now on, or no longer.
    IDENTITY_LINKED = "IDENTITY_LINKED"
    IDENTITY_UNLINKED = "IDENTITY_UNLINKED"
    # A code or passkey that did not fit, at signing in or when changing the account.
    FACTOR_REFUSED = "FACTOR_REFUSED"
    TOTP_ENABLED = "TOTP_ENABLED"
    TOTP_DISABLED = "TOTP_DISABLED"
    PASSKEY_ADDED = "PASSKEY_ADDED"
    PASSKEY_REMOVED = "PASSKEY_REMOVED"
    # Its counter went back: there may be a copy of it.
    PASSKEY_SUSPECTED = "PASSKEY_SUSPECTED"
    RECOVERY_CODES_MADE = "RECOVERY_CODES_MADE"
    RECOVERY_CODE_USED = "RECOVERY_CODE_USED"
    DATA_EXPORT_REQUESTED = "DATA_EXPORT_REQUESTED"
    DELETION_SCHEDULED = "DELETION_SCHEDULED"
    DELETION_CANCELLED = "DELETION_CANCELLED"


class ChallengePurpose(StrEnum):
    """What meeting a challenge is good for."""

    # The first factor was right; the second is waited for.
    SECOND_FACTOR = "SECOND_FACTOR"
    # Somebody, nobody knows who, signs in by a passkey alone.
    PASSKEY_SIGN_IN = "PASSKEY_SIGN_IN"
    PASSKEY_REGISTRATION = "PASSKEY_REGISTRATION"
    # A passkey is to prove that the person is still there.
    PASSKEY_PROOF = "PASSKEY_PROOF"
    # It was proven: one change of the factors may follow.
    PROOF = "PROOF"


class HostKind(StrEnum):
    """Who lets: consumers have other rights towards a trader (EU 2022/2065, article 30)."""

    INDIVIDUAL = "INDIVIDUAL"
    BUSINESS = "BUSINESS"


class VerifiedBadge(StrEnum):
    """What is known of a person, not only said."""

    EMAIL = "EMAIL"


class PropertyStatus(StrEnum):
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    # Published, but for the days until `snoozed_until`.
    SNOOZED = "SNOOZED"
    UNPUBLISHED = "UNPUBLISHED"
    ARCHIVED = "ARCHIVED"
    SUSPENDED = "SUSPENDED"


class CoHostRight(StrEnum):
    """What a co-host may do. ALL is everything but the money, the co-hosts and deleting."""

    # The calendar, its exchange with other sites, and the stays in it.
    CALENDAR = "CALENDAR"
    # Talking with guests; until there are conversations: seeing who comes when.
    MESSAGES = "MESSAGES"
    ALL = "ALL"


class RoomType(StrEnum):
    """How much of the place guests have to themselves."""

    ENTIRE_PLACE = "ENTIRE_PLACE"
    PRIVATE_ROOM = "PRIVATE_ROOM"
    SHARED_ROOM = "SHARED_ROOM"


class CheckInMethod(StrEnum):
    """How guests get in."""

    HOST = "HOST"
    BUILDING_STAFF = "BUILDING_STAFF"
    KEY_BOX = "KEY_BOX"
    KEYPAD = "KEYPAD"
    SMART_LOCK = "SMART_LOCK"
    OTHER = "OTHER"


class PropertyType(StrEnum):
    APARTMENT = "APARTMENT"
    HOUSE = "HOUSE"
    CABIN = "CABIN"
    VILLA = "VILLA"
    LOFT = "LOFT"
    COTTAGE = "COTTAGE"
    BOAT = "BOAT"
    GUESTHOUSE = "GUESTHOUSE"


class Amenity(StrEnum):
    WIFI = "WIFI"
    KITCHEN = "KITCHEN"
    WASHER = "WASHER"
    DRYER = "DRYER"
    AIR_CONDITIONING = "AIR_CONDITIONING"
    HEATING = "HEATING"
    WORKSPACE = "WORKSPACE"
    TV = "TV"
    POOL = "POOL"
    HOT_TUB = "HOT_TUB"
    PARKING = "PARKING"
    EV_CHARGER = "EV_CHARGER"
    CRIB = "CRIB"
    GYM = "GYM"
    BREAKFAST = "BREAKFAST"
    FIREPLACE = "FIREPLACE"
    BALCONY = "BALCONY"
    GARDEN = "GARDEN"
    BEACHFRONT = "BEACHFRONT"
    STEP_FREE_ACCESS = "STEP_FREE_ACCESS"
    SMOKE_ALARM = "SMOKE_ALARM"
    SELF_CHECK_IN = "SELF_CHECK_IN"
    HOT_WATER = "HOT_WATER"
    BED_LINEN = "BED_LINEN"
    TOWELS = "TOWELS"
    IRON = "IRON"
    REFRIGERATOR = "REFRIGERATOR"
    OVEN = "OVEN"
    MICROWAVE = "MICROWAVE"
    DISHWASHER = "DISHWASHER"
    COFFEE_MAKER = "COFFEE_MAKER"
    HAIR_DRYER = "HAIR_DRYER"
    BATHTUB = "BATHTUB"
    PIANO = "PIANO"
    BOOKS = "BOOKS"
    HIGH_CHAIR = "HIGH_CHAIR"
    TOYS = "TOYS"
    BARBECUE = "BARBECUE"
    LAKE_ACCESS = "LAKE_ACCESS"
    SAUNA = "SAUNA"
    BIKES = "BIKES"
    CARBON_MONOXIDE_ALARM = "CARBON_MONOXIDE_ALARM"
    FIRE_EXTINGUISHER = "FIRE_EXTINGUISHER"
    FIRST_AID_KIT = "FIRST_AID_KIT"
    ELEVATOR = "ELEVATOR"
    LUGGAGE_DROP_OFF = "LUGGAGE_DROP_OFF"


class CancellationPolicy(StrEnum):
    FLEXIBLE = "FLEXIBLE"
    MODERATE = "MODERATE"
    LIMITED = "LIMITED"
    FIRM = "FIRM"
    STRICT = "STRICT"


class TaxKind(StrEnum):
    PERCENTAGE = "PERCENTAGE"
    PER_GUEST_NIGHT = "PER_GUEST_NIGHT"


class NightKind(StrEnum):
    """Why a night is taken: an unpaid hold, a booking, or the host's own block."""

    HOLD = "HOLD"
    BOOKING = "BOOKING"
    BLOCK = "BLOCK"


class BookingStatus(StrEnum):
    PENDING_PAYMENT = "PENDING_PAYMENT"
    PENDING_HOST = "PENDING_HOST"
    CONFIRMED = "CONFIRMED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"


class BookingActor(StrEnum):
    """In which role somebody moved a booking."""

    GUEST = "GUEST"
    HOST = "HOST"
    ADMIN = "ADMIN"
    SYSTEM = "SYSTEM"


class AlterationStatus(StrEnum):
    """Where a change of a booking's dates or guests is in its life."""

    OPEN = "OPEN"
    # Both sides agree; the guest has still to pay the difference.
    AWAITING_PAYMENT = "AWAITING_PAYMENT"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    # Nobody answered or paid in time, or the booking ended.
    EXPIRED = "EXPIRED"


class LineItemKind(StrEnum):
    NIGHTS = "NIGHTS"
    DISCOUNT = "DISCOUNT"
    EXTRA_GUESTS = "EXTRA_GUESTS"
    CLEANING_FEE = "CLEANING_FEE"
    PET_FEE = "PET_FEE"
    HOST_PROMOTION = "HOST_PROMOTION"
    PLATFORM_PROMOTION = "PLATFORM_PROMOTION"
    SERVICE_FEE = "SERVICE_FEE"
    TAX = "TAX"


class PaymentMethod(StrEnum):
    CARD = "CARD"
    MOBILE_MONEY = "MOBILE_MONEY"
    BANK_TRANSFER = "BANK_TRANSFER"


class PaymentProvider(StrEnum):
    STRIPE = "STRIPE"
    PAYSTACK = "PAYSTACK"


class StaffActionKind(StrEnum):
    """What staff do with what is not theirs. A role is the set of those it may do (app.actor)."""

    # Looking at what is private.
    PERSON_READ = "PERSON_READ"
    BOOKINGS_READ = "BOOKINGS_READ"
    SIGN_INS_READ = "SIGN_INS_READ"
    BOOKING_READ = "BOOKING_READ"
    PAYMENT_READ = "PAYMENT_READ"
    PROPERTY_READ = "PROPERTY_READ"
    PROMOTIONS_READ = "PROMOTIONS_READ"
    DEBTS_READ = "DEBTS_READ"
    TRAIL_READ = "TRAIL_READ"
    BOOKS_READ = "BOOKS_READ"
    RECONCILIATION_READ = "RECONCILIATION_READ"
    # Changing something: these need a reason.
    VERIFICATION_RESENT = "VERIFICATION_RESENT"
    SESSIONS_REVOKED = "SESSIONS_REVOKED"
    SUSPENDED = "SUSPENDED"
    REINSTATED = "REINSTATED"
    ROLE_CHANGED = "ROLE_CHANGED"
    BOOKING_CANCELLED = "BOOKING_CANCELLED"
    PROMOTION_CREATED = "PROMOTION_CREATED"
    PROMOTION_ENDED = "PROMOTION_ENDED"
    CANCELLATION_FEE_WAIVED = "CANCELLATION_FEE_WAIVED"
    RECONCILIATION_STARTED = "RECONCILIATION_STARTED"
    DIFFERENCE_BOOKED = "DIFFERENCE_BOOKED"
    PAYOUTS_RELEASED = "PAYOUTS_RELEASED"


class PaymentStatus(StrEnum):
    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    PAID = "PAID"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    DISPUTED = "DISPUTED"


class RefundStatus(StrEnum):
    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class DisputeStatus(StrEnum):
    # Evidence can be handed in.
    NEEDS_RESPONSE = "NEEDS_RESPONSE"
    UNDER_REVIEW = "UNDER_REVIEW"
    WON = "WON"
    LOST = "LOST"


class RefundReason(StrEnum):
    CANCELLATION = "CANCELLATION"
    # The money came after the hold was over and the nights had gone to somebody else.
    LATE_PAYMENT = "LATE_PAYMENT"
    # The booking was altered, and costs less.
    ALTERATION = "ALTERATION"


class PayoutStatus(StrEnum):
    """RESERVED: taken from the host's balance, not known to have been sent."""

    RESERVED = "RESERVED"
    PAID = "PAID"
    FAILED = "FAILED"


class PayoutAccountKind(StrEnum):
    """What a host names to be paid to, where they have no account at the provider."""

    MOBILE_MONEY = "MOBILE_MONEY"
    BANK_ACCOUNT = "BANK_ACCOUNT"


class PayoutAccountStatus(StrEnum):
    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    RESTRICTED = "RESTRICTED"


class LedgerAccountKind(StrEnum):
    """The chart of accounts; see docs/ledger.md for which entry touches which."""

    PROVIDER_CLEARING = "PROVIDER_CLEARING"
    PROVIDER_FEES = "PROVIDER_FEES"
    GUEST = "GUEST"
    HOST_PAYABLE = "HOST_PAYABLE"
    PAYOUT_IN_TRANSIT = "PAYOUT_IN_TRANSIT"
    PLATFORM_REVENUE = "PLATFORM_REVENUE"
    PROMOTIONS = "PROMOTIONS"
    TAX_PAYABLE = "TAX_PAYABLE"
    # Money that is here and of which nobody knows whose it is.
    SUSPENSE = "SUSPENSE"
    # Our own bank account: what we have moved from a provider to there, or from there.
    PLATFORM_BANK = "PLATFORM_BANK"
    DISPUTED_FUNDS = "DISPUTED_FUNDS"


class Side(StrEnum):
    """A side of a stay: both pay us for our work."""

    GUEST = "GUEST"
    HOST = "HOST"


class DocumentKind(StrEnum):
    """What is written about money, once and for all."""

    # That somebody has paid, or got money back.
    RECEIPT = "RECEIPT"
    REFUND_RECEIPT = "REFUND_RECEIPT"
    # What we ask for our work, and what of it we do not ask any more.
    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"


class JournalEntryKind(StrEnum):
    CAPTURE = "CAPTURE"
    PROVIDER_FEE = "PROVIDER_FEE"
    # Decided: owed to the guest. Then sent by the provider.
    REFUND_DUE = "REFUND_DUE"
    REFUND_SENT = "REFUND_SENT"
    # It had been sent, and the guest's bank did not take it.
    REFUND_RETURNED = "REFUND_RETURNED"
    PAYOUT_RESERVED = "PAYOUT_RESERVED"
    PAYOUT_SENT = "PAYOUT_SENT"
    PAYOUT_RETURNED = "PAYOUT_RETURNED"
    # Decided, and then not to be sent: the guest's bank took the money itself.
    REFUND_WITHDRAWN = "REFUND_WITHDRAWN"
    # Taken back by the guest's bank for now; then ours again, or gone for good.
    DISPUTE_OPENED = "DISPUTE_OPENED"
    DISPUTE_WON = "DISPUTE_WON"
    DISPUTE_LOST = "DISPUTE_LOST"
    # What an earlier entry had on the wrong account, or what a member of staff books by hand.
    CORRECTION = "CORRECTION"
    # What a host owes for having cancelled a confirmed stay; then let off after all.
    CANCELLATION_FEE = "CANCELLATION_FEE"
    CANCELLATION_FEE_WAIVED = "CANCELLATION_FEE_WAIVED"
    # Money came of which nobody knows whose it is, and went back to where it came from.
    UNKNOWN_RECEIVED = "UNKNOWN_RECEIVED"
    UNKNOWN_RETURNED = "UNKNOWN_RETURNED"
    # Between our balance at a provider and our bank account.
    BANK_TRANSFER = "BANK_TRANSFER"
    # The price stayed the same, and falls apart in another way.
    ALTERATION = "ALTERATION"


class ReconciliationStep(StrEnum):
    """What a walk through a provider's lists looks at, in this order."""

    CHARGES = "CHARGES"
    REFUNDS = "REFUNDS"
    TRANSFERS = "TRANSFERS"
    DISPUTES = "DISPUTES"
    MOVEMENTS = "MOVEMENTS"
    # Our rows that no list had.
    MISSING = "MISSING"
    # What was different before, and is in no window any more.
    OPEN = "OPEN"
    BALANCES = "BALANCES"
    DONE = "DONE"


class DifferenceSubject(StrEnum):
    """What kind of object a provider and we say different things of."""

    CHARGE = "CHARGE"
    REFUND = "REFUND"
    TRANSFER = "TRANSFER"
    DISPUTE = "DISPUTE"
    # A change of the balance that belongs to none of these.
    MOVEMENT = "MOVEMENT"
    BALANCE = "BALANCE"


class DifferenceKind(StrEnum):
    """What differs."""

    UNKNOWN_CHARGE = "UNKNOWN_CHARGE"
    UNKNOWN_REFUND = "UNKNOWN_REFUND"
    UNKNOWN_TRANSFER = "UNKNOWN_TRANSFER"
    UNKNOWN_DISPUTE = "UNKNOWN_DISPUTE"
    UNKNOWN_MOVEMENT = "UNKNOWN_MOVEMENT"
    MISSING_AT_PROVIDER = "MISSING_AT_PROVIDER"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    STATUS_DIFFERS = "STATUS_DIFFERS"
    FEE_DIFFERS = "FEE_DIFFERS"
    # The balance is not what the ledger says, and nothing else explains it.
    BALANCE_DRIFT = "BALANCE_DRIFT"


class DifferenceResolution(StrEnum):
    """How a difference was resolved."""

    # We had not heard of it, and have settled it as a webhook would have.
    SETTLED = "SETTLED"
    # Money that belonged to nothing was given back.
    RETURNED = "RETURNED"
    # It is in the books now as what it is.
    BOOKED = "BOOKED"
    # Both said the same when it was looked at again.
    AGREED = "AGREED"


class PhotoUploadStatus(StrEnum):
    """What has become of a file that a host sends."""

    AWAITING_FILE = "AWAITING_FILE"
    PROCESSING = "PROCESSING"
    READY = "READY"
    FAILED = "FAILED"


class PhotoFailure(StrEnum):
    """Why a file becomes no photo."""

    UNREADABLE = "UNREADABLE"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    TOO_SMALL = "TOO_SMALL"
    WRONG_SIZE = "WRONG_SIZE"
    MISSING = "MISSING"


class CalendarFailure(StrEnum):
    """Why another site's calendar could not be read."""

    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    UNREACHABLE = "UNREACHABLE"
    NOT_FOUND = "NOT_FOUND"
    REFUSED = "REFUSED"
    TOO_LARGE = "TOO_LARGE"
    NOT_A_CALENDAR = "NOT_A_CALENDAR"
