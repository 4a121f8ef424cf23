"""The limit: the measured pages as routes written by hand (docs/benchmarks.md).

No GraphQL, no SQLAlchemy, no layers: each page is a few statements on a raw asyncpg connection,
prepared once, turned into structs that msgspec encodes. The answer is the GraphQL operation's,
value by value; `app.dev.bench.same` compares them before anything is measured. Prices of stays and
a property's notice come from the product's own rules, which whoever answers has to follow.
"""
