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
    OWN_OR_ADMIN = "OWN_OR_ADMIN"
    # A property's host, co-hosts for everything, and guests who stay there.
    STAYING = "STAYING"
    # The host alone.
    HOST = "HOST"
    # The host and those co-hosts whose rights include it: app.properties.policy.
    HOST_ALL = "HOST_ALL"
    HOST_CALENDAR = "HOST_CALENDAR"
    # The host and every co-host.
    HOST_ANY = "HOST_ANY"
    CO_HOST = "CO_HOST"
    HOST_OR_CO_HOST = "HOST_OR_CO_HOST"
    GUEST = "GUEST"
    GUEST_OR_STAFF = "GUEST_OR_STAFF"
    # A booking's guest, its host and co-hosts for everything, and staff.
    PARTIES = "PARTIES"
    # The same with admins instead of staff: who may end it.
    ENDING = "ENDING"
    # A booking's guest, its host and co-hosts for everything, and nobody else.
    SIDES = "SIDES"
    # Of an alteration: the side that has not proposed it, and the one that has.
    OTHER_SIDE = "OTHER_SIDE"
    PROPOSER = "PROPOSER"
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
        OPEN="viewer node nodes property searchProperties propertySearchSummary places"
        " sharedWishlist quote booking amenityCatalogue hostTermsVersion",
        SIGNED_IN="payoutInstitutions",
        STAFF="staffPeople",
        ADMIN="staffHostDebts staffActions staffPromotions staffRevenue staffTaxes"
        " staffReconciliation",
    ),
    # Of a mutation: who may do it to the object that it names.
    "Mutation": _table(
        SIGNED_IN="becomeHost updateProfile revokeAllSessions createProperty createBooking"
        " createPromotion createPayoutAccountLink setPayoutRecipient linkIdentity"
        " acceptCoHostInvitation requestDataExport deleteAccount cancelAccountDeletion"
        " createWishlist recordPropertyView clearViewHistory setViewHistory saveSearch",
        OWN="revokeSession renamePasskey deletePasskey unlinkIdentity renameWishlist deleteWishlist"
        " endPromotion shareWishlist unshareWishlist saveProperty unsaveProperty"
        " updateSavedSearch deleteSavedSearch",
        HOST="inviteCoHost updateCoHost removeCoHost deleteProperty duplicateProperty",
        HOST_ALL="updateProperty setPropertyTaxes publishProperty unpublishProperty snoozeProperty"
        " archiveProperty acceptBooking declineBooking createPhotoUploads completePhotoUploads"
        " updatePhoto reorderPhotos deletePhoto",
        HOST_CALENDAR="updateCalendar rotateCalendarFeed addCalendarImport removeCalendarImport"
        " syncCalendarImport",
        CO_HOST="leaveCoHosting",
        GUEST="createReview",
        ENDING="cancelBooking",
        SIDES="proposeAlteration",
        OTHER_SIDE="acceptAlteration declineAlteration",
        PROPOSER="withdrawAlteration",
        STAFF="staffResendVerification staffRevokeSessions staffSuspend staffReinstate",
        ADMIN="staffChangeRole staffCreatePromotion staffEndPromotion staffWaiveCancellationFee"
        " staffReconcile staffReleasePayouts staffBookDifference",
    ),
    "Subscription": _table(PARTIES="bookingStatusChanged", HOST="hostBookingsChanged"),
    "User": _table(
        OPEN="id username firstName bio languages verifiedBadges reviewCount averageRating reviews"
        " responseRate hostCancellations pictureUrl isHost hostSince createdAt properties",
        OWN="lastName email emailVerified timezone currency phone hostDetails bookings"
        " hostedBookings documents hostStatement hostStatementMonths coHosting payoutAccount"
        " payoutAccounts payouts upcomingPayouts promotions"
        " sessions"
        " signInEvents role staffActions passkeys secondFactor hasPassword identities dataExports"
        " deletionScheduledAt wishlists recentlyViewed keepsViewHistory savedSearches",
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
    "StaffReconciliation": _table(ADMIN="walks holds differences"),
    "Reconciliation": _table(
        ADMIN="provider since until step lookedAt startedAt finishedAt",
    ),
    "HeldPayouts": _table(ADMIN="provider drift differences"),
    "Difference": _table(
        ADMIN="id provider subject kind key objectId ours theirs drift firstSeenAt lastSeenAt"
        " resolvedAt resolution releasedAt releaseReason failureCode",
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
        OPEN="id status title description language translations type roomType houseRules"
        " checkInMethod pricePerNight weekendPricePerNight cleaningFee"
        " petFee extraGuestFee guestsIncluded monthlyDiscountPercent weeklyDiscountPercent"
        " earlyBirdDays earlyBirdDiscountPercent lastMinuteDays lastMinuteDiscountPercent amenities"
        " averageRating reviewCount maxGuests bedrooms beds bathrooms petsAllowed instantBook"
        " cancellationPolicy minNights maxNights advanceNoticeHours preparationDays"
        " bookingWindowDays checkInTime checkOutTime timezone version createdAt updatedAt location"
        " host coHosts photos checkInWeekdays checkOutWeekdays availability reviews paymentMethods"
        " taxes isSaved savedIn",
        HOST="coHostTeam",
        STAYING="checkInGuide",
        HOST_ALL="bookings photoUploads snoozedUntil",
        HOST_CALENDAR="calendarExchange pricePreview",
        HOST_ANY="stays",
    ),
    "HouseRules": _table(
        OPEN="smokingAllowed partiesAllowed suitableForChildren quietFrom quietTo additionalRules"
    ),
    "CheckInGuide": _table(STAYING="instructions accessCode wifiName wifiPassword"),
    "PropertyTranslation": _table(OPEN="language title description"),
    "AmenityCategory": _table(OPEN="group title amenities"),
    "CataloguedAmenity": _table(OPEN="amenity title"),
    "MissingField": _table(OPEN="field message"),
    "Location": _table(
        OPEN="city region country latitude longitude isExact", STAYING="address unit postalCode"
    ),
    "CoHost": _table(
        HOST_OR_CO_HOST="id property user email rights invitedAt expiresAt acceptedAt"
    ),
    "HostedStay": _table(HOST_ANY="checkIn checkOut status guests guest"),
    "CalendarExchange": _table(HOST_CALENDAR="feedUrl imports"),
    "CalendarImport": _table(HOST_CALENDAR="id name url syncedAt failure log conflicts"),
    "CalendarSync": _table(HOST_CALENDAR="finishedAt failure added removed"),
    "CalendarConflict": _table(HOST_ALL="booking", HOST_CALENDAR="startsOn endsOn summary"),
    "Wishlist": _table(OWN="id name shareToken shareUrl createdAt items"),
    "WishlistItem": _table(OWN="id property note checkIn checkOut guests addedAt"),
    "SavedSearch": _table(OWN="id name filter emailAlerts createdAt"),
    # Whoever has the list's token.
    "SharedWishlist": _table(OPEN="name ownerFirstName items"),
    "SharedWishlistItem": _table(OPEN="property addedAt"),
    "ViewedProperty": _table(OWN="property viewedAt"),
    "Place": _table(OPEN="id name region country countryName latitude longitude population area"),
    "PricePreview": _table(HOST_CALENDAR="nights stays"),
    "PreviewNight": _table(HOST_CALENDAR="date price source"),
    "PreviewStay": _table(HOST_CALENDAR="checkOut nightCount lineItems total hostPayout"),
    "PropertyTax": _table(
        OPEN="name rateBasisPoints amountPerGuestNight maxNights longStaysExempt"
    ),
    "Promotion": _table(
        OWN_OR_ADMIN="id code isPlatforms percent amount properties minAmount minNights maxUses"
        " maxUsesPerGuest staysFrom staysTo bookingsFrom bookingsTo uses endedAt createdAt",
    ),
    "PropertySearchSummary": _table(
        OPEN="totalCount propertyTypes amenities instantBookCount freeCancellationCount"
        " priceHistogram clusters"
    ),
    "PropertyTypeCount": _table(OPEN="value count"),
    "AmenityCount": _table(OPEN="value count"),
    "PriceBucket": _table(OPEN="from to count"),
    "MapCluster": _table(OPEN="count latitude longitude"),
    "Photo": _table(OPEN="id caption width height url placeholder"),
    "PhotoUpload": _table(HOST_ALL="id status failure createdAt photo"),
    "PhotoUploadRequest": _table(HOST_ALL="upload uploadUrl method headers expiresAt"),
    "RequestHeader": _table(OPEN="name value"),
    "AvailabilityNight": _table(
        OPEN="date available canCheckIn canCheckOut minNights price whyNot"
    ),
    "Quote": _table(
        OPEN="checkIn checkOut nightCount guests lineItems subtotal total averagePerNight property"
    ),
    # The place itself only to whom it is open.
    "Review": _table(OPEN="id rating comment createdAt author property"),
    "Booking": _table(
        PARTIES="id status version checkIn checkOut nights checkInAt checkOutAt guests message"
        " totalPrice cancellationPolicy expiresAt confirmedAt cancelledAt cancelledBy"
        " cancellationReason createdAt property guest host lineItems payment history review"
        " availableActions alterations alterationPreview documents",
        ENDING="cancellationPreview",
        HOST="hostPayout hostCancellation hostStatement",
    ),
    "BookingAlteration": _table(
        PARTIES="id booking status proposedBy message checkIn checkOut nights guests previous"
        " lineItems totalPrice difference payment expiresAt createdAt settledAt",
        HOST="hostPayoutDifference",
    ),
    "AlterationPrevious": _table(PARTIES="checkIn checkOut guests totalPrice"),
    "AlterationPreview": _table(PARTIES="quote difference", HOST="hostPayoutDifference"),
    "BookingHistoryEntry": _table(
        PARTIES="version status previousStatus actor reason alteration alterationStatus at"
    ),
    "BookingStatusUpdate": _table(
        PARTIES="booking version status previousStatus alteration alterationStatus occurredAt"
    ),
    "CancellationPreview": _table(
        PARTIES="refund lineItems isEarlyDeparture nights", HOST_ALL="hostFee"
    ),
    "HostCancellation": _table(HOST="fee cancelledAt waivedAt"),
    "Payment": _table(
        PARTIES="id status method provider amount refundedAmount paidAt disputes",
        GUEST="clientSecret publishableKey redirectUrl",
        GUEST_OR_STAFF="failureCode",
    ),
    "Dispute": _table(PARTIES="status amount reason evidenceDueAt openedAt settledAt"),
    "HostAmounts": _table(OPEN="earnings fees refunds adjustments payouts total"),
    "HostStatement": _table(
        OWN="month currency openingBalance closingBalance inTransit amounts bookings csvUrl"
    ),
    "HostStatementBooking": _table(OWN="booking amounts"),
    "HostStatementMonth": _table(OWN="month currency"),
    "HostBookingStatement": _table(HOST="amounts lines csvUrl"),
    "HostStatementLine": _table(HOST="kind occurredAt amounts"),
    "RevenueReport": _table(ADMIN="rows csvUrl"),
    "RevenueReportRow": _table(
        ADMIN="month currency guestFees hostFees other promotions providerFees disputeLosses net"
    ),
    "TaxReport": _table(ADMIN="rows csvUrl"),
    "TaxReportEntry": _table(
        ADMIN="month currency country region name collected refunded lost net"
    ),
    "Document": _table(OWN="id kind number issuedAt total lineItems booking corrects pdfUrl"),
    "Payout": _table(
        OWN="id amount status failureCode advice nextAttemptAt createdAt paidAt items"
    ),
    "PayoutAdvice": _table(OWN="step message"),
    "UpcomingPayout": _table(
        OWN="currency provider due outstanding minimum hold advice expectedAt items"
    ),
    "UpcomingPayoutItem": _table(OWN="booking amount dueAt isDisputed"),
    "HostDebt": _table(ADMIN="host amount since ageDays"),
    "PayoutItem": _table(OWN="amount booking"),
    "PayoutAccount": _table(
        OWN="id provider status currency label requirements requirementsDueBy stop advice"
    ),
    "PayoutRequirement": _table(OWN="kind code state problem"),
    "PayoutInstitution": _table(SIGNED_IN="code name"),
    # Values: as visible as what they are part of.
    "BookingOption": _table(OPEN="action isAvailable obstacle until"),
    "Area": _table(OPEN="north south east west"),
    "Guests": _table(OPEN="adults children infants pets"),
    "LineItem": _table(OPEN="kind description quantity unitAmount amount"),
    "Money": _table(OPEN="amount currency converted"),
    "ConvertedMoney": _table(OPEN="amount currency asOf"),
    "PageInfo": _table(OPEN="hasNextPage hasPreviousPage startCursor endCursor"),
}

# Lists have these fields and no others; their nodes are objects of their own.
CONNECTION = {"pageInfo", "totalCount", "edges"}
EDGE = {"cursor", "node"}
# The price of the stay that was searched for.
EDGES_WITH_QUOTE = {"PropertyEdge"}
