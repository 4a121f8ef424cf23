"""A person's own changes: what they say about themselves, and becoming a host."""

import dataclasses
from collections.abc import Awaitable
from datetime import date
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec
import strawberry

from app.identity import accounts, hosting
from app.identity.hosting import MAX_LEGAL_NAME, MIN_AGE, HostFacts
from app.identity.profile import MAX_BIO, MAX_LANGUAGES, Changes
from app.identity.queries import UserRow
from schema.context import Info
from schema.enums import HostKind
from schema.errors import EmailNotVerifiedError, InvalidInputError, NotFoundError
from schema.mutations import mutation, union
from schema.scalars import CurrencyCode
from schema.users import User

# What null makes of a field that is never null itself.
EMPTY: dict[str, Any] = {
    "first_name": msgspec.UNSET,
    "last_name": msgspec.UNSET,
    "bio": "",
    "languages": (),
}


def _changed(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


class Done(Protocol):
    """A success that is about a user."""

    user_id: UUID


def user_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(done.user_id)


@strawberry.type(description="The viewer is a host.")
class BecomeHostSuccess:
    user_id: strawberry.Private[UUID]
    user = strawberry.field(resolver=user_of, graphql_type=User, description="The viewer.")


@strawberry.input(description="What a host must tell. Nobody else gets to see it.")
class BecomeHostInput:
    kind: HostKind = strawberry.field(description="Person or business.")
    legal_name: str = strawberry.field(
        description=f"As in an identity card or company register; at most {MAX_LEGAL_NAME} "
        "characters."
    )
    country: str = strawberry.field(
        description="Of residence or establishment: ISO 3166-1 alpha-2 code, `PT`."
    )
    phone: str = strawberry.field(
        description="Where the host is reached at once, with country code: `+351 912 345 678`. "
        "It becomes the profile's."
    )
    date_of_birth: date | None = strawberry.field(
        default=None, description=f"A person's, who is {MIN_AGE} or older; not for a business."
    )
    registration_number: str | None = strawberry.field(
        default=None, description="A business's, as in the company register; not for a person."
    )
    terms_version: str = strawberry.field(
        description="The version of the terms that the host was shown and agreed to: "
        "`hostTermsVersion`."
    )

    def facts(self) -> HostFacts:
        """What the identity feature wants."""
        return HostFacts(
            kind=self.kind,
            legal_name=self.legal_name,
            country=self.country,
            phone=self.phone,
            born_on=self.date_of_birth,
            registration_number=self.registration_number,
            terms_version=self.terms_version,
        )


async def become_host(
    info: Info,
    input: Annotated[BecomeHostInput, strawberry.argument(description="The facts.")],
) -> BecomeHostSuccess:
    context, facts = info.context, input.facts()
    user_id = await context.runtime.db.run(
        lambda session: hosting.become_host(session, context.actor, facts, context.now)
    )
    return BecomeHostSuccess(user_id=user_id)


@strawberry.input(
    description="Changes to the viewer's profile. What is left out stays as it is; null takes away."
)
class UpdateProfileInput:
    first_name: str | None = _changed("1 to 100 characters; null changes nothing.")
    last_name: str | None = _changed("1 to 100 characters; null changes nothing.")
    bio: str | None = _changed(f"At most {MAX_BIO:,} characters.")
    languages: list[str] | None = _changed(f"ISO 639 codes, at most {MAX_LANGUAGES}: `en`, `pt`.")
    timezone: str | None = _changed("IANA time zone: `Europe/Lisbon`.")
    currency: CurrencyCode | None = _changed("The currency to show prices in.")
    phone: str | None = _changed("With country code, written as usual: `+351 912 345 678`.")

    def changes(self) -> Changes:
        """What the identity feature wants."""
        given = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        values = {name: value for name, value in given.items() if value is not strawberry.UNSET}
        for name, empty in EMPTY.items():
            if name in values and values[name] is None:
                values[name] = empty
        if isinstance(values.get("languages"), list):
            values["languages"] = tuple(values["languages"])
        return Changes(**values)


@strawberry.type(description="The profile is changed.")
class UpdateProfileSuccess:
    user_id: strawberry.Private[UUID]
    user = strawberry.field(resolver=user_of, graphql_type=User, description="The viewer.")


async def update_profile(
    info: Info,
    input: Annotated[UpdateProfileInput, strawberry.argument(description="The changes.")],
) -> UpdateProfileSuccess:
    context, changes = info.context, input.changes()
    user_id = await context.runtime.db.run(
        lambda session: accounts.update_profile(session, context.actor, changes)
    )
    return UpdateProfileSuccess(user_id=user_id)


@strawberry.type
class ProfileMutations:
    update_profile = mutation(
        update_profile,
        union("UpdateProfileResult", UpdateProfileSuccess, InvalidInputError, NotFoundError),
        "Change what the viewer says about themselves, and how they want to be spoken to.",
    )
    become_host = mutation(
        become_host,
        union(
            "BecomeHostResult",
            BecomeHostSuccess,
            InvalidInputError,
            NotFoundError,
            EmailNotVerifiedError,
        ),
        "Turn the viewer into a host, for good. Again replaces what they told.",
    )


def host_terms_version() -> str:
    return hosting.TERMS_VERSION
