"""Properties and their calendars: hosts' homes, often enough."""

from sqlalchemy import case, func, or_, select

from app.privacy.declaring import PERSON, held, part
from db.enums import PropertyStatus
from db.models import (
    Booking,
    CalendarFeed,
    CalendarImport,
    CalendarNight,
    CalendarSync,
    ImportedStay,
    OccupiedNight,
    Property,
    PropertyPhoto,
    PropertyTax,
)

TERMS = (
    "type city region country timezone check_in_time check_out_time max_guests bedrooms beds"
    " bathrooms pets_allowed amenities instant_book cancellation_policy min_nights max_nights"
    " advance_notice_hours preparation_days booking_window_days check_in_weekdays"
    " check_out_weekdays currency base_price_minor weekend_price_minor cleaning_fee_minor"
    " pet_fee_minor guests_included extra_guest_fee_minor monthly_discount_bp weekly_discount_bp"
    " early_bird_days early_bird_discount_bp last_minute_days last_minute_discount_bp"
    " public_latitude public_longitude rating_sum review_count created_at updated_at published_at"
)

own_properties = select(Property.id).where(Property.host_id == PERSON)
own_imports = select(CalendarImport.id).where(CalendarImport.property_id.in_(own_properties))

TABLES = (
    held(
        Property,
        part(
            Property,
            "properties",
            Property.host_id == PERSON,
            f"id status title description address postal_code latitude longitude {TERMS}",
            erased={
                "status": case(
                    (Property.status == PropertyStatus.PUBLISHED, PropertyStatus.UNPUBLISHED),
                    else_=Property.status,
                ),
                "title": func.concat("A place in ", Property.city),
                "description": "",
                "address": "",
                "postal_code": "",
                "latitude": Property.public_latitude,
                "longitude": Property.public_longitude,
            },
        ),
        hidden={
            "the person": "host_id",
            "computed from the others": "search_text average_rating_milli recommendation",
            "counts edits": "version",
        },
        kept={
            "where guests have stayed, as strangers knew it": f"id host_id {TERMS} version",
            "computed from the others": "search_text average_rating_milli recommendation",
        },
    ),
    held(
        PropertyPhoto,
        part(
            PropertyPhoto,
            "photos",
            PropertyPhoto.property_id.in_(own_properties),
            "id property_id position url caption width height",
            deleted=True,
            files="url",
        ),
    ),
    held(
        PropertyTax,
        part(
            PropertyTax,
            "propertyTaxes",
            PropertyTax.property_id.in_(own_properties),
            "id property_id name kind rate_bp amount_minor max_nights long_stays_exempt",
        ),
        kept={
            "the authorities' rules for the place": "id property_id name kind rate_bp amount_minor"
            " max_nights long_stays_exempt",
        },
    ),
    held(
        CalendarNight,
        part(
            CalendarNight,
            "calendar",
            CalendarNight.property_id.in_(own_properties),
            "property_id night price_minor min_nights closed",
            deleted=True,
        ),
    ),
    held(
        OccupiedNight,
        part(
            OccupiedNight,
            "takenNights",
            or_(
                OccupiedNight.property_id.in_(own_properties),
                OccupiedNight.booking_id.in_(select(Booking.id).where(Booking.guest_id == PERSON)),
            ),
            "property_id night kind hold_expires_at",
        ),
        hidden={"the bookings are exported": "booking_id", "see calendarImports": "import_id"},
        kept={
            "which nights the bookings had": "property_id night kind booking_id hold_expires_at",
            "gone with the import": "import_id",
        },
    ),
    held(
        CalendarFeed,
        part(
            CalendarFeed,
            "calendarFeeds",
            CalendarFeed.property_id.in_(own_properties),
            "property_id token created_at",
            deleted=True,
        ),
    ),
    held(
        CalendarImport,
        part(
            CalendarImport,
            "calendarImports",
            CalendarImport.property_id.in_(own_properties),
            "id property_id name url etag last_modified due_at synced_at failure created_at",
            deleted=True,
        ),
    ),
    held(
        ImportedStay,
        part(
            ImportedStay,
            "importedStays",
            ImportedStay.import_id.in_(own_imports),
            "import_id uid starts_on ends_on summary",
            deleted=True,
        ),
    ),
    held(
        CalendarSync,
        part(
            CalendarSync,
            "calendarSyncs",
            CalendarSync.import_id.in_(own_imports),
            "id import_id failure added removed finished_at",
            deleted=True,
        ),
    ),
)
