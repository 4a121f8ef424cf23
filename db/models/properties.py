"""Properties: what hosts let."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    Time,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Currency, Key, Minor, one_of
from db.enums import (
    CancellationPolicy,
    CheckInMethod,
    PhotoFailure,
    PhotoUploadStatus,
    PropertyStatus,
    PropertyType,
    RoomType,
    TaxKind,
)

ALL_WEEKDAYS = 0b1111111
PUBLISHED = text("status = 'PUBLISHED'")
RECOMMENDATION = (
    # The average rating as if ten more guests had given 4.4: one happy guest does not beat many.
    "(rating_sum * 1000 + 44000) / (review_count + 10)"
    # How much is known of it.
    " + 4 * least(review_count, 50)"
    # What is new has to be seen before it can be judged.
    " + 150 / (review_count + 1)"
    # What the host tells, and offers.
    " + 2 * least(length(description) / 10, 30)"
    " + 5 * least(cardinality(amenities), 10)"
    " + 50 * instant_book::int"
)
# A night without a price of its own costs one of the first two.
LOWEST_NIGHT = (
    "div(least(base_price_minor, weekend_price_minor, lowest_set_minor)::numeric"
    " * (10000 - greatest(monthly_discount_bp, weekly_discount_bp, early_bird_discount_bp,"
    " last_minute_discount_bp)), 10000)::bigint"
)
PRICES = ("currency", "base_price_minor", "lowest_night_minor", "cleaning_fee_minor")


class Property(Base):
    """One let place. Amounts are minor units of `currency`; rates are basis points."""

    __tablename__ = "properties"
    __table_args__ = (
        one_of("status", PropertyStatus),
        one_of("type", PropertyType),
        one_of("room_type", RoomType),
        one_of("check_in_method", CheckInMethod),
        # Of a suspended one: it goes on sleeping when it comes back.
        CheckConstraint(
            "CASE status WHEN 'SNOOZED' THEN snoozed_until IS NOT NULL"
            " WHEN 'SUSPENDED' THEN true ELSE snoozed_until IS NULL END",
            name="snoozed_until",
        ),
        CheckConstraint("num_nulls(quiet_from, quiet_to) IN (0, 2)", name="quiet_hours"),
        Index(
            "properties_snoozed_idx",
            "snoozed_until",
            postgresql_where=text("status = 'SNOOZED'"),
        ),
        one_of("cancellation_policy", CancellationPolicy),
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        CheckConstraint("max_guests BETWEEN 1 AND 50", name="max_guests"),
        CheckConstraint("guests_included BETWEEN 1 AND max_guests", name="guests_included"),
        CheckConstraint("bedrooms >= 0 AND beds >= 0 AND bathrooms >= 0", name="rooms"),
        CheckConstraint(
            "base_price_minor > 0 AND weekend_price_minor > 0 AND cleaning_fee_minor >= 0"
            " AND pet_fee_minor >= 0 AND extra_guest_fee_minor >= 0",
            name="prices",
        ),
        CheckConstraint(
            "monthly_discount_bp BETWEEN 0 AND 9900 AND weekly_discount_bp BETWEEN 0 AND 9900"
            " AND early_bird_discount_bp BETWEEN 0 AND 9900"
            " AND last_minute_discount_bp BETWEEN 0 AND 9900",
            name="discounts",
        ),
        CheckConstraint("min_nights BETWEEN 1 AND max_nights AND max_nights <= 365", name="nights"),
        CheckConstraint(
            "advance_notice_hours BETWEEN 0 AND 720 AND preparation_days BETWEEN 0 AND 14"
            " AND booking_window_days BETWEEN 1 AND 730",
            name="booking_terms",
        ),
        CheckConstraint(
            "check_in_weekdays BETWEEN 1 AND 127 AND check_out_weekdays BETWEEN 1 AND 127",
            name="weekdays",
        ),
        CheckConstraint("review_count >= 0 AND rating_sum >= review_count", name="rating"),
        # An unknown zone is refused when it is written: it would fail every search with dates.
        CheckConstraint(
            "timezone IS NULL OR timezone(timezone, timestamptz '2000-01-01 00:00Z') IS NOT NULL",
            name="timezone",
        ),
        # A draft may lack anything; what has been published once lacks none of this any more.
        CheckConstraint(
            "published_at IS NULL OR (type IS NOT NULL AND latitude IS NOT NULL"
            " AND base_price_minor IS NOT NULL)",
            name="complete",
        ),
        CheckConstraint(
            "num_nulls(latitude, longitude, public_latitude, public_longitude, timezone) IN (0, 5)",
            name="location",
        ),
        # What is published has a place in the order of the newest.
        CheckConstraint("status <> 'PUBLISHED' OR published_at IS NOT NULL", name="published_at"),
        Index(None, "host_id", "id"),
        # A map search by cells of several sizes, each in the order of recommendation. Of the public
        # points: a box must not tell more than a place's page does. See app.search.cells. What
        # boxes and orders by price look at is in the index: nothing else is read of other places.
        *(
            Index(
                f"properties_cell_{level}_idx",
                text(f"(map_cell >> {2 * (15 - level)})"),
                "recommendation",
                "id",
                postgresql_include=["map_cell", "public_latitude", "public_longitude", *PRICES],
                postgresql_where=PUBLISHED,
            )
            for level in (15, 13, 11, 8, 5)
        ),
        Index(
            "properties_city_idx",
            text("searchable(city)"),
            "recommendation",
            "id",
            postgresql_include=["city", *PRICES],
            postgresql_where=PUBLISHED,
        ),
        # By distance: the nearest first.
        Index(
            "properties_near_idx",
            text("map_point(public_latitude, public_longitude)"),
            postgresql_using="gist",
            postgresql_where=PUBLISHED,
        ),
        # The orders of a search without a place: read until the page is full.
        *(
            Index(f"properties_{name}_idx", column, "id", postgresql_where=PUBLISHED)
            for name, column in (
                ("recommendation", "recommendation"),
                ("rating", "average_rating_milli"),
                ("newest", "published_at"),
            )
        ),
        Index(
            "properties_price_idx",
            *("currency", "lowest_night_minor", "id"),
            postgresql_include=["base_price_minor", "cleaning_fee_minor"],
            postgresql_where=PUBLISHED,
        ),
        Index(
            "properties_text_idx",
            "search_vector",
            postgresql_using="gin",
            postgresql_where=PUBLISHED,
        ),
    )

    id: Mapped[Key]
    host_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str] = mapped_column(server_default=PropertyStatus.DRAFT)
    title: Mapped[str] = mapped_column(server_default="")
    description: Mapped[str] = mapped_column(server_default="")
    type: Mapped[str | None]
    room_type: Mapped[str] = mapped_column(server_default=RoomType.ENTIRE_PLACE)
    # Of title and description; others are in property_translations.
    language: Mapped[str] = mapped_column(server_default="en")
    # The date there on which it is published again.
    snoozed_until: Mapped[date | None]
    # Location. The exact point and address are private; the public point is a stable blur. All
    # points and the time zone, or none of them: a draft may not say yet where it is.
    address: Mapped[str] = mapped_column(server_default="")
    unit: Mapped[str] = mapped_column(server_default="")
    postal_code: Mapped[str] = mapped_column(server_default="")
    city: Mapped[str] = mapped_column(server_default="")
    region: Mapped[str] = mapped_column(server_default="")
    country: Mapped[str] = mapped_column(server_default="")
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    public_latitude: Mapped[float | None] = mapped_column(Double)
    public_longitude: Mapped[float | None] = mapped_column(Double)
    timezone: Mapped[str | None]
    check_in_time: Mapped[time] = mapped_column(Time, server_default=text("'15:00'"))
    check_out_time: Mapped[time] = mapped_column(Time, server_default=text("'11:00'"))
    # The cell of the public point, of the finest level.
    map_cell: Mapped[int | None] = mapped_column(
        Integer, Computed("map_cell(public_latitude, public_longitude)", persisted=True)
    )
    # Its words, in small letters and without accents. A trigger puts new ones into search_words.
    search_vector: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed("search_vector(title || ' ' || city || ' ' || description)", persisted=True),
    )
    # Room
    max_guests: Mapped[int] = mapped_column(SmallInteger, server_default="2")
    bedrooms: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    beds: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    bathrooms: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    pets_allowed: Mapped[bool] = mapped_column(server_default=text("false"))
    amenities: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    # House rules
    smoking_allowed: Mapped[bool] = mapped_column(server_default=text("false"))
    parties_allowed: Mapped[bool] = mapped_column(server_default=text("false"))
    suitable_for_children: Mapped[bool] = mapped_column(server_default=text("true"))
    quiet_from: Mapped[time | None] = mapped_column(Time)
    quiet_to: Mapped[time | None] = mapped_column(Time)
    additional_rules: Mapped[str] = mapped_column(server_default="")
    check_in_method: Mapped[str | None]
    # Terms
    instant_book: Mapped[bool] = mapped_column(server_default=text("true"))
    cancellation_policy: Mapped[str] = mapped_column(server_default=CancellationPolicy.FLEXIBLE)
    min_nights: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    max_nights: Mapped[int] = mapped_column(SmallInteger, server_default="365")
    advance_notice_hours: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    preparation_days: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    booking_window_days: Mapped[int] = mapped_column(SmallInteger, server_default="365")
    # Bit 0 is Monday.
    check_in_weekdays: Mapped[int] = mapped_column(SmallInteger, server_default=str(ALL_WEEKDAYS))
    check_out_weekdays: Mapped[int] = mapped_column(SmallInteger, server_default=str(ALL_WEEKDAYS))
    # Price
    currency: Mapped[Currency]
    base_price_minor: Mapped[Minor | None]
    weekend_price_minor: Mapped[Minor | None]
    cleaning_fee_minor: Mapped[Minor] = mapped_column(server_default="0")
    pet_fee_minor: Mapped[Minor] = mapped_column(server_default="0")
    guests_included: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    # Per guest above the included number, per night.
    extra_guest_fee_minor: Mapped[Minor] = mapped_column(server_default="0")
    # The lowest that is set for a night; triggers on calendar_nights keep it.
    lowest_set_minor: Mapped[Minor | None]
    # What a night costs at least, whichever it is and whichever discount is granted.
    lowest_night_minor: Mapped[Minor | None] = mapped_column(
        BigInteger, Computed(LOWEST_NIGHT, persisted=True)
    )
    monthly_discount_bp: Mapped[int] = mapped_column(Integer, server_default="0")
    weekly_discount_bp: Mapped[int] = mapped_column(Integer, server_default="0")
    early_bird_days: Mapped[int | None] = mapped_column(SmallInteger)
    early_bird_discount_bp: Mapped[int] = mapped_column(Integer, server_default="0")
    last_minute_days: Mapped[int | None] = mapped_column(SmallInteger)
    last_minute_discount_bp: Mapped[int] = mapped_column(Integer, server_default="0")
    # Kept in the transaction that publishes a review.
    rating_sum: Mapped[int] = mapped_column(Integer, server_default="0")
    review_count: Mapped[int] = mapped_column(Integer, server_default="0")
    # In thousandths; 0 without reviews.
    average_rating_milli: Mapped[int] = mapped_column(
        Integer, Computed("rating_sum * 1000 / greatest(review_count, 1)", persisted=True)
    )
    # A score of 1,000 to some 5,600: docs/decisions/0067.
    recommendation: Mapped[int] = mapped_column(Integer, Computed(RECOMMENDATION, persisted=True))
    # Grows by one with every edit by the host.
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None]


class PropertyPhoto(Base):
    """A picture of a property, in the host's order."""

    __tablename__ = "property_photos"
    __table_args__ = (
        UniqueConstraint("property_id", "position", deferrable=True, initially="DEFERRED"),
        CheckConstraint("width > 0 AND height > 0", name="size"),
        # Whether an uploaded photo's files are still shown.
        Index(
            "property_photos_uploaded_idx",
            "url",
            postgresql_where=text("url LIKE '/media/photos/%'"),
        ),
    )

    id: Mapped[Key]
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(SmallInteger)
    # An absolute URL, or a path under the API's public address.
    url: Mapped[str]
    caption: Mapped[str] = mapped_column(server_default="")
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    # A BlurHash; of what was not uploaded here there is none.
    placeholder: Mapped[str | None]


