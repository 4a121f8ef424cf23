"""Where on the map something changed that searches show: what answers that are kept depend on."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

# By what tells whose places a table's rows are about: the cells of those that are published.
CELLS = {
    "itself": "SELECT DISTINCT map_cell FROM changed WHERE status = 'PUBLISHED'",
    # One look into an index for each, whatever PostgreSQL believes of how many there are.
    "property": """
      SELECT DISTINCT place.map_cell
      FROM (SELECT DISTINCT property_id FROM changed) AS its, LATERAL (
        SELECT map_cell FROM public.properties
        WHERE id = its.property_id AND status = 'PUBLISHED' OFFSET 0) AS place""",
    "host": """
      SELECT DISTINCT place.map_cell FROM changed AS host, LATERAL (
        SELECT map_cell FROM public.properties
        WHERE host_id = host.id AND status = 'PUBLISHED' OFFSET 0) AS place""",
}
FUNCTION = """
CREATE FUNCTION search_changed_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.search_changes (map_cell, changed_in)
  SELECT map_cell, pg_current_xact_id()::text::bigint FROM ({cells}) AS cells
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""
TABLES = {
    "properties": "itself",
    "property_photos": "property",
    "property_taxes": "property",
    "calendar_nights": "property",
    "occupied_nights": "property",
    "users": "host",
}
# Each with what the rows are called that it was about.
CHANGED = {"changed": ("UPDATE", "NEW")}
EVENTS = CHANGED | {"new": ("INSERT", "NEW"), "gone": ("DELETE", "OLD")}
# A place that moves leaves a cell, too.
BEFORE = {"before": ("UPDATE", "OLD")}


def upgrade() -> None:
    op.create_table(
        "search_changes",
        sa.Column("changed_in", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("map_cell", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("changed_in", "map_cell", name=op.f("search_changes_pkey")),
    )
    op.create_index(
        "occupied_nights_hold_expires_at_idx",
        "occupied_nights",
        ["hold_expires_at"],
        postgresql_where=sa.text("kind = 'HOLD'"),
    )
    for name, cells in CELLS.items():
        op.execute(FUNCTION.format(name=name, cells=cells))
    for table, name in TABLES.items():
        for event, (what, rows) in _events(table).items():
            op.execute(f"""
                CREATE TRIGGER search_{event} AFTER {what} ON {table}
                REFERENCING {rows} TABLE AS changed
                FOR EACH STATEMENT EXECUTE FUNCTION search_changed_{name}()
            """)


def downgrade() -> None:
    for table in TABLES:
        for event in _events(table):
            op.execute(f"DROP TRIGGER search_{event} ON {table}")
    for name in CELLS:
        op.execute(f"DROP FUNCTION search_changed_{name}()")
    op.drop_index("occupied_nights_hold_expires_at_idx", table_name="occupied_nights")
    op.drop_table("search_changes")


def _events(table: str) -> dict[str, tuple[str, str]]:
    # Who is new has no places yet, and who has any stays.
    return {"properties": EVENTS | BEFORE, "users": CHANGED}.get(table, EVENTS)
