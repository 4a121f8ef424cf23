"""The trade's enumerations as clients see them: the same values, with a word on each.

The classes are those of db.enums and of the rules, which know nothing of GraphQL; rows hold the
plain values, which are what the schema prints.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import strawberry

from app.actor import Role
from app.availability.reasons import WhyNot as AvailabilityReason
from app.availability.rules import StayNotAllowedReason
from app.bookings.errors import Obstacle as BookingObstacle
from app.bookings.options import BookingAction
from app.bookings.preview import PriceSource
from app.identity import pictures
from app.payments.provider import RequirementState as PayoutRequirementState
from app.payouts.advice import PayoutStep
from app.payouts.requirements import PayoutStop
from app.payouts.requirements import RequirementKind as PayoutRequirementKind
from app.payouts.rules import Hold as PayoutHold
from app.privacy.blockers import DeletionBlockReason
from app.privacy.queries import DataExportStatus
from app.promotions.errors import PromotionRefusal
from app.properties.amenities import AmenityGroup
from app.properties.photos import files as photos
from app.properties.photos.files import PhotoSize
from app.reviews.errors import ReviewNotAllowedReason
from app.search.sorts import Sort
from db.enums import (
    AlterationStatus,
    Amenity,
    BookingActor,
    BookingStatus,
    CalendarFailure,
    CancellationPolicy,
    CheckInMethod,
    CoHostRight,
    DifferenceKind,
    DifferenceResolution,
    DifferenceSubject,
    DisputeStatus,
    DocumentKind,
    HostKind,
    LineItemKind,
    PaymentMethod,
    PaymentProvider,
    PaymentStatus,
    PayoutAccountKind,
    PayoutAccountStatus,
    PayoutStatus,
    PhotoFailure,
    PhotoUploadStatus,
    PropertyStatus,
    PropertyType,
    ReconciliationStep,
    RoomType,
    SignInEventKind,
    StaffActionKind,
    VerifiedBadge,
)

# Types import them from here, so that none is used before it has been described.
__all__ = [
    "AlterationStatus",
    "Amenity",
    "AmenityGroup",
    "AvailabilityReason",
    "BookingAction",
    "BookingActor",
    "BookingObstacle",
    "BookingStatus",
    "CalendarFailure",
    "CancellationPolicy",
    "CheckInMethod",
    "CoHostRight",
    "DataExportStatus",
    "DeletionBlockReason",
    "DifferenceKind",
    "DifferenceResolution",
    "DifferenceSubject",
    "DisputeStatus",
    "DocumentKind",
    "HostKind",
    "LineItemKind",
    "PaymentMethod",
    "PaymentProvider",
    "PaymentStatus",
    "PayoutAccountKind",
    "PayoutAccountStatus",
    "PayoutHold",
    "PayoutRequirementKind",
    "PayoutRequirementState",
    "PayoutStatus",
    "PayoutStep",
    "PayoutStop",
    "PhotoFailure",
    "PhotoSize",
    "PhotoUploadStatus",
    "PictureSize",
    "PriceSource",
    "PromotionRefusal",
    "PropertyStatus",
    "PropertyType",
    "ReconciliationStep",
    "ReviewNotAllowedReason",
    "Role",
    "RoomType",
    "SignInEventKind",
    "Sort",
    "StaffActionKind",
    "StayNotAllowedReason",
    "VerifiedBadge",
    "Weekday",
    "describe",
]


class PictureSize(StrEnum):
    LARGE = "LARGE"
    SMALL = "SMALL"


class Weekday(StrEnum):
    """In the order of date.weekday(): a property's weekdays are a bit set, Monday is bit 0."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


def weekdays(bits: int) -> list[Weekday]:
    """The weekdays of a bit set, from Monday on."""
    return [day for position, day in enumerate(Weekday) if bits >> position & 1]


def weekday_bits(days: Iterable[Weekday]) -> int:
    """The bit set of some weekdays."""
    positions = {day: position for position, day in enumerate(Weekday)}
    return sum(1 << positions[day] for day in set(days))


def describe(
    kind: type[StrEnum], description: str, *, graphql_name: str | None = None, **values: str
) -> None:
    """Make `kind` a GraphQL enumeration. Every value needs its description."""
    strawberry.enum(kind, name=graphql_name, description=description)
    definition: Any = kind.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values.pop(value.name)
    assert not values, f"{kind.__name__} has no {values}"


