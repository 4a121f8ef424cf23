"""Banks and telcos, a few per country, with the codes that Paystack gives them."""

from app.sandbox.paystack.errors import invalid
from app.sandbox.state import Obj

_BANKS = (
    (1, "MTN", "MTN", "mobile_money", "Ghana", "GHS"),
    (2, "AirtelTigo", "ATL", "mobile_money", "Ghana", "GHS"),
    (3, "Telecel", "VOD", "mobile_money", "Ghana", "GHS"),
    (4, "GCB Bank Limited", "040100", "ghipss", "Ghana", "GHS"),
    (5, "Ecobank Ghana Limited", "130100", "ghipss", "Ghana", "GHS"),
    (6, "M-PESA", "MPESA", "mobile_money", "Kenya", "KES"),
    (7, "Airtel Money", "ATL_KE", "mobile_money", "Kenya", "KES"),
    (8, "Guaranty Trust Bank", "058", "nuban", "Nigeria", "NGN"),
    (9, "Zenith Bank", "057", "nuban", "Nigeria", "NGN"),
    (10, "Standard Bank South Africa", "051001", "basa", "South Africa", "ZAR"),
    (11, "First National Bank", "250655", "basa", "South Africa", "ZAR"),
)
_COUNTRIES = {"GHS": "GH", "KES": "KE", "NGN": "NG", "ZAR": "ZA", "USD": "US"}
BANKS: tuple[Obj, ...] = tuple(
    {
        "id": number,
        "name": name,
        "slug": name.lower().replace(" ", "-"),
        "code": code,
        "longcode": "",
        "gateway": None,
        "pay_with_bank": False,
        "supports_transfer": True,
        "available_for_direct_debit": False,
        "active": True,
        "is_deleted": False,
        "country": country,
        "currency": currency,
        "type": kind,
        "createdAt": "2020-01-01T00:00:00.000Z",
        "updatedAt": "2020-01-01T00:00:00.000Z",
    }
    for number, name, code, kind, country, currency in _BANKS
)


def country_of(currency: str) -> str:
    """The country (ISO 3166) whose money it is."""
    return _COUNTRIES.get(currency, "NG")


def listed(country: str | None, currency: str | None, kind: str | None) -> list[Obj]:
    """The banks of a country, a currency and a kind; None: of all."""
    return [
        bank
        for bank in BANKS
        if (country is None or bank["country"].lower() == country.lower())
        and (currency is None or bank["currency"] == currency)
        and (kind is None or bank["type"] == kind)
    ]


def find(code: str, kind: str | None = None, currency: str | None = None) -> Obj:
    """A bank by its code. Raises PaystackError: there is none of this kind and currency."""
    for bank in listed(None, currency, kind):
        if bank["code"].lower() == code.lower():
            return bank
    raise invalid("Bank is invalid", "invalid_bank_code")


def account_name(number: str) -> str:
    """Whose account it is, as far as a sandbox knows."""
    return f"AMA MENSAH {number[-4:]}"
