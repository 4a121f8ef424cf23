"""The SQL of the pages. Each statement has one text, so that each connection prepares it once."""

from app.properties.terms import StayTerms, Terms
from app.search import cells

# The terms' columns bear the names of their fields.
PRICE = tuple(
    name for name in Terms.__struct_fields__ if name not in ("taxes", "guest_fee_bp", "host_fee_bp")
)
STAY = StayTerms.__struct_fields__
PRICE_COLUMNS = ", ".join(f"p.{name}" for name in PRICE)
STAY_COLUMNS = ", ".join(f"p.{name}" for name in STAY)


def _nights(start: str, end: str) -> str:
    """The host's settings for nights of `[start, end)`, as JSON; null when there are none."""
    return f"""(SELECT json_agg(json_build_object('night', n.night, 'price_minor', n.price_minor,
      'min_nights', n.min_nights, 'closed', n.closed)) FROM calendar_nights n
      WHERE n.property_id = p.id AND n.night >= {start} AND n.night < {end})"""


# Twice: PostgreSQL takes the second of a local time that the clocks bring twice, we the first.
_LOCAL = "($6::date + p.check_in_time)"
_EARLIER = f"(timezone(p.timezone, {_LOCAL} - interval '6 hours') + interval '6 hours')"
_ARRIVAL = f"""CASE WHEN timezone(p.timezone, {_EARLIER}) = {_LOCAL}
  THEN least({_EARLIER}, timezone(p.timezone, {_LOCAL})) ELSE timezone(p.timezone, {_LOCAL}) END"""
_TODAY = "timezone(p.timezone, $8::timestamptz)::date"

# $1–$4 south, north, west, east; $5 guests; $6, $7 check-in and check-out; $8 now; $9, $10 the
# weekdays' bits; $11 how many; $12 the cells of the map in which the box lies.
_SEARCH = f"""
WITH found AS MATERIALIZED (
  SELECT p.* FROM unnest($12::int[]) AS c (cell) CROSS JOIN LATERAL (
    SELECT p.* FROM properties p
    WHERE p.status = 'PUBLISHED' AND p.map_cell >> {{shift}} = c.cell
      AND p.public_latitude BETWEEN $1 AND $2 AND p.public_longitude BETWEEN $3 AND $4
      AND p.max_guests >= $5
      AND coalesce((SELECT n.min_nights FROM calendar_nights n
        WHERE n.property_id = p.id AND n.night = $6), p.min_nights) <= $7::date - $6::date
      AND p.max_nights >= $7::date - $6::date
      AND p.check_in_weekdays & $9::int <> 0 AND p.check_out_weekdays & $10::int <> 0
      AND $6 >= {_TODAY} AND $6 - {_TODAY} <= p.booking_window_days
      AND (p.advance_notice_hours = 0
        OR {_ARRIVAL} - $8 >= make_interval(hours => p.advance_notice_hours))
      AND NOT EXISTS (SELECT FROM calendar_nights n
        WHERE n.property_id = p.id AND n.night >= $6 AND n.night < $7 AND n.closed)
      AND NOT EXISTS (SELECT FROM occupied_nights o WHERE o.property_id = p.id
        AND o.night >= $6 - p.preparation_days AND o.night < $7 + p.preparation_days
        AND (o.kind <> 'BLOCK' OR o.night >= $6 AND o.night < $7)
        AND (o.hold_expires_at IS NULL OR o.hold_expires_at > $8))
    ORDER BY p.recommendation DESC, p.id DESC LIMIT $11) p
  ORDER BY p.recommendation DESC, p.id DESC LIMIT $11
)
SELECT p.id::text, p.recommendation, p.title, p.type, p.rating_sum, p.review_count, p.max_guests,
  p.bedrooms, p.instant_book, p.city, p.country, p.public_latitude, p.public_longitude, p.timezone,
  u.id::text AS host_id, u.first_name, u.picture_url, {PRICE_COLUMNS},
  (SELECT json_agg(json_build_object('name', t.name, 'kind', t.kind, 'rate_bp', t.rate_bp,
    'amount_minor', t.amount_minor, 'max_nights', t.max_nights,
    'long_stays_exempt', t.long_stays_exempt) ORDER BY t.id)
    FROM property_taxes t WHERE t.property_id = p.id) AS taxes,
  {_nights("$6", "$7")} AS nights
FROM found p JOIN users u ON u.id = p.host_id ORDER BY p.recommendation DESC, p.id DESC"""
# By the level of the cells: each has an index in the order of recommendation.
SEARCH = {level: _SEARCH.format(shift=cells.shift(level)) for level in cells.LEVELS}

# $1 the property, of which everybody may see this; $2, $3 the dates of its calendar.
PROPERTY = f"""
SELECT p.title, p.description, p.type, p.amenities, p.rating_sum, p.review_count, p.bedrooms,
  p.beds, p.bathrooms, p.instant_book, p.cancellation_policy, p.city, p.region, p.country,
  p.public_latitude, p.public_longitude, p.currency, p.base_price_minor, p.weekend_price_minor,
  p.cleaning_fee_minor, {STAY_COLUMNS},
  u.id::text AS host_id, u.first_name, u.bio, u.picture_url, u.host_since_at,
  {_nights("$2", "$3")} AS nights
FROM properties p JOIN users u ON u.id = p.host_id
WHERE p.id = $1 AND p.status = 'PUBLISHED'"""

# $1 the properties; $2, $3 the dates.
CALENDARS = f"""
SELECT p.id::text, p.title, p.currency, p.base_price_minor, p.weekend_price_minor,
  {STAY_COLUMNS}, {_nights("$2", "$3")} AS nights
FROM properties p WHERE p.id = ANY($1::uuid[]) AND p.status = 'PUBLISHED'"""

PHOTOS = """
SELECT property_id::text, id::text, url, caption, width, height FROM property_photos
WHERE property_id = ANY($1::uuid[]) ORDER BY property_id, position"""

REVIEWS = """
SELECT r.id::text, r.rating, r.comment, r.created_at, u.id::text AS author_id, u.first_name,
  u.picture_url
FROM reviews r JOIN users u ON u.id = r.author_id
WHERE r.property_id = $1 ORDER BY r.id DESC LIMIT $2"""

# $1 the properties; $2, $3 the dates, and as many more as anybody prepares for; $4 now.
TAKEN = """
SELECT property_id::text, night, kind FROM occupied_nights
WHERE property_id = ANY($1::uuid[]) AND night >= $2 AND night < $3
  AND (hold_expires_at IS NULL OR hold_expires_at > $4)"""

# $1 the guest, $2 how many.
TRIPS = """
SELECT b.id::text, b.status, b.version, b.check_in, b.check_out, b.total_minor, b.currency,
  p.id::text AS property_id, p.title, p.city, p.country,
  y.id::text AS payment_id, y.status AS payment_status, y.amount_minor,
  y.currency AS payment_currency, y.paid_at
FROM bookings b JOIN properties p ON p.id = b.property_id
LEFT JOIN LATERAL (SELECT * FROM payments y WHERE y.booking_id = b.id
  ORDER BY y.attempt DESC LIMIT 1) y ON true
WHERE b.guest_id = $1 ORDER BY b.id DESC LIMIT $2"""
