"""Every table and column: whether a person gets it on request, and what erasure does to it.

A test fails for a column that is not declared here. Parts are erased in the order given: rows go
before those that tell whose they are, and the account itself begins (app.privacy.erasure).
"""

from app.privacy.declaring import Held, Part
from app.privacy.inventory import accounting, bookings, identity, money, outbox, properties, saved

INVENTORY: tuple[Held, ...] = (
    *outbox.TABLES,
    *identity.TABLES,
    *saved.TABLES,
    *bookings.TABLES,
    *properties.TABLES,
    *money.TABLES,
    *accounting.TABLES,
)
# What erasure begins with, in one transaction: from here on there is no way back.
FIRST: tuple[Part, ...] = (outbox.WAITING, identity.ACCOUNT)
PARTS: tuple[Part, ...] = tuple(part for table in INVENTORY for part in table.parts)
