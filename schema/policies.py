"""Who may read each field and call each mutation, at a glance.

The rules themselves stand next to the rows they guard (app.*.policy); this table says which of
them holds where. A test fails for a field that is not in it, and others try what it says as
everybody: a new field cannot be forgotten.
"""

from collections.abc import Mapping
from enum import StrEnum


class Policy(StrEnum):
    """Who gets the field; everybody else gets null, or a refusal."""

    # Anybody who has the object. Objects are only handed to who may see them.
    OPEN = "OPEN"
    # The person whom the object is, or belongs to.
    OWN = "OWN"
    OWN_OR_STAFF = "OWN_OR_STAFF"
    # A property's host, and guests who stay there.
    STAYING = "STAYING"
    HOST = "HOST"
    GUEST = "GUEST"
    GUEST_OR_STAFF = "GUEST_OR_STAFF"
    # A booking's guest and host, and staff.
    PARTIES = "PARTIES"
    # A booking's guest and host, and admins: who may end it.
    ENDING = "ENDING"
    # Anybody who is signed in, about themselves.
    SIGNED_IN = "SIGNED_IN"
    # With a line in the trail first: app.identity.staff.
    STAFF = "STAFF"
    ADMIN = "ADMIN"


def _table(**policies: str) -> Mapping[str, Policy]:
    """Field → policy, from the fields of each policy in one line."""
    return {
        field: Policy[policy] for policy, fields in policies.items() for field in fields.split()
    }


FIELDS: Mapping[str, Mapping[str, Policy]] = {
    "Query": _table(
        OPEN="viewer node nodes property searchProperties quote booking hostTermsVersion",
        SIGNED_IN="payoutInstitutions",
        STAFF="staffPeople",
        ADMIN="staffActions",
    ),
    # Of a mutation: who may do it to the object that it names.
    "Mutation": _table(
        SIGNED_IN="becomeHost updateProfile revokeAllSessions createProperty createBooking"
        " createPayoutAccountLink setPayoutRecipient linkIdentity requestDataExport"
        " deleteAccount cancelAccountDeletion",
        OWN="revokeSession renamePasskey deletePasskey unlinkIdentity",
        HOST="updateProperty updateCalendar publishProperty unpublishProperty acceptBooking"
        " declineBooking rotateCalendarFeed addCalendarImport removeCalendarImport"
        " syncCalendarImport",
        GUEST="createReview",
        ENDING="cancelBooking",
        STAFF="staffResendVerification staffRevokeSessions staffSuspend staffReinstate",
        ADMIN="staffChangeRole",
    ),
    "Subscription": _table(PARTIES="bookingStatusChanged", HOST="hostBookingsChanged"),
    "User": _table(
        OPEN="id username firstName bio languages verifiedBadges reviewCount averageRating reviews"
        " responseRate pictureUrl isHost hostSince createdAt properties",
        OWN="lastName email emailVerified timezone currency phone hostDetails bookings"
        " hostedBookings payoutAccount payoutAccounts payouts sessions signInEvents role"
        " staffActions passkeys secondFactor hasPassword identities dataExports"
        " deletionScheduledAt",
    ),
    "HostDetails": _table(
        OWN="kind legalName country dateOfBirth registrationNumber termsVersion agreedAt"
    ),
    "StaffPerson": _table(
        STAFF="user lastName email emailVerified role suspendedAt bookings hostedBookings sessions"
        " signInEvents",
    ),
    "StaffAction": _table(OWN="kind role occurredAt"),
    "StaffRecord": _table(
        ADMIN="kind role reason newRole requestId occurredAt staff subject objectId"
    ),
    "DataExport": _table(OWN="id status requestedAt readyAt expiresAt"),
    "DeletionBlocker": _table(OWN="reason booking amount"),
    "SignInSession": _table(
        OWN_OR_STAFF="id userAgent createdAt lastUsedAt expiresAt revokedAt isCurrent"
    ),
    "Passkey": _table(OWN="id name createdAt lastUsedAt"),
    "SecondFactor": _table(OWN="totp passkeyCount recoveryCodesLeft"),
    "Identity": _table(OWN="id provider providerName email createdAt lastUsedAt"),
    "SignInEvent": _table(OWN_OR_STAFF="id kind occurredAt address userAgent"),
    "Property": _table(
        OPEN="id status title description type pricePerNight weekendPricePerNight cleaningFee"
        " petFee extraGuestFee guestsIncluded monthlyDiscountPercent weeklyDiscountPercent"
        " earlyBirdDays earlyBirdDiscountPercent lastMinuteDays lastMinuteDiscountPercent amenities"
        " averageRating reviewCount maxGuests bedrooms beds bathrooms petsAllowed instantBook"
        " cancellationPolicy minNights maxNights advanceNoticeHours preparationDays"
        " bookingWindowDays checkInTime checkOutTime timezone version createdAt updatedAt location"
        " host photos checkInWeekdays checkOutWeekdays availability reviews paymentMethods",
        HOST="calendarExchange",
    ),
    "Location": _table(
        OPEN="city region country latitude longitude isExact", STAYING="address postalCode"
    ),
    "CalendarExchange": _table(HOST="feedUrl imports"),
    "CalendarImport": _table(HOST="id name url syncedAt failure log conflicts"),
    "CalendarSync": _table(HOST="finishedAt failure added removed"),
    "CalendarConflict": _table(HOST="booking startsOn endsOn summary"),
    "Photo": _table(OPEN="id caption width height url"),
    "AvailabilityNight": _table(OPEN="date available canCheckIn canCheckOut minNights price"),
    "Quote": _table(
        OPEN="checkIn checkOut nightCount guests lineItems subtotal total averagePerNight property"
    ),
    # The place itself only to whom it is open.
    "Review": _table(OPEN="id rating comment createdAt author property"),
    "Booking": _table(
        PARTIES="id status version checkIn checkOut nights checkInAt checkOutAt guests message"
        " totalPrice cancellationPolicy expiresAt confirmedAt cancelledAt cancelledBy"
        " cancellationReason createdAt property guest host lineItems payment history review",
        ENDING="cancellationPreview",
        HOST="hostPayout",
    ),
    "BookingHistoryEntry": _table(PARTIES="version status previousStatus actor reason at"),
    "BookingStatusUpdate": _table(PARTIES="booking version status previousStatus occurredAt"),
    "CancellationPreview": _table(PARTIES="refund lineItems"),
    "Payment": _table(
        PARTIES="id status method provider amount refundedAmount paidAt",
        GUEST="clientSecret publishableKey redirectUrl",
        GUEST_OR_STAFF="failureCode",
    ),
    "Payout": _table(OWN="id amount status failureCode createdAt paidAt items"),
    "PayoutItem": _table(OWN="amount booking"),
    "PayoutAccount": _table(OWN="id provider status currency label"),
    "PayoutInstitution": _table(SIGNED_IN="code name"),
    # Values: as visible as what they are part of.
    "Guests": _table(OPEN="adults children infants pets"),
    "LineItem": _table(OPEN="kind description quantity unitAmount amount"),
    "Money": _table(OPEN="amount currency"),
    "PageInfo": _table(OPEN="hasNextPage hasPreviousPage startCursor endCursor"),
}

# Lists have these fields and no others; their nodes are objects of their own.
CONNECTION = {"pageInfo", "totalCount", "edges"}
EDGE = {"cursor", "node"}
# The price of the stay that was searched for.
EDGES_WITH_QUOTE = {"PropertyEdge"}
