"""The operations of the apps, as they would be written for Apollo."""

CREATE_PROPERTY = """
mutation CreateProperty($input: CreatePropertyInput!) {
  createProperty(input: $input) {
    __typename
    ... on CreatePropertySuccess { property { id status } }
    ... on Error { code message }
  }
}
"""

CREATE_PHOTO_UPLOADS = """
mutation CreatePhotoUploads($propertyId: ID!, $files: [PhotoFileInput!]!) {
  createPhotoUploads(input: { propertyId: $propertyId, files: $files }) {
    __typename
    ... on CreatePhotoUploadsSuccess {
      requests { upload { id status } uploadUrl method headers { name value } expiresAt }
    }
    ... on Error { code message }
  }
}
"""

COMPLETE_PHOTO_UPLOADS = """
mutation CompletePhotoUploads($ids: [ID!]!) {
  completePhotoUploads(input: { uploadIds: $ids }) {
    __typename
    ... on CompletePhotoUploadsSuccess { uploads { id status } property { id } }
    ... on Error { code message }
  }
}
"""

PHOTO_UPLOAD = """
query PhotoUpload($id: ID!) {
  node(id: $id) { ... on PhotoUpload { id failure photo { id url placeholder } } }
}
"""

PUBLISH = """
mutation Publish($id: ID!) {
  publishProperty(input: { propertyId: $id }) {
    __typename
    ... on PublishPropertySuccess { property { id status } }
    ... on Error { code message }
    ... on PropertyIncompleteError { missing { field message } }
  }
}
"""

HOST_TERMS = "query HostTerms { hostTermsVersion }"

BECOME_HOST = """
mutation BecomeHost($input: BecomeHostInput!) {
  becomeHost(input: $input) {
    __typename
    ... on BecomeHostSuccess { user { isHost hostSince phone hostDetails { legalName agreedAt } } }
    ... on Error { code message }
    ... on InvalidInputError { field }
  }
}
"""

SEARCH = """
query Search($filter: PropertyFilter!, $first: Int! = 20) {
  searchProperties(filter: $filter, first: $first) {
    totalCount
    edges {
      node { id title averageRating host { firstName } photos { url } }
      quote { total { amount currency } }
    }
  }
}
"""

QUOTE = """
query Quote($input: QuoteInput!) {
  quote(input: $input) {
    __typename
    ... on Quote {
      nightCount
      lineItems { kind description quantity amount { amount } }
      total { amount currency }
    }
    ... on Error { code message }
  }
}
"""

CREATE_BOOKING = """
mutation Book($input: CreateBookingInput!) {
  createBooking(input: $input) {
    __typename
    ... on CreateBookingSuccess {
      booking { id status version totalPrice { amount currency } }
      payment { id status clientSecret redirectUrl publishableKey }
    }
    ... on Error { code message }
    ... on DatesUnavailableError { nights }
    ... on PriceChangedError { quote { total { amount currency } } }
    ... on StayNotAllowedError { reason }
  }
}
"""

BOOKING = """
query Booking($id: ID!) {
  booking(id: $id) {
    id status version checkIn checkOut nights
    totalPrice { amount currency }
    lineItems { kind amount { amount } }
    guest { firstName }
    property { id title location { address isExact } }
    payment { status amount { amount } refundedAmount { amount } clientSecret }
    history { version status at }
    cancellationPreview { refund { amount } }
  }
}
"""

ACCEPT = """
mutation Accept($id: ID!) {
  acceptBooking(input: { bookingId: $id }) {
    __typename
    ... on AcceptBookingSuccess { booking { id status } }
    ... on Error { code message }
  }
}
"""

DECLINE = """
mutation Decline($id: ID!) {
  declineBooking(input: { bookingId: $id, reason: "Renovating" }) {
    __typename
    ... on DeclineBookingSuccess { booking { id status } }
    ... on Error { code message }
  }
}
"""

CANCEL = """
mutation Cancel($id: ID!) {
  cancelBooking(input: { bookingId: $id, reason: "Plans changed" }) {
    __typename
    ... on CancelBookingSuccess { booking { id status } refund { amount } }
    ... on Error { code message }
  }
}
"""

REVIEW = """
mutation Review($id: ID!) {
  createReview(input: { bookingId: $id, rating: 5, comment: "Bright, quiet, kind hosts." }) {
    __typename
    ... on CreateReviewSuccess { review { id rating property { averageRating reviewCount } } }
    ... on Error { code message }
  }
}
"""

WATCH = """
subscription Watch($id: ID!) {
  bookingStatusChanged(bookingId: $id) {
    version previousStatus occurredAt booking { id status }
  }
}
"""

WATCH_HOST = """
subscription WatchHost {
  hostBookingsChanged { version previousStatus booking { id status guest { firstName } } }
}
"""

PAYOUTS = """
query Payouts {
  viewer { payouts(first: 10) { edges { node { status amount { amount currency } } } } }
}
"""
