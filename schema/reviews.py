"""Reviews: what guests wrote, and writing one."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Protocol, TypeAlias
from uuid import UUID

import strawberry

from app.errors import NotFound
from app.identity.queries import AUTHOR, UserRow
from app.properties.queries import PropertyRow
from app.reviews import service
from app.reviews.queries import ReviewRow
from schema import ids
from schema.context import Context, Info
from schema.errors import InvalidInputError, NotFoundError, ReviewNotAllowedError
from schema.mutations import mutation, union
from schema.node import Node, shows
from schema.paging import Page
from schema.properties.access import visible_property
from schema.properties.types import Property
from schema.reading import joins, reads
from schema.users import User

Parent: TypeAlias = strawberry.Parent[ReviewRow]


@joins(AUTHOR)
def author(review: Parent, info: Info) -> Awaitable[UserRow | None]:
    return info.context.loaders.users.load(review.author_id)


@reads("property_id")
def reviewed(review: Parent, info: Info) -> Awaitable[PropertyRow | None]:
    return visible_property(info.context, review.property_id)


@strawberry.type(description="A guest's word on a property, once per completed stay.")
class Review(Node):
    is_type_of = shows(ReviewRow)

    rating: int = strawberry.field(description="1 to 5.")
    comment: str = strawberry.field(description="The guest's words.")
    author = strawberry.field(resolver=author, graphql_type=User, description="The guest.")
    property = strawberry.field(
        resolver=reviewed,
        graphql_type=Property | None,
        description="Where they stayed; null when it is not let any more, for who has no booking.",
    )
    created_at: datetime = strawberry.field(description="When it was written.")


@strawberry.type(description="A review in its place in a list.")
class ReviewEdge:
    cursor: str = strawberry.field(description="Its place: pass it as `after`.")
    node: Review = strawberry.field(description="The review.")


@strawberry.type(description="One page of a list of reviews.")
class ReviewConnection(Page):
    edges: list[ReviewEdge] = strawberry.field(description="The reviews, in order.")


async def visible_review(context: Context, key: UUID) -> ReviewRow | None:
    """Reviews are everybody's to read: their host's page has them whatever became of the place."""
    return await context.loaders.reviews.load(key)


@strawberry.input(description="A review to write.")
class CreateReviewInput:
    booking_id: strawberry.ID = strawberry.field(description="The completed stay.")
    rating: int = strawberry.field(description="1 to 5.")
    comment: str = strawberry.field(description="1 to 5,000 characters.")


class Done(Protocol):
    """A success that is about a review."""

    review_id: UUID


def review_of(done: strawberry.Parent[Done], info: Info) -> Awaitable[ReviewRow | None]:
    return info.context.loaders.reviews.load(done.review_id)


@strawberry.type(description="The review is published.")
class CreateReviewSuccess:
    review_id: strawberry.Private[UUID]
    review = strawberry.field(resolver=review_of, graphql_type=Review, description="The review.")


async def create_review(
    info: Info,
    input: Annotated[CreateReviewInput, strawberry.argument(description="The review.")],
) -> CreateReviewSuccess:
    context = info.context
    booking_id = ids.key_of("Booking", input.booking_id)
    if booking_id is None:
        raise NotFound("There is no such booking.")
    review_id = await context.runtime.db.run(
        lambda session: service.create_review(
            session, context.actor, booking_id, input.rating, input.comment, context.now
        )
    )
    return CreateReviewSuccess(review_id=review_id)


@strawberry.type
class ReviewMutations:
    create_review = mutation(
        create_review,
        union(
            "CreateReviewResult",
            CreateReviewSuccess,
            NotFoundError,
            ReviewNotAllowedError,
            InvalidInputError,
        ),
        "Review a completed stay, once, within 14 days of check-out.",
    )