describe(
    PropertyStatus,
    "Where a property is in its life.",
    DRAFT="Being written; only its host sees it.",
    PUBLISHED="Everybody sees it and may book it.",
    SNOOZED="Published, but taking no new bookings until `snoozedUntil`; only the host's side and "
    "who has booked it see it.",
    ARCHIVED="Put away by its host: no new bookings, old ones are kept.",
    UNPUBLISHED="Taken down by its host: no new bookings, old ones are kept.",
    SUSPENDED="Taken down by the platform: no new bookings, old ones are kept.",
)
describe(
    CoHostRight,
    "What a co-host may do for the host.",
    CALENDAR="Edit the calendar and its exchange with other sites, and see who comes when.",
    MESSAGES="Talk with guests, and see who comes when.",
    ALL="Everything but the money, the co-hosts and deleting the property.",
)
describe(
    RoomType,
    "How much of the place guests have to themselves.",
    ENTIRE_PLACE="All of it.",
    PRIVATE_ROOM="A room of their own; the rest is shared.",
    SHARED_ROOM="A bed in a room with others.",
)
describe(
    CheckInMethod,
    "How guests get in.",
    HOST="The host, or somebody of theirs, is there.",
    BUILDING_STAFF="Somebody in the building has the key.",
    KEY_BOX="A box with the key, which a code opens.",
    KEYPAD="A code opens the door.",
    SMART_LOCK="A phone opens the door.",
    OTHER="See `checkInGuide`.",
)
describe(
    AmenityGroup,
    "What amenities are for.",
    ESSENTIALS="What one expects everywhere.",
    KITCHEN="Cooking and eating.",
    BATHROOM_AND_LAUNDRY="Washing oneself and one's clothes.",
    WORK_AND_ENTERTAINMENT="Working, watching, playing.",
    FAMILY="With children.",
    OUTDOORS="Outside the door.",
    PARKING="For cars.",
    SPORT_AND_WELLNESS="For the body.",
    SAFETY="Against accidents.",
    ACCESS="Getting in.",
)
describe(
    PropertyType,
    "What kind of place it is.",
    APARTMENT="A flat in a larger building.",
    HOUSE="A whole house.",
    CABIN="A simple house out in nature.",
    VILLA="A large house with grounds.",
    LOFT="One large open room, often converted.",
    COTTAGE="A small house, often in the country.",
    BOAT="A boat at its mooring.",
    GUESTHOUSE="A separate house on the host's own grounds.",
)
describe(
    Amenity,
    "What a place offers.",
    WIFI="Wireless internet.",
    KITCHEN="A kitchen to cook in.",
    WASHER="A washing machine.",
    DRYER="A clothes dryer.",
    AIR_CONDITIONING="Air conditioning.",
    HEATING="Heating.",
    WORKSPACE="A desk to work at.",
    TV="A television.",
    POOL="A swimming pool.",
    HOT_TUB="A hot tub.",
    PARKING="A parking place.",
    EV_CHARGER="A charger for electric cars.",
    CRIB="A crib for an infant.",
    GYM="A gym.",
    BREAKFAST="Breakfast is provided.",
    FIREPLACE="An indoor fireplace.",
    BALCONY="A balcony or terrace.",
    GARDEN="A garden.",
    BEACHFRONT="Right at a beach.",
    STEP_FREE_ACCESS="Reachable without steps.",
    SMOKE_ALARM="Smoke alarms.",
    SELF_CHECK_IN="Check-in without meeting the host.",
    HOT_WATER="Hot water from the tap.",
    BED_LINEN="Bed linen.",
    TOWELS="Towels.",
    IRON="An iron.",
    REFRIGERATOR="A refrigerator.",
    OVEN="An oven.",
    MICROWAVE="A microwave.",
    DISHWASHER="A dishwasher.",
    COFFEE_MAKER="A machine or press for coffee.",
    HAIR_DRYER="A hair dryer.",
    BATHTUB="A bathtub.",
    PIANO="A piano.",
    BOOKS="Books to read.",
    HIGH_CHAIR="A high chair.",
    TOYS="Toys for children.",
    BARBECUE="A barbecue.",
    LAKE_ACCESS="A way to a lake.",
    SAUNA="A sauna.",
    BIKES="Bikes to use.",
    CARBON_MONOXIDE_ALARM="A carbon monoxide alarm.",
    FIRE_EXTINGUISHER="A fire extinguisher.",
    FIRST_AID_KIT="A first-aid kit.",
    ELEVATOR="An elevator.",
    LUGGAGE_DROP_OFF="Luggage can be left before and after the stay.",
)
describe(
    CancellationPolicy,
    "What a guest gets back who cancels a confirmed booking. Cleaning and pet fees always come "
    "back before check-in, the service fee only while the nights are refunded in full.",
    FLEXIBLE="Everything up to 24 h before check-in; after that all but one more night.",
    MODERATE="Everything up to 5 days before check-in; after that half, but for one night.",
    LIMITED="Everything up to 14 days before check-in, half up to 7 days, then nothing.",
    FIRM="Everything up to 30 days before check-in, half up to 7 days, then nothing.",
    STRICT="Half up to 7 days before check-in, then nothing; everything within 24 h of "
    "confirmation if that is 7 days or more before check-in.",
)
describe(
    BookingStatus,
    "Where a booking is in its life.",
    PENDING_PAYMENT="The nights are held for the guest to pay.",
    PENDING_HOST="The host has been asked; the nights are held.",
    CONFIRMED="Paid: the nights are the guest's.",
    COMPLETED="The guest has checked out.",
    CANCELLED="Ended by guest, host or the platform; see `cancelledBy`.",
    DECLINED="The host said no. Nothing was charged.",
    EXPIRED="Nobody paid or answered in time. Nothing was charged. A payment that still arrives "
    "confirms the booking if its nights are free, and is refunded if not.",
)
describe(
    AlterationStatus,
    "Where an alteration of a booking is in its life.",
    OPEN="The other side has been asked; extra nights are held.",
    AWAITING_PAYMENT="Both sides agree, and the guest has still to pay what it costs more.",
    ACCEPTED="The booking is altered.",
    DECLINED="The other side said no.",
    WITHDRAWN="Taken back by who proposed it, or by the guest who was to pay.",
    EXPIRED="Nobody answered or paid in time, or the booking ended. Money that still comes goes "
    "back.",
)
describe(
    BookingActor,
    "In which role somebody moved a booking.",
    GUEST="The guest.",
    HOST="The host.",
    ADMIN="The platform's staff.",
    SYSTEM="The platform itself: a timer, or news from the payment provider.",
)
describe(
    LineItemKind,
    "What a line of a price is for.",
    NIGHTS="Nights of one price.",
    DISCOUNT="A discount on the nights; negative.",
    EXTRA_GUESTS="Guests above the number included in the price.",
    CLEANING_FEE="The host's cleaning fee, once per stay.",
    PET_FEE="The host's fee for pets, once per stay.",
    HOST_PROMOTION="What a code takes off at the host's cost; negative.",
    PLATFORM_PROMOTION="What a code takes off at the platform's cost; negative.",
    SERVICE_FEE="The platform's fee.",
    TAX="A tax that the platform collects.",
)
describe(
    PaymentMethod,
    "How a guest pays.",
    CARD="A payment card.",
    MOBILE_MONEY="Mobile money: the guest approves on their phone.",
    BANK_TRANSFER="A bank transfer.",
)
describe(PaymentProvider, "Who moves the money.", STRIPE="Stripe.", PAYSTACK="Paystack.")
describe(
    PayoutAccountKind,
    "What a host names to be paid to.",
    MOBILE_MONEY="A phone's mobile money.",
    BANK_ACCOUNT="A bank account.",
)
describe(
    PaymentStatus,
    "Where a payment is in its life.",
    PENDING="The guest has still to pay, or the provider to tell how it went.",
    AUTHORIZED="The money is reserved, and taken when the host accepts.",
    PAID="The money has been taken.",
    FAILED="It failed for good.",
    CANCELLED="It was given up before money was taken.",
    PARTIALLY_REFUNDED="A part has been given back.",
    REFUNDED="Everything has been given back.",
    DISPUTED="The guest's bank disputes it.",
)
describe(
    DocumentKind,
    "What is written about money.",
    RECEIPT="That a guest has paid for a stay: its host provides it, and we take the money.",
    REFUND_RECEIPT="That a guest has money back.",
    INVOICE="Our service fee, to a guest or a host.",
    CREDIT_NOTE="What of an invoice is given back.",
)
describe(
    PayoutStatus,
    "Where a payout is in its life.",
    RESERVED="Set aside for the host, not known to have been sent yet.",
    PAID="Sent to the host's account.",
    FAILED="The provider refused; the amount is the host's again and will be sent anew.",
)
describe(
    PayoutHold,
    "What stands in the way of a payout.",
    graphql_name="PayoutHold",
    OWES="The host owes as much as is due, or more.",
    NEW_HOST="The host's first stay has to be over for some days.",
    BELOW_MINIMUM="It is less than is sent at once, and carried forward.",
    REFUSED="The last transfer failed; another try is set.",
    NO_ACCOUNT="The host has not said where to be paid: see `setPayoutRecipient`.",
    ACCOUNT_INCOMPLETE="Complete the account at the provider: see `createPayoutAccountLink`.",
    ACCOUNT_RESTRICTED="The provider has stopped payouts until the host acts.",
)
describe(
    PayoutStep,
    "What a host can do for a payout.",
    COMPLETE_ACCOUNT="Complete the account at the provider: see `createPayoutAccountLink`.",
    CHECK_RECIPIENT="Check, or give, the phone or bank account: see `setPayoutRecipient`.",
    WAIT="Nothing: it comes right by itself, or by us.",
    ASK_US="Write to us: it cannot be mended by the host alone.",
)
describe(
    PayoutRequirementKind,
    "What a provider wants to know of a host.",
    graphql_name="PayoutRequirementKind",
    BANK_ACCOUNT="Where the money goes from there.",
    DOCUMENT="A picture of an identity card, or another document.",
    IDENTITY="Who they are, or who is behind their business.",
    ADDRESS="Where they live, or where their business is.",
    TAX_ID="A number of a tax office or register.",
    CONTACT="An e-mail address or a phone number.",
    BUSINESS="What they do, and how their business is set up.",
    TERMS="That they agree to the provider's terms.",
    OTHER="Something else: the provider's page says what.",
)
describe(
    PayoutRequirementState,
    "How pressing it is.",
    graphql_name="PayoutRequirementState",
    PAST_DUE="Payouts are stopped until it is given.",
    DUE="It is needed, by `requirementsDueBy` if there is such a date.",
    IN_REVIEW="It was given, and is being looked at.",
)
describe(
    PayoutStop,
    "Why a provider pays nothing to an account.",
    PAST_DUE="Something that was due was not given.",
    IN_REVIEW="It is looking at what was given.",
    REJECTED="It wants nothing to do with the account any more.",
    OTHER="For another reason.",
)
describe(
    PayoutAccountStatus,
    "Whether a payout account can be paid to.",
    PENDING="The provider still needs something from the host.",
    ACTIVE="Payouts are sent to it.",
    RESTRICTED="The provider has stopped payouts until the host acts.",
)
describe(
    StayNotAllowedReason,
    "Why a stay cannot be booked although its nights may be free.",
    IN_THE_PAST="It would begin before today, in the property's time zone.",
    TOO_SHORT="It has fewer nights than the host accepts.",
    TOO_LONG="It has more nights than the host accepts.",
    TOO_SOON="The host needs more notice before check-in.",
    TOO_FAR_AHEAD="The host does not take bookings that far ahead.",
    TOO_MANY_GUESTS="There are more guests than the place takes.",
    PETS_NOT_ALLOWED="The place does not take pets.",
    NO_CHECK_IN_ON_THIS_DAY="Nobody can arrive on that weekday.",
    NO_CHECK_OUT_ON_THIS_DAY="Nobody can leave on that weekday.",
    OWN_PROPERTY="Hosts cannot book their own place.",
    PAYMENT_METHOD_NOT_SUPPORTED="This way to pay is not possible for this stay.",
)

