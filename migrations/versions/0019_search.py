"""Search: texts without accents, cells of the map, a score, and lists by price."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# Trusted extensions: a database's owner may create them, no superuser is needed.
EXTENSIONS = ("unaccent", "cube")
PUBLISHED = sa.text("status = 'PUBLISHED'")
LEVELS = (15, 12, 9, 6)

# `unaccent` depends on a dictionary that somebody could change; nobody does. What is generated and
# indexed needs a function that says so. All names are full: a restore has no search path.
SEARCHABLE = """
CREATE FUNCTION searchable(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT pg_catalog.lower(public.unaccent('public.unaccent'::pg_catalog.regdictionary, $1)) $$
"""
# Fifteen bits each of column and row, interleaved: app/search/cells.py.
MAP_CELL = """
CREATE FUNCTION map_cell(latitude float8, longitude float8) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
  SELECT s4 | (t4 << 1)
  FROM (SELECT least(trunc((longitude + 180) * (32768.0::float8 / 360)), 32767)::int AS s0,
    least(trunc((latitude + 90) * (32768.0::float8 / 180)), 32767)::int AS t0) AS a,
  LATERAL (SELECT (s0 | (s0 << 8)) & x'00FF00FF'::int AS s1,
    (t0 | (t0 << 8)) & x'00FF00FF'::int AS t1) AS b,
  LATERAL (SELECT (s1 | (s1 << 4)) & x'0F0F0F0F'::int AS s2,
    (t1 | (t1 << 4)) & x'0F0F0F0F'::int AS t2) AS c,
  LATERAL (SELECT (s2 | (s2 << 2)) & x'33333333'::int AS s3,
    (t2 | (t2 << 2)) & x'33333333'::int AS t3) AS d,
  LATERAL (SELECT (s3 | (s3 << 1)) & x'55555555'::int AS s4,
    (t3 | (t3 << 1)) & x'55555555'::int AS t4) AS e
$$
"""
# On a sphere of radius 1: nearer on the ground is nearer through it.
MAP_POINT = """
CREATE FUNCTION map_point(latitude float8, longitude float8) RETURNS public.cube
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
  SELECT public.cube(ARRAY[cosd(latitude) * cosd(longitude), cosd(latitude) * sind(longitude),
    sind(latitude)])
$$
"""
SEARCH_VECTOR = """
CREATE FUNCTION search_vector(text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT to_tsvector('pg_catalog.simple'::pg_catalog.regconfig, public.searchable($1)) $$
"""
# What a word means: all that begins with it. Where nothing does, the known words most like it.
SEARCH_QUERY = """
CREATE FUNCTION search_query(typed text) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
  SELECT coalesce(
    CASE WHEN plain ~ '^[[:alpha:]]{4,40}$'
      AND NOT EXISTS (SELECT FROM public.search_words WHERE word ^@ plain) THEN (
        SELECT string_agg(quote_literal(likest.word), ' | ') FROM (
          SELECT word FROM public.search_words WHERE word OPERATOR(public.%) plain
            AND public.similarity(word, plain) >= 0.375
          ORDER BY public.similarity(word, plain) DESC, word LIMIT 5) AS likest)
    END,
    nullif(plainto_tsquery('pg_catalog.simple'::pg_catalog.regconfig, plain)::text, '') || ':*',
    quote_literal(plain))
  FROM (SELECT public.searchable(typed) AS plain) AS typed
$$
"""
# Words of letters alone. In order, so that two who publish at once wait for each other in turn.
LEARN = """
CREATE FUNCTION search_words_learn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.search_words (word)
  SELECT word FROM unnest(tsvector_to_array(NEW.search_vector)) AS word
  WHERE word ~ '^[[:alpha:]]{3,40}$' ORDER BY word
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""
TRIGGERS = (
    """
    CREATE TRIGGER search_words_of_new AFTER INSERT ON properties FOR EACH ROW
    WHEN (NEW.status = 'PUBLISHED') EXECUTE FUNCTION search_words_learn()
    """,
    """
    CREATE TRIGGER search_words_of_changed AFTER UPDATE ON properties FOR EACH ROW
    WHEN (NEW.status = 'PUBLISHED' AND (OLD.status <> 'PUBLISHED'
      OR OLD.title <> NEW.title OR OLD.description <> NEW.description OR OLD.city <> NEW.city))
    EXECUTE FUNCTION search_words_learn()
    """,
)
KNOWN_ALREADY = """
INSERT INTO search_words (word)
SELECT DISTINCT word FROM properties, unnest(tsvector_to_array(search_vector)) AS word
WHERE status = 'PUBLISHED' AND word ~ '^[[:alpha:]]{3,40}$'
"""
RECOMMENDATION = (
    "(rating_sum * 1000 + 44000) / (review_count + 10)"
    " + 4 * least(review_count, 50)"
    " + 150 / (review_count + 1)"
    " + 2 * least(length(description) / 10, 30)"
    " + 5 * least(cardinality(amenities), 10)"
    " + 50 * instant_book::int"
)


def upgrade() -> None:
    for extension in EXTENSIONS:
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    for function in (SEARCHABLE, SEARCH_VECTOR, MAP_CELL, MAP_POINT):
        op.execute(function)
    op.drop_column("properties", "search_text")
    op.drop_column("properties", "recommendation")
    op.add_column(
        "properties",
        sa.Column(
            "search_vector",
            postgresql.TSVECTOR(),
            sa.Computed(
                "search_vector(title || ' ' || city || ' ' || description)", persisted=True
            ),
            nullable=False,
        ),
    )
    op.add_column(
        "properties",
        sa.Column(
            "recommendation",
            sa.Integer(),
            sa.Computed(RECOMMENDATION, persisted=True),
            nullable=False,
        ),
    )
    op.add_column(
        "properties",
        sa.Column(
            "map_cell",
            sa.Integer(),
            sa.Computed("map_cell(public_latitude, public_longitude)", persisted=True),
            nullable=True,
        ),
    )
    _index("recommendation", "recommendation", "id")
    _index("text", "search_vector", postgresql_using="gin")
    op.drop_index("properties_city_idx", table_name="properties")
    _index("city", sa.text("searchable(city)"), "recommendation", "id")
    op.drop_index("properties_map_idx", table_name="properties")
    for level in LEVELS:
        cell = sa.text(f"(map_cell >> {2 * (15 - level)})")
        _index(f"cell_{level}", cell, "recommendation", "id")
    near = sa.text("map_point(public_latitude, public_longitude)")
    _index("near", near, postgresql_using="gist")
    op.create_table(
        "search_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("property_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("search_lists_pkey")),
        prefixes=["UNLOGGED"],
    )
    op.create_index("search_lists_made_at_idx", "search_lists", ["made_at"])
    op.create_table(
        "search_words",
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("search_words_pkey")),
    )
    op.create_index(
        "search_words_trigrams_idx",
        "search_words",
        ["word"],
        postgresql_using="gin",
        postgresql_ops={"word": "gin_trgm_ops"},
    )
    for function in (SEARCH_QUERY, LEARN, *TRIGGERS, KNOWN_ALREADY):
        op.execute(function)


