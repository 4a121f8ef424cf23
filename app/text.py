"""Text that people type."""

from app.errors import Invalid


def plain_text(text: str, field: str, shortest: int, longest: int) -> str:
    """The text without surrounding blanks, between `shortest` and `longest` characters long.

    Raises Invalid, also for what PostgreSQL cannot store: NUL, and halves of surrogate pairs.
    """
    text = text.strip()
    if len(text) < shortest:
        raise Invalid(
            "Something must be written here."
            if shortest == 1
            else f"At least {shortest} characters are needed.",
            field=field,
        )
    if len(text) > longest:
        raise Invalid(f"At most {longest:,} characters are possible.", field=field)
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Invalid("This text has characters that cannot be stored.", field=field)
    return text
