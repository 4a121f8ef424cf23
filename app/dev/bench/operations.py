"""The GraphQL operations that are measured: what the screens of a client ask for."""

SEARCH = """
query Search($area: AreaInput!, $checkIn: Date!, $checkOut: Date!) {
  searchProperties(
    filter: {area: $area, checkIn: $checkIn, checkOut: $checkOut, guests: {adults: 2}}
    first: 20
  ) {
    edges {
      cursor
      quote { total { amount currency } }
      node {
        id title type averageRating reviewCount maxGuests bedrooms instantBook
        location { city country latitude longitude }
        pricePerNight { amount currency }
        host { id firstName pictureUrl }
        photos { id url width height }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""

PROPERTY = """
query Property($id: ID!, $from: Date!, $to: Date!) {
  property(id: $id) {
    id title description type amenities averageRating reviewCount
    maxGuests bedrooms beds bathrooms instantBook cancellationPolicy
    checkInTime checkOutTime timezone
    location { city region country latitude longitude isExact }
    pricePerNight { amount currency }
    cleaningFee { amount currency }
    host { id firstName bio pictureUrl hostSince }
    photos { id url caption width height }
    reviews(first: 10) {
      edges { node { id rating comment createdAt author { id firstName pictureUrl } } }
      pageInfo { hasNextPage endCursor }
    }
    availability(from: $from, to: $to) {
      date available canCheckIn canCheckOut minNights price { amount currency }
    }
  }
}"""

TRIPS = """
query Trips {
  viewer {
    id
    bookings(first: 20) {
      edges {
        node {
          id status version checkIn checkOut nights
          totalPrice { amount currency }
          property { id title location { city country } photos { id url } }
          payment { id status amount { amount currency } paidAt }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""

BOOK = """
mutation Book($input: CreateBookingInput!) {
  createBooking(input: $input) {
    __typename
    ... on CreateBookingSuccess {
      booking { id status version totalPrice { amount currency } }
      payment { id status clientSecret redirectUrl }
    }
    ... on Error { code message }
  }
}"""

# 250 properties in five lists, as many at once as the API gives, with 50 nights each.
CALENDARS = """
query Calendars(
  $a: [ID!]!, $b: [ID!]!, $c: [ID!]!, $d: [ID!]!, $e: [ID!]!, $from: Date!, $to: Date!
) {
  a: nodes(ids: $a) { ...Calendar }
  b: nodes(ids: $b) { ...Calendar }
  c: nodes(ids: $c) { ...Calendar }
  d: nodes(ids: $d) { ...Calendar }
  e: nodes(ids: $e) { ...Calendar }
}
fragment Calendar on Property {
  id title
  availability(from: $from, to: $to) {
    date available canCheckIn canCheckOut minNights price { amount currency }
  }
}"""
