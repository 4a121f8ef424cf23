"""Searches by price and on the map read as much of an index as a page needs."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

PUBLISHED = sa.text("status = 'PUBLISHED'")
BEFORE, LEVELS = (15, 12, 9, 6), (15, 13, 11, 8, 5)
PRICES = ("currency", "base_price_minor", "lowest_night_minor", "cleaning_fee_minor")
# Numeric: a price times ten thousand may be more than a bigint holds.
LOWEST_NIGHT = (
    "div(least(base_price_minor, weekend_price_minor, lowest_set_minor)::numeric"
    " * (10000 - greatest(monthly_discount_bp, weekly_discount_bp, early_bird_discount_bp,"
    " last_minute_discount_bp)), 10000)::bigint"
)
# Locked in order first, and read in a statement of its own then: of two who set prices of one
# property at once, the second sees what the first has set.
NOTE = """
CREATE FUNCTION note_lowest_set() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM public.properties WHERE id IN (SELECT property_id FROM changed)
  ORDER BY id FOR NO KEY UPDATE;
  UPDATE public.properties SET lowest_set_minor = lowest.minor
  FROM (
    SELECT each.property_id, (
      SELECT min(night.price_minor) FROM public.calendar_nights AS night
      WHERE night.property_id = each.property_id) AS minor
    FROM (SELECT DISTINCT property_id FROM changed) AS each) AS lowest
  WHERE id = lowest.property_id AND lowest_set_minor IS DISTINCT FROM lowest.minor;
  RETURN NULL;
END $$
"""
NOTED = """
CREATE TRIGGER calendar_nights_lowest_{event} AFTER {event} ON calendar_nights
REFERENCING {which} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_lowest_set()
"""
EVENTS = {"insert": "NEW", "update": "NEW", "delete": "OLD"}
SET_ALREADY = """
UPDATE properties SET lowest_set_minor = lowest.minor
FROM (
  SELECT property_id, min(price_minor) AS minor FROM calendar_nights GROUP BY property_id
) AS lowest WHERE id = lowest.property_id AND lowest.minor IS NOT NULL
"""
# Searches that were kept while amounts were compared as they stand: people thought in their own.
SAY_CURRENCY = """
UPDATE saved_searches SET wanted = wanted || said.currency, asked = asked || said.currency
FROM (
  SELECT id, jsonb_build_object('currency', coalesce(currency, 'EUR')) AS currency FROM users
) AS said
WHERE said.id = user_id AND NOT wanted ? 'currency'
  AND wanted ?| ARRAY['min_price_minor', 'max_price_minor', 'min_total_minor', 'max_total_minor']
"""
SAY_NONE = "UPDATE saved_searches SET wanted = wanted - 'currency', asked = asked - 'currency'"


def upgrade() -> None:
    op.execute(SAY_CURRENCY)
    op.add_column("properties", sa.Column("lowest_set_minor", sa.BigInteger(), nullable=True))
    op.execute(SET_ALREADY)
    op.add_column(
        "properties",
        sa.Column(
            "lowest_night_minor",
            sa.BigInteger(),
            sa.Computed(LOWEST_NIGHT, persisted=True),
            nullable=True,
        ),
    )
    op.execute(NOTE)
    for event, which in EVENTS.items():
        op.execute(NOTED.format(event=event, which=which))
    for name in ("city", "price", *(f"cell_{level}" for level in BEFORE)):
        op.drop_index(f"properties_{name}_idx", table_name="properties")
    _index("city", sa.text("searchable(city)"), *RANK, including=["city", *PRICES])
    for level in LEVELS:
        point = ["map_cell", "public_latitude", "public_longitude"]
        _index(f"cell_{level}", _cell(level), *RANK, including=[*point, *PRICES])
    price = ["base_price_minor", "cleaning_fee_minor"]
    _index("price", "currency", "lowest_night_minor", "id", including=price)


def downgrade() -> None:
    op.execute(SAY_NONE)
    for name in ("price", "city", *(f"cell_{level}" for level in LEVELS)):
        op.drop_index(f"properties_{name}_idx", table_name="properties")
    for level in BEFORE:
        _index(f"cell_{level}", _cell(level), *RANK)
    _index("city", sa.text("searchable(city)"), *RANK)
    _index("price", "base_price_minor", "id")
    for event in EVENTS:
        op.execute(f"DROP TRIGGER calendar_nights_lowest_{event} ON calendar_nights")
    op.execute("DROP FUNCTION note_lowest_set()")
    op.drop_column("properties", "lowest_night_minor")
    op.drop_column("properties", "lowest_set_minor")


RANK = ("recommendation", "id")


def _cell(level: int) -> sa.TextClause:
    return sa.text(f"(map_cell >> {2 * (15 - level)})")


def _index(name: str, *columns: object, including: list[str] | None = None) -> None:
    op.create_index(
        f"properties_{name}_idx",
        "properties",
        list(columns),  # type: ignore[arg-type]
        postgresql_include=including or [],
        postgresql_where=PUBLISHED,
    )
