"""How the demo's guests get in and online, and who helps one of its hosts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from app.dev.seed.catalogue import Offer
from app.dev.seed.ids import id_at
from app.dev.seed.rows import Rows
from db.enums import Amenity, CoHostRight
from db.models import CheckInGuide, CoHost

DOOR = "Ring the bell; somebody of us is there from check-in on and shows you around."
BOX = "The key is in the small box to the left of the door. Put it back when you leave."


def add(rows: Rows, random: Random, offers: Sequence[Offer], now: datetime) -> None:
    """A guide for every home; and the second host helps the first with all of theirs."""
    for offer in offers:
        alone = Amenity.SELF_CHECK_IN in offer.columns["amenities"]
        rows.add(
            CheckInGuide,
            property_id=offer.home.id,
            instructions=BOX if alone else DOOR,
            access_code=f"{random.randint(0, 9999):04}" if alone else "",
            wifi_name=f"Roost {random.randint(10, 99)}",
            wifi_password=f"stay-{random.randint(1000, 9999)}-well",
        )
    first, second = list(dict.fromkeys(offer.home.host_id for offer in offers))[:2]
    since = now - timedelta(days=60)
    for offer in offers:
        if offer.home.host_id == first:
            rows.add(
                CoHost,
                id=id_at(random, since),
                property_id=offer.home.id,
                user_id=second,
                rights=[CoHostRight.ALL],
                invited_at=since,
                accepted_at=since,
            )
