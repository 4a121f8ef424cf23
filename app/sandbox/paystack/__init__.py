"""A payment provider for development and tests that speaks Paystack's API (see docs/sandbox.md).

It knows nothing of the rest of the product. Every operation is a plain synchronous function over
`State`, so that it is atomic under asyncio. Rows are kept as they are easiest to work with;
`views` shows them as Paystack does, which differs from one answer to the next.
"""