describe(
    DisputeStatus,
    "Where a dispute is in its life.",
    NEEDS_RESPONSE="The bank waits for evidence.",
    UNDER_REVIEW="The bank is deciding.",
    WON="The payment stands.",
    LOST="The bank has kept the money.",
)
describe(
    BookingAction,
    "What people do with a booking.",
    PAY="The guest pays: see `payment`.",
    ACCEPT="The host says yes to a request.",
    DECLINE="The host says no to a request.",
    CANCEL="Either side ends it: see `cancellationPreview`.",
    PROPOSE_ALTERATION="Either side proposes other dates or guests: see `alterationPreview`.",
    ACCEPT_ALTERATION="The other side agrees: see `alterations`.",
    DECLINE_ALTERATION="The other side says no.",
    WITHDRAW_ALTERATION="Who proposed it takes it back, or the guest who has still to pay for it.",
    PAY_ALTERATION="The guest pays what it costs more: see its `payment`.",
    REVIEW="The guest reviews the stay.",
)
describe(
    BookingObstacle,
    "Why something cannot be done with a booking now.",
    graphql_name="BookingObstacle",
    STATUS="Its state does not allow it.",
    OTHER_SIDE="Only the other side can do it.",
    PAYMENT_UNDER_WAY="The payment is being made: look again in a moment.",
    TIME_IS_OVER="It could have been done until some time ago.",
    CHANGED_MEANWHILE="Somebody changed the booking at the same moment: look again.",
    ALREADY_DONE="It has been done.",
    ALTERATION_OPEN="An alteration waits for an answer or for its payment.",
    NO_ALTERATION="No alteration waits for an answer.",
    TOO_OFTEN="It has been tried too often.",
)
describe(
    ReviewNotAllowedReason,
    "Why a stay cannot be reviewed.",
    STAY_NOT_COMPLETED="The stay is not over, or there was none.",
    WINDOW_CLOSED="Reviews are taken for 14 days after check-out.",
    ALREADY_REVIEWED="The guest has reviewed it.",
)
describe(
    AvailabilityReason,
    "What is in the way on a date of a calendar.",
    graphql_name="AvailabilityReason",
    IN_THE_PAST="The night is over.",
    UNAVAILABLE="The night cannot be had; why is the host's own business.",
    BOOKED="A guest has the night. Told to the host's side alone, as the four that follow.",
    HELD="A guest has still to pay for the night, or the host to answer.",
    BLOCKED="The night was blocked: taken on another site, or after the host cancelled.",
    CLOSED="The host has closed the night.",
    PREPARATION="The night is kept free before or after a stay.",
    TOO_SOON="To arrive: the host needs more notice.",
    TOO_FAR_AHEAD="To arrive: the host does not take bookings that far ahead.",
    NO_CHECK_IN_ON_THIS_DAY="To arrive: not on this weekday.",
    TOO_SHORT="To arrive: fewer nights in a row are free than `minNights`. `canCheckIn` speaks of "
    "the date alone.",
    NIGHT_BEFORE_UNAVAILABLE="To leave: nobody can stay the night before.",
    NO_CHECK_OUT_ON_THIS_DAY="To leave: not on this weekday.",
)
describe(
    PriceSource,
    "Where the price of a night comes from.",
    SET="The host has set it for this night.",
    WEEKEND="The usual price of Friday and Saturday nights.",
    BASE="The usual price.",
)
describe(
    PromotionRefusal,
    "Why a code does not make a stay cheaper.",
    NOT_VALID="There is no such code, or it is not for this place.",
    NOT_YET="It cannot be used yet.",
    OVER="It cannot be used any more.",
    USED_UP="It has been used as often as it could be.",
    USED_BY_GUEST="The viewer has used it as often as they can.",
    TOO_FEW_NIGHTS="It is for longer stays.",
    AMOUNT_TOO_SMALL="It is for stays that cost more.",
    OTHER_DATES="It is for stays on other dates.",
)
describe(
    Sort,
    "The order of search results.",
    graphql_name="PropertySort",
    RECOMMENDED="By a score: well and often rated places first, new ones, and those that tell and "
    "offer much.",
    PRICE_LOW_TO_HIGH="Lowest first: what the stay costs in all when the search has dates, else "
    "the usual price of a night. Compared by what it is worth, whatever the currencies; what has "
    "no known rate comes last. The list keeps its order while its pages are read, and is at most "
    "1,000 long.",
    PRICE_HIGH_TO_LOW="The same, highest first.",
    RATING="The average rating, highest first.",
    NEWEST="Latest published first.",
    DISTANCE="Nearest first: to the filter's `near`.",
)
describe(
    Weekday,
    "A day of the week.",
    MONDAY="Monday.",
    TUESDAY="Tuesday.",
    WEDNESDAY="Wednesday.",
    THURSDAY="Thursday.",
    FRIDAY="Friday.",
    SATURDAY="Saturday.",
    SUNDAY="Sunday.",
)

