"""Countries by their ISO 3166 codes of two letters."""

from babel import Locale

from app.errors import Invalid

# CLDR's territories without groups of countries and codes for testing.
COUNTRIES: frozenset[str] = frozenset(
    code
    for code in map(str, Locale("en").territories)
    if len(code) == 2 and code not in {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
)


def country_name(code: str) -> str:
    """What a country is called in English; a code that nobody knows, as it is."""
    return str(Locale("en").territories.get(code, code))


def require_country(code: str, field: str) -> str:
    """The country's code itself. Raises Invalid when there is no such country."""
    if code not in COUNTRIES:
        raise Invalid("Expected an ISO 3166 country code: PT.", field=field)
    return code
