"""A payment provider for development and tests that speaks Stripe's API (see docs/sandbox.md).

It knows nothing of the rest of the product, which talks to it through the official `stripe`
library, exactly as it talks to Stripe. Every operation is a plain synchronous function over
`State`, so that it is atomic under asyncio; what waits (faults, webhooks, the disk) lies around.
"""

# The version that stripe 16 pins; events and replies carry it.
API_VERSION = "2026-10-28.endive"