describe(
    SignInEventKind,
    "What happened to an account or to one of its sessions.",
    SIGNED_IN="Somebody signed in.",
    SIGN_IN_REFUSED="Somebody tried a wrong password.",
    PASSWORD_REFUSED="Somebody who was signed in gave a wrong password to change something.",
    SIGNED_OUT="Signed out.",
    SESSION_REVOKED="A session was ended from elsewhere.",
    REFRESH_REUSED="A refresh token was used twice, so it may be stolen: its session was ended.",
    EMAIL_VERIFIED="The e-mail address was confirmed.",
    PASSWORD_RESET="The password was set anew by a mailed link.",
    PASSWORD_CHANGED="The password was changed.",
    EMAIL_CHANGE_REQUESTED="A change of the e-mail address was asked for.",
    EMAIL_CHANGED="The e-mail address was changed.",
    IDENTITY_LINKED="Signing in through a provider became possible.",
    IDENTITY_UNLINKED="Signing in through a provider was ended.",
    FACTOR_REFUSED="Somebody gave a wrong second factor: to sign in, or to change something.",
    TOTP_ENABLED="An authenticator app was switched on.",
    TOTP_DISABLED="The authenticator app was switched off.",
    PASSKEY_ADDED="A passkey was added.",
    PASSKEY_REMOVED="A passkey was removed.",
    PASSKEY_SUSPECTED="A passkey was refused: its counter went back, so there may be a copy.",
    RECOVERY_CODES_MADE="New recovery codes were made; those of before are void.",
    RECOVERY_CODE_USED="A recovery code was used.",
    DATA_EXPORT_REQUESTED="All that is held about the person was asked for.",
    DELETION_SCHEDULED="The account is to be deleted.",
    DELETION_CANCELLED="The account is not to be deleted after all.",
)