class PropertyPhotoUpload(Base):
    """A file that a host sends, until it has become a photo with the same key."""

    __tablename__ = "property_photo_uploads"
    __table_args__ = (
        one_of("status", PhotoUploadStatus),
        one_of("failure", PhotoFailure),
        CheckConstraint("(status = 'FAILED') = (failure IS NOT NULL)", name="failed"),
        CheckConstraint("size > 0", name="size"),
        Index(None, "property_id"),
        Index(None, "forget_at"),
    )

    id: Mapped[Key]
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    # Its place among the photos, unless another has taken it meanwhile.
    position: Mapped[int] = mapped_column(SmallInteger)
    caption: Mapped[str]
    # That of the photo, which nobody can guess. It tells the names of all files.
    url: Mapped[str]
    # In bytes, as announced.
    size: Mapped[int] = mapped_column(Integer)
    status: Mapped[str]
    failure: Mapped[str | None]
    # Until when a file is taken; when the row goes, and whatever files are no photo's.
    expires_at: Mapped[datetime]
    forget_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class PropertyTranslation(Base):
    """A property's words in another language than its own."""

    __tablename__ = "property_translations"

    property_id: Mapped[UUID] = mapped_column(
        ForeignKey("properties.id", ondelete="CASCADE"), primary_key=True
    )
    language: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    description: Mapped[str]


