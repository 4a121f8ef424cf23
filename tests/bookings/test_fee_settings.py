"""The minimums of fees, as they are read from the environment."""

import pytest

from app.bookings.host_fees import terms
from app.config import SettingsError, load

REQUIRED = {
    "DATABASE_URL": "postgresql://x",
    "REDIS_URL": "redis://x",
    "STRIPE_SECRET_KEY": "sk_test",
    "STRIPE_WEBHOOK_SECRETS": "whsec",
    "AUTH_SIGNING_KEYS": "a",
}


def test_amounts_by_currency() -> None:
    read = load(REQUIRED | {"HOST_CANCELLATION_MINIMUMS": "EUR=100, JPY=5000,"})
    assert terms(read).minimums == {"EUR": 100, "JPY": 5000}


@pytest.mark.parametrize("text", ["EUR", "EUR=", "EUR=-1", "EUR=1.5", "EUR=ten"])
def test_what_is_no_amount_stops_the_start(text: str) -> None:
    with pytest.raises(SettingsError):
        load(REQUIRED | {"HOST_CANCELLATION_MINIMUMS": text})