describe(
    HostKind,
    "As what a host lets.",
    INDIVIDUAL="A person, for themselves.",
    BUSINESS="A trader: guests have a consumer's rights towards them.",
)

describe(
    VerifiedBadge,
    "Something about a person that was made sure of.",
    EMAIL="They read the mail to their address.",
)

describe(
    Role,
    "What somebody is to the house.",
    USER="Nobody special: a guest, a host or both.",
    SUPPORT="Staff who help people with their accounts and stays.",
    ADMIN="Staff who may do what support does, read the trail, change roles and cancel bookings.",
    SYSTEM="The house itself, and whoever runs its servers.",
)
describe(
    StaffActionKind,
    "What staff looked at (`…_READ`) or did.",
    PERSON_READ="Looked at somebody's name and address.",
    BOOKINGS_READ="Looked at somebody's trips, or at the bookings of their properties.",
    SIGN_INS_READ="Looked at where and when somebody signed in.",
    BOOKING_READ="Looked at a booking, and at its payment.",
    PAYMENT_READ="Looked at a payment.",
    PROPERTY_READ="Looked at a property that is not published.",
    DEBTS_READ="Looked at what hosts owe.",
    TRAIL_READ="Looked at what staff did to somebody, or what somebody did as staff.",
    VERIFICATION_RESENT="Had the mail sent again that confirms the e-mail address.",
    SESSIONS_REVOKED="Signed somebody out everywhere.",
    SUSPENDED="Suspended the account: nobody can sign in to it.",
    REINSTATED="Ended the account's suspension.",
    ROLE_CHANGED="Made somebody staff, or not any more.",
    BOOKS_READ="Looked at reports of the platform's money.",
    PROMOTIONS_READ="Looked at codes that make stays cheaper.",
    BOOKING_CANCELLED="Cancelled a booking.",
    PROMOTION_CREATED="Made a code for stays, at the platform's cost.",
    PROMOTION_ENDED="Ended a code for stays.",
    CANCELLATION_FEE_WAIVED="Let a host off the fee for a stay that they cancelled.",
    RECONCILIATION_READ="Looked at what payment providers and the books say otherwise.",
    RECONCILIATION_STARTED="Had the books compared with a payment provider.",
    DIFFERENCE_BOOKED="Brought the books to what a payment provider says.",
    PAYOUTS_RELEASED="Let payouts go on although a payment provider and the books differ.",
)