class CheckInGuide(Base):
    """How to get in and online: for guests of a confirmed booking. Apart from the property, so
    that nobody reads it by reading that."""

    __tablename__ = "check_in_guides"

    property_id: Mapped[UUID] = mapped_column(
        ForeignKey("properties.id", ondelete="CASCADE"), primary_key=True
    )
    instructions: Mapped[str] = mapped_column(server_default="")
    access_code: Mapped[str] = mapped_column(server_default="")
    wifi_name: Mapped[str] = mapped_column(server_default="")
    wifi_password: Mapped[str] = mapped_column(server_default="")


class PropertyTax(Base):
    """A tax that the platform collects on stays in a property."""

    __tablename__ = "property_taxes"
    __table_args__ = (
        one_of("kind", TaxKind),
        CheckConstraint(
            "(kind = 'PERCENTAGE') = (rate_bp IS NOT NULL)"
            " AND (kind = 'PER_GUEST_NIGHT') = (amount_minor IS NOT NULL)",
            name="rate_or_amount",
        ),
        CheckConstraint("rate_bp BETWEEN 0 AND 10000 AND amount_minor >= 0", name="bounds"),
        UniqueConstraint("property_id", "name"),
    )

    id: Mapped[Key]
    property_id: Mapped[UUID] = mapped_column(ForeignKey("properties.id", ondelete="CASCADE"))
    name: Mapped[str]
    kind: Mapped[str]
    rate_bp: Mapped[int | None] = mapped_column(Integer)
    amount_minor: Mapped[Minor | None]
    # Only the first so many nights are taxed.
    max_nights: Mapped[int | None] = mapped_column(SmallInteger)
    long_stays_exempt: Mapped[bool] = mapped_column(server_default=text("false"))