def downgrade() -> None:
    for trigger in ("search_words_of_changed", "search_words_of_new"):
        op.execute(f"DROP TRIGGER {trigger} ON properties")
    for function in ("search_words_learn()", "search_query(text)"):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("search_words")
    op.drop_table("search_lists")
    for name in ("near", *(f"cell_{level}" for level in LEVELS), "city"):
        op.drop_index(f"properties_{name}_idx", table_name="properties")
    for column in ("map_cell", "recommendation", "search_vector"):
        op.drop_column("properties", column)
    score = sa.Computed("(rating_sum * 1000 + 44000) / (review_count + 10)", persisted=True)
    op.add_column("properties", sa.Column("recommendation", sa.Integer(), score, nullable=False))
    text = sa.Computed("lower(title || ' ' || city)", persisted=True)
    op.add_column("properties", sa.Column("search_text", sa.Text(), text, nullable=False))
    _index("map", "public_latitude", "public_longitude")
    _index("city", sa.text("lower(city)"), "id")
    _index("recommendation", "recommendation", "id")
    _index(
        "text",
        "search_text",
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    for function in (
        "map_point(float8, float8)",
        "map_cell(float8, float8)",
        "search_vector(text)",
        "searchable(text)",
    ):
        op.execute(f"DROP FUNCTION {function}")
    for extension in reversed(EXTENSIONS):
        op.execute(f"DROP EXTENSION {extension}")


def _index(name: str, *columns: object, **options: object) -> None:
    op.create_index(
        f"properties_{name}_idx",
        "properties",
        list(columns),  # type: ignore[arg-type]
        postgresql_where=PUBLISHED,
        **options,  # type: ignore[arg-type]
    )
