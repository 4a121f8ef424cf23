"""Loading many rows: without what PostgreSQL does for each, which costs less for all at the end.

That is half of the time: entries of secondary indexes, looking up what foreign keys refer to, and
the words of each place.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.dev.seed.rows import Connection

# Building indexes in memory, by more than one process; for the transaction alone.
SETTINGS = (
    "SET LOCAL maintenance_work_mem = '1GB'",
    "SET LOCAL max_parallel_maintenance_workers = 4",
)
FOREIGN_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1, 2
"""
# Those that are no constraint's: primary keys and unique constraints stay.
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
JOIN pg_class ON pg_class.oid = indexrelid
WHERE relnamespace = 'public'::regnamespace AND NOT indisunique ORDER BY 1
"""
# Whose triggers rest meanwhile. Of calendar_nights they keep properties.lowest_set_minor, which is
# written with the property. What searches keep ends by itself, within a minute.
TRIGGERED = (
    "properties",
    "property_photos",
    "property_taxes",
    "calendar_nights",
    "occupied_nights",
)
# What the trigger on properties does, for all of them at once.
WORDS = """
INSERT INTO search_words (word)
SELECT word FROM (
  SELECT DISTINCT unnest(tsvector_to_array(search_vector)) AS word
  FROM properties WHERE status = 'PUBLISHED'
) AS used WHERE word ~ '^[[:alpha:]]{3,40}$' ON CONFLICT DO NOTHING
"""


@asynccontextmanager
async def bulk(connection: Connection) -> AsyncIterator[None]:
    """Within a transaction: indexes, references and words are seen to when the block ends.

    Raises what PostgreSQL does when a row then refers to none.
    """
    foreign_keys = await connection.fetch(FOREIGN_KEYS)
    indexes = await connection.fetch(INDEXES)
    for table, name, _ in foreign_keys:
        await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        await connection.execute(f"DROP INDEX {name}")
    for table in TRIGGERED:
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table in TRIGGERED:
        await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    for statement in (*SETTINGS, WORDS):
        await connection.execute(statement)
    for _, definition in indexes:
        await connection.execute(definition)
    for table, name, definition in foreign_keys:
        await connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