describe(
    ReconciliationStep,
    "What a comparison with a payment provider looks at, in this order.",
    CHARGES="Guests' payments.",
    REFUNDS="Refunds.",
    TRANSFERS="Transfers to hosts.",
    DISPUTES="Disputes.",
    MOVEMENTS="What else has changed the balance.",
    MISSING="What the books have and no list had.",
    OPEN="What differed before.",
    BALANCES="The balances in all.",
    DONE="All was looked at.",
)
describe(
    DifferenceSubject,
    "What kind of object a payment provider and the books say otherwise of.",
    CHARGE="A guest's payment.",
    REFUND="A refund.",
    TRANSFER="A transfer to a host.",
    DISPUTE="A dispute.",
    MOVEMENT="Something else that changed the balance.",
    BALANCE="The balance in a currency.",
)
describe(
    DifferenceKind,
    "What differs.",
    UNKNOWN_CHARGE="Somebody paid what belongs to nothing of ours. It goes back after an hour.",
    UNKNOWN_REFUND="A refund that we did not make.",
    UNKNOWN_TRANSFER="A transfer that we did not make.",
    UNKNOWN_DISPUTE="A dispute that we had not heard of.",
    UNKNOWN_MOVEMENT="The balance changed, and the provider does not say by what.",
    MISSING_AT_PROVIDER="The books have it, the provider does not.",
    AMOUNT_DIFFERS="It moved another amount.",
    STATUS_DIFFERS="It stands differently.",
    FEE_DIFFERS="The provider kept another fee.",
    BALANCE_DRIFT="The balance is not what the books say, and nothing else explains it.",
)
describe(
    DifferenceResolution,
    "How a difference was resolved.",
    SETTLED="We had not heard of it, and have followed it.",
    RETURNED="What belonged to nothing was given back.",
    BOOKED="It is in the books as what it is.",
    AGREED="Both said the same when it was looked at again.",
)

