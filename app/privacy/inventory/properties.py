"""Properties and their calendars: hosts' homes, often enough."""

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from app.privacy.declaring import PERSON, held, part
from app.privacy.inventory.bookings import public_name
from db.enums import PropertyStatus
from db.models import (
    Booking,
    CalendarFeed,
    CalendarImport,
    CalendarNight,
    CalendarSync,
    CheckInGuide,
    CoHost,
    ImportedStay,
    OccupiedNight,
    Promotion,
    Property,
    PropertyPhoto,
    PropertyPhotoUpload,
    PropertyTax,
    PropertyTranslation,
    SearchChange,
    SearchList,
    SearchWord,
)

TERMS = (
    "type room_type language city region country timezone check_in_time check_out_time max_guests"
    " bedrooms beds bathrooms pets_allowed amenities smoking_allowed parties_allowed"
    " suitable_for_children quiet_from quiet_to check_in_method instant_book cancellation_policy"
    " min_nights max_nights"
    " advance_notice_hours preparation_days booking_window_days check_in_weekdays"
    " check_out_weekdays currency base_price_minor weekend_price_minor cleaning_fee_minor"
    " pet_fee_minor guests_included extra_guest_fee_minor monthly_discount_bp weekly_discount_bp"
    " early_bird_days early_bird_discount_bp last_minute_days last_minute_discount_bp"
    " public_latitude public_longitude rating_sum review_count created_at updated_at published_at"
)

COMPUTED = (
    "search_vector map_cell average_rating_milli recommendation lowest_set_minor lowest_night_minor"
)
PROMOTION = (
    "rate_bp amount_minor currency property_ids max_uses max_uses_per_guest min_nights"
    " min_amount_minor stays_from stays_to bookings_from bookings_to uses ended_at created_at"
)
own_properties = select(Property.id).where(Property.host_id == PERSON)
own_imports = select(CalendarImport.id).where(CalendarImport.property_id.in_(own_properties))


def _theirs_alone() -> ColumnElement[bool]:
    """Words that a person's places have, and no place of anybody else's that can be found."""
    other = aliased(Property)
    said = select(func.unnest(func.tsvector_to_array(Property.search_vector)))
    word = func.plainto_tsquery(literal_column("'simple'::regconfig"), SearchWord.word)
    elsewhere = exists().where(
        other.status == PropertyStatus.PUBLISHED,
        other.host_id != PERSON,
        other.search_vector.bool_op("@@")(word),
    )
    return and_(
        SearchWord.word.in_(said.where(Property.host_id == PERSON)),
        not_(elsewhere.correlate(SearchWord)),
    )


TABLES = (
    held(
        SearchChange,
        hidden={"where something changed, not what": "map_cell changed_in changed_at"},
        kept={"deleted after ten minutes": "map_cell changed_in changed_at"},
    ),
    held(
        SearchList,
        hidden={"which places there were, not who looked": "id property_ids made_at"},
        kept={"deleted after an hour": "id property_ids made_at"},
    ),
    held(
        SearchWord,
        # While their places still say them.
        part(SearchWord, "searchWords", _theirs_alone(), deleted=True),
        hidden={"single words of what is exported": "word"},
    ),
    held(
        Property,
        part(
            Property,
            "properties",
            Property.host_id == PERSON,
            f"id status snoozed_until title description address unit postal_code latitude longitude"
            f" additional_rules {TERMS}",
            erased={
                "status": case(
                    (
                        Property.status.in_([PropertyStatus.PUBLISHED, PropertyStatus.SNOOZED]),
                        PropertyStatus.UNPUBLISHED,
                    ),
                    else_=Property.status,
                ),
                "title": func.concat("A place in ", Property.city),
                "description": "",
                "snoozed_until": None,
                "additional_rules": "",
                "address": "",
                "unit": "",
                "postal_code": "",
                "latitude": Property.public_latitude,
                "longitude": Property.public_longitude,
            },
        ),
        hidden={
            "the person": "host_id",
            "computed from the others": COMPUTED,
            "counts edits": "version",
        },
        kept={
            "where guests have stayed, as strangers knew it": f"id host_id {TERMS} version",
            "computed from the others": COMPUTED,
        },
    ),
    # Before the photos: what is being made of one is not shown any more then.
    held(
        PropertyPhotoUpload,
        part(
            PropertyPhotoUpload,
            "photoUploads",
            PropertyPhotoUpload.property_id.in_(own_properties),
            "id property_id position caption url size status failure expires_at forget_at"
            " created_at",
            deleted=True,
            files="url",
        ),
    ),
    held(
        PropertyPhoto,
        part(
            PropertyPhoto,
            "photos",
            PropertyPhoto.property_id.in_(own_properties),
            "id property_id position url caption width height placeholder",
            deleted=True,
            files="url",
        ),
    ),
    held(
        PropertyTranslation,
        part(
            PropertyTranslation,
            "propertyTranslations",
            PropertyTranslation.property_id.in_(own_properties),
            "property_id language title description",
            deleted=True,
        ),
    ),
    held(
        CheckInGuide,
        part(
            CheckInGuide,
            "checkInGuides",
            CheckInGuide.property_id.in_(own_properties),
            "property_id instructions access_code wifi_name wifi_password",
            deleted=True,
        ),
    ),
    held(
        CoHost,
        part(
            CoHost,
            "coHosts",
            CoHost.property_id.in_(own_properties),
            "id property_id email rights invited_at expires_at accepted_at",
            derived={"co_host": public_name(CoHost.user_id)},
            deleted=True,
        ),
        part(
            CoHost,
            "coHosting",
            CoHost.user_id == PERSON,
            "id property_id rights invited_at accepted_at",
            deleted=True,
        ),
        hidden={"the person, or the other side's public name": "user_id"},
    ),
    held(
        Promotion,
        part(
            Promotion,
            "promotions",
            Promotion.host_id == PERSON,
            f"id code {PROMOTION}",
            erased={
                # Words of the host's, which nobody uses any more.
                "code": cast(Promotion.id, String),
                "ended_at": func.coalesce(Promotion.ended_at, func.now()),
            },
        ),
        hidden={"the person": "host_id"},
        kept={"what guests have paid less by": f"id host_id {PROMOTION}".replace(" ended_at", "")},
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
