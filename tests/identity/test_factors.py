"""The arithmetic of codes, and how secrets are kept."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import Settings
from app.dev.secrets import new_signing_key
from app.errors import Invalid
from app.identity import passkeys, recovery, rules, sealing, tokens, totp
from app.identity.tokens import TokenKeys

# RFC 6238, appendix B: SHA-1. It has eight digits, of which ours are the last six.
RFC_SECRET = b"12345678901234567890"
RFC_CODES = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES.items())
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    step = totp.step_at(now)
    assert totp.code_of(RFC_SECRET, step) == code[2:]
    assert totp.step_of(RFC_SECRET, code[2:], now) == step


@given(st.integers(-5, 5), st.integers(0, 29))
def test_a_code_is_known_a_step_early_or_late(drift: int, second: int) -> None:
    now = datetime.fromtimestamp(1_780_000_000 // 30 * 30 + second, UTC)
    step = totp.step_at(now) + drift
    found = totp.step_of(RFC_SECRET, totp.code_of(RFC_SECRET, step), now)
    assert found == (step if abs(drift) <= 1 else None)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "1e5000"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert totp.step_of(RFC_SECRET, code, datetime(2026, 6, 1, tzinfo=UTC)) is None


def keys_of(settings: Settings, *pems: str) -> TokenKeys:
    return tokens.load_keys(msgspec.structs.replace(settings, auth_signing_keys=pems))


def test_a_sealed_secret_opens_for_its_owner_by_its_key_alone(settings: Settings) -> None:
    old, new = new_signing_key(), new_signing_key()
    before, during, after = (keys_of(settings, *each) for each in ((old,), (new, old), (new,)))
    sealed = sealing.seal(before, b"secret", b"ada")
    assert b"secret" not in sealed
    assert sealed != sealing.seal(before, b"secret", b"ada")
    assert sealing.unseal(before, sealed, b"ada") == b"secret"
    assert sealing.unseal(during, sealed, b"ada") == b"secret"
    assert sealing.unseal(after, sealed, b"ada") is None
    assert sealing.unseal(before, sealed, b"eve") is None
    for position in range(len(sealed)):
        tampered = bytearray(sealed)
        tampered[position] ^= 1
        assert sealing.unseal(before, bytes(tampered), b"ada") is None
    for short in (b"", sealed[:8], sealed[:20]):
        assert sealing.unseal(before, short, b"ada") is None
    renewed = sealing.seal(during, b"secret", b"ada")
    assert sealing.unseal(after, renewed, b"ada") == b"secret"


@pytest.mark.parametrize("typed", ["abcd-efgh", "ABCDEFGH", " abcd efgh ", "ABCD–EFGH"])
def test_recovery_codes_are_the_same_however_they_are_typed(typed: str) -> None:
    assert recovery.hash_of(typed) == recovery.hash_of("ABCD-EFGH")


@pytest.mark.parametrize(
    ("changes", "domain", "origins"),
    [
        ({}, "localhost", ["http://localhost:8000"]),
        (
            {"public_url": "https://api.roost.example/"},
            "api.roost.example",
            ["https://api.roost.example"],
        ),
        (
            {
                "public_url": "https://api.roost.example",
                "web_origins": ("https://roost.example", "https://m.roost.example:8443"),
                "passkey_app_origins": ("android:apk-key-hash:abc",),
            },
            "roost.example",
            [
                "https://roost.example",
                "https://m.roost.example:8443",
                "https://api.roost.example",
                "android:apk-key-hash:abc",
            ],
        ),
        (
            {"web_origins": ("https://app.roost.example",), "passkey_domain": "roost.example"},
            "roost.example",
            ["https://app.roost.example", "http://localhost:8000"],
        ),
    ],
)
def test_passkeys_are_for_the_web_app_s_domain(
    settings: Settings, changes: dict[str, object], domain: str, origins: list[str]
) -> None:
    party = passkeys.party_of(msgspec.structs.replace(settings, **changes))
    assert (party.domain, list(party.origins)) == (domain, origins)


@pytest.mark.parametrize("wrong", ["", "  ", "x" * 61, "x" * 1000, "a\nb", "a\x00b", "a\u202eb"])
def test_labels_that_are_refused(wrong: str) -> None:
    with pytest.raises(Invalid):
        rules.clean_label(wrong, "name")


def test_labels_are_tidied() -> None:
    assert rules.clean_label("  Ada's   phone ", "name") == "Ada's phone"
    assert rules.clean_label("Cafe\u0301", "name") == "Café"