describe(
    PictureSize,
    "How large a person's picture is; one that was not uploaded here has one size only.",
    LARGE=f"{pictures.LARGE} pixels on each side.",
    SMALL=f"{pictures.SMALL} pixels on each side.",
)

describe(
    PhotoSize,
    "How large a photo is fetched: pixels of its longer side, unless it is smaller itself. One "
    "that was not uploaded here has one size only.",
    SMALL=f"{photos.SIDES[PhotoSize.SMALL]:,}: for lists.",
    MEDIUM=f"{photos.SIDES[PhotoSize.MEDIUM]:,}: for phones.",
    LARGE=f"{photos.SIDES[PhotoSize.LARGE]:,}.",
)

describe(
    PhotoUploadStatus,
    "What has become of a file that a host sends.",
    AWAITING_FILE="It has not been sent, or not been completed.",
    PROCESSING="A photo is being made of it.",
    READY="It is a photo.",
    FAILED="It becomes none: see `failure`.",
)

describe(
    PhotoFailure,
    "Why a file becomes no photo.",
    UNREADABLE="It is no JPEG, PNG or WebP that can be read, whatever it is called.",
    TOO_MANY_PIXELS="It has more than 64 million pixels, or 24 million as PNG or WebP.",
    TOO_SMALL="One of its sides has fewer than 480 pixels.",
    WRONG_SIZE="It does not have as many bytes as were announced.",
    MISSING="There was no file any more.",
)

describe(
    CalendarFailure,
    "Why another site's calendar could not be read.",
    ADDRESS_REFUSED="The address leads somewhere that is not on the internet, or is not https.",
    UNREACHABLE="Nothing answered in time, or only with a fault of its own.",
    NOT_FOUND="The site has no calendar there any more.",
    REFUSED="The site does not let us read it.",
    TOO_LARGE="It is larger than 1 MiB.",
    NOT_A_CALENDAR="It is no iCalendar file, or has something in it that cannot be understood.",
)

describe(
    DataExportStatus,
    "Where an export of the viewer's data is.",
    REQUESTED="It is being put together.",
    READY="It can be fetched by the link that was mailed.",
)
describe(
    DeletionBlockReason,
    "Why an account cannot go yet.",
    OPEN_BOOKING="A trip that is still to be paid, answered, or stayed.",
    OPEN_HOSTED_BOOKING="A guest's stay that is still to be paid, answered, or stayed.",
    PAYMENT_UNDER_WAY="A payment that is not settled, or is disputed.",
    REFUND_UNDER_WAY="A refund that has not arrived.",
    PAYOUT_UNDER_WAY="Earnings that are on their way.",
    REFUND_OWED="A refund that has still to be sent.",
    EARNINGS_UNPAID="Earnings that have still to be paid out.",
    NEGATIVE_BALANCE="More was paid out than was earned in the end.",
)
