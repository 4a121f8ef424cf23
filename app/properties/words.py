"""What a listing says besides its own row: other languages, and how guests get in."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid
from app.identity.profile import clean_languages
from app.properties.listing import Guide, Listing, Translation
from app.properties.rules import LENGTHS, api_name
from app.text import plain_text
from db.models import CheckInGuide, PropertyTranslation

MAX_TRANSLATIONS = 20
GUIDE_LENGTHS = {
    "instructions": 4_000,
    "access_code": 100,
    "wifi_name": 100,
    "wifi_password": 100,
}


def require_language(code: str, field: str) -> None:
    """Raises Invalid unless it is the ISO 639 code of a language."""
    try:
        clean_languages([code])
    except Invalid as error:
        raise Invalid(error.message, field=field) from error


async def store(session: AsyncSession, property_id: UUID, listing: Listing, language: str) -> None:
    """Keep what of it is set; `language` is that of the title. The caller holds the property's
    lock. Raises Invalid."""
    require_language(language, "language")
    if listing.translations is not UNSET:
        rows = _checked(listing.translations, language)
        of_property = PropertyTranslation.property_id == property_id
        await session.execute(delete(PropertyTranslation).where(of_property))
        if rows:
            await session.execute(
                insert(PropertyTranslation), [{"property_id": property_id, **row} for row in rows]
            )
    if listing.guide is not UNSET:
        values = _checked_guide(listing.guide)
        guide = upsert(CheckInGuide).values(property_id=property_id, **values)
        await session.execute(
            guide.on_conflict_do_update(index_elements=["property_id"], set_=values)
        )


def _checked(translations: Collection[Translation], language: str) -> list[dict[str, Any]]:
    if len(translations) > MAX_TRANSLATIONS:
        raise Invalid(f"At most {MAX_TRANSLATIONS} translations.", field="translations")
    languages = [each.language for each in translations]
    if language in languages or len(set(languages)) < len(languages):
        raise Invalid("Each language once, and not its own.", field="translations.language")
    for each in languages:
        require_language(each, "translations.language")
    return [
        {
            "language": each.language,
            "title": plain_text(each.title, "translations.title", 1, LENGTHS["title"][1]),
            "description": plain_text(
                each.description, "translations.description", *LENGTHS["description"]
            ),
        }
        for each in translations
    ]


def _checked_guide(guide: Guide) -> dict[str, str]:
    return {
        column: plain_text(getattr(guide, column), f"checkInGuide.{api_name(column)}", 0, length)
        for column, length in GUIDE_LENGTHS.items()
    }


async def forget(session: AsyncSession, property_id: UUID, language: str) -> None:
    """Drop the translation into what is the property's own language now."""
    await session.execute(
        delete(PropertyTranslation).where(
            PropertyTranslation.property_id == property_id,
            PropertyTranslation.language == language,
        )
    )
