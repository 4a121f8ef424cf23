"""What the pages answer: the shapes of app.dev.bench.operations, in their order."""

from datetime import date

import msgspec


class Shape(msgspec.Struct, rename="camel", gc=False):
    """An object of an answer; it can be in no cycle."""


class Money(Shape):
    amount: int
    currency: str


class PageInfo(Shape):
    has_next_page: bool
    end_cursor: str | None


class Person(Shape):
    id: str
    first_name: str
    picture_url: str | None


class Quote(Shape):
    total: Money


class FoundPlace(Shape):
    city: str
    country: str
    latitude: float
    longitude: float


class FoundPhoto(Shape):
    id: str
    url: str
    width: int
    height: int


class Found(Shape):
    id: str
    title: str
    type: str
    average_rating: float | None
    review_count: int
    max_guests: int
    bedrooms: int
    instant_book: bool
    location: FoundPlace
    price_per_night: Money
    host: Person
    photos: list[FoundPhoto]


class FoundEdge(Shape):
    cursor: str
    quote: Quote
    node: Found


class Search(Shape):
    edges: list[FoundEdge]
    page_info: PageInfo


class Place(Shape):
    city: str
    region: str
    country: str
    latitude: float
    longitude: float
    is_exact: bool


class Host(Shape):
    id: str
    first_name: str
    bio: str
    picture_url: str | None
    host_since: str | None


class Photo(Shape):
    id: str
    url: str
    caption: str
    width: int
    height: int


class Review(Shape):
    id: str
    rating: int
    comment: str
    created_at: str
    author: Person


class ReviewEdge(Shape):
    node: Review


class Reviews(Shape):
    edges: list[ReviewEdge]
    page_info: PageInfo


class Night(Shape):
    date: date
    available: bool
    can_check_in: bool
    can_check_out: bool
    min_nights: int
    price: Money


class Property(Shape):
    id: str
    title: str
    description: str
    type: str
    amenities: list[str]
    average_rating: float | None
    review_count: int
    max_guests: int
    bedrooms: int
    beds: int
    bathrooms: int
    instant_book: bool
    cancellation_policy: str
    check_in_time: str
    check_out_time: str
    timezone: str
    location: Place
    price_per_night: Money
    cleaning_fee: Money
    host: Host
    photos: list[Photo]
    reviews: Reviews
    availability: list[Night]


class TripPlace(Shape):
    city: str
    country: str


class TripPhoto(Shape):
    id: str
    url: str


class TripProperty(Shape):
    id: str
    title: str
    location: TripPlace
    photos: list[TripPhoto]


class Payment(Shape):
    id: str
    status: str
    amount: Money
    paid_at: str | None


class Trip(Shape):
    id: str
    status: str
    version: int
    check_in: date
    check_out: date
    nights: int
    total_price: Money
    property: TripProperty
    payment: Payment | None


class TripEdge(Shape):
    node: Trip


class Trips(Shape):
    edges: list[TripEdge]
    page_info: PageInfo


class Viewer(Shape):
    id: str
    bookings: Trips


class CalendarOf(Shape):
    id: str
    title: str
    availability: list[Night]
