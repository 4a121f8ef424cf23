"""What a profile can hold."""

import pytest

from app.errors import Invalid
from app.identity.profile import Changes, clean_languages, clean_phone, cleaned


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+351 912 345 678", "+351912345678"),
        ("+1 (650) 253-0000", "+16502530000"),
        ("+44 20 7946 0018", "+442079460018"),
        (" +233 24 412 3456 ", "+233244123456"),
    ],
)
def test_phones_are_kept_in_one_form(typed: str, kept: str) -> None:
    assert clean_phone(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "912345678",
        "+",
        "+999 123",
        "+351 1",
        "hello",
        "+1" + "0" * 50,
        "\x00",
        "+351912345678x7",
    ],
)
def test_what_cannot_be_dialled_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_phone(typed)
    assert refused.value.field == "phone"


def test_languages_are_known_ones_each_once() -> None:
    assert clean_languages(["EN", "pt", " en", "haw"]) == ["en", "pt", "haw"]
    for tags in (["xx"], ["english"], ["en_US"], [""], [f"{n}" for n in range(30)]):
        with pytest.raises(Invalid):
            clean_languages(tags)


def test_only_what_is_given_changes() -> None:
    assert cleaned(Changes()) == {}
    assert cleaned(Changes(bio=" Hello ", phone=None)) == {"bio": "Hello", "phone": None}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (Changes(first_name=""), "firstName"),
        (Changes(last_name="<b>"), "lastName"),
        (Changes(bio="x" * 2_001), "bio"),
        (Changes(timezone="Mars/Olympus"), "timezone"),
        (Changes(currency="EURO"), "currency"),
    ],
)
def test_the_wrong_input_is_named(changes: Changes, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        cleaned(changes)
    assert refused.value.field == field
