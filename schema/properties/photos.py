"""What hosts do to the photos of their properties."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

import msgspec
import strawberry

from app.errors import Invalid, NotFound
from app.properties.photos import flows, service
from app.properties.photos.queries import UploadRow
from app.properties.photos.service import NewPhoto
from app.properties.queries import PhotoRow
from app.storage import Upload
from db.enums import CoHostRight
from schema import ids
from schema.context import Context, Info
from schema.enums import PhotoFailure, PhotoUploadStatus
from schema.errors import InvalidInputError, NotFoundError, StaleVersionError
from schema.mutations import mutation, union
from schema.node import Node, shows
from schema.properties.access import may
from schema.properties.inputs import EXPECTED_VERSION
from schema.properties.mutations import PropertySuccess, require_property
from schema.properties.parts import Photo

CAPTION = f"What it shows, up to {service.MAX_CAPTION} characters."


def photo_of(row: strawberry.Parent[UploadRow], info: Info) -> Awaitable[PhotoRow | None]:
    return info.context.loaders.photos.load(row.id)


@strawberry.type(description="A file that a host sends, and what becomes of it.")
class PhotoUpload(Node):
    is_type_of = shows(UploadRow)

    status: PhotoUploadStatus = strawberry.field(description="Where it is on its way.")
    failure: PhotoFailure | None = strawberry.field(
        description="Why it becomes no photo; null unless `FAILED`."
    )
    created_at: datetime = strawberry.field(description="When it was asked for.")
    photo = strawberry.field(
        resolver=photo_of,
        graphql_type=Photo | None,
        description="The photo that was made of it; null unless `READY`, and once it is deleted.",
    )


@strawberry.type(description="A header of a request.")
class RequestHeader:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value.")


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """An upload and the request for its file."""

    upload_id: UUID
    request: Upload


Asked = strawberry.Parent[Requested]


def upload_of(asked: Asked, info: Info) -> Awaitable[UploadRow | None]:
    return info.context.loaders.photo_uploads.load(asked.upload_id)


def upload_url(asked: Asked) -> str:
    return asked.request.url


def method(asked: Asked) -> str:
    return asked.request.method


def headers(asked: Asked) -> list[RequestHeader]:
    return [RequestHeader(name=key, value=value) for key, value in asked.request.headers.items()]


def expires_at(asked: Asked) -> datetime:
    return asked.request.expires_at


@strawberry.type(
    description="The request by which a file is sent: the bytes themselves, by whoever has it."
)
class PhotoUploadRequest:
    upload = strawberry.field(
        resolver=upload_of, graphql_type=PhotoUpload, description="What to complete then."
    )
    upload_url = strawberry.field(resolver=upload_url, description="Where to send it.")
    method = strawberry.field(resolver=method, description="By which method: `PUT`.")
    headers = strawberry.field(
        resolver=headers,
        graphql_type=list[RequestHeader],
        description="Headers to send along.",
    )
    expires_at = strawberry.field(resolver=expires_at, description="Until when it is taken.")


async def visible_upload(context: Context, key: UUID) -> UploadRow | None:
    """The upload, if the viewer hosts its property."""
    row = await context.loaders.photo_uploads.load(key)
    if row is None:
        return None
    owner = await context.loaders.properties.load(row.property_id)
    if owner is None or not await may(context, owner.id, owner.host_id, CoHostRight.ALL):
        return None
    return row


@strawberry.input(description="A file to send.")
class PhotoFileInput:
    content_type: str = strawberry.field(
        description="`image/jpeg`, `image/png` or `image/webp`. Its content is what counts."
    )
    size: int = strawberry.field(
        description=f"How many bytes it has, exactly; {service.MAX_BYTES:,} at most."
    )
    caption: str = strawberry.field(default="", description=CAPTION)


@strawberry.input(description="Files to send.")
class CreatePhotoUploadsInput:
    property_id: strawberry.ID = strawberry.field(description="Of which property.")
    files: list[PhotoFileInput] = strawberry.field(
        description="In the order that the photos are to have, behind those that there are."
    )


@strawberry.input(description="Files that have been sent.")
class CompletePhotoUploadsInput:
    upload_ids: list[strawberry.ID] = strawberry.field(
        description="Which uploads, of one property."
    )


@strawberry.input(description="Another caption.")
class UpdatePhotoInput:
    photo_id: strawberry.ID = strawberry.field(description="Which photo.")
    caption: str = strawberry.field(description=CAPTION)
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED_VERSION)


@strawberry.input(description="Another order.")
class ReorderPhotosInput:
    property_id: strawberry.ID = strawberry.field(description="Of which property.")
    photo_ids: list[strawberry.ID] = strawberry.field(
        description="All of its photos, each once; the first is the cover."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED_VERSION)


@strawberry.input(description="A photo to delete.")
class DeletePhotoInput:
    photo_id: strawberry.ID = strawberry.field(description="Which photo.")
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED_VERSION)


@strawberry.type(description="The files are waited for.")
class CreatePhotoUploadsSuccess(PropertySuccess):
    requests: list[PhotoUploadRequest] = strawberry.field(
        description="How to send each file, in their order."
    )


class Completed(Protocol):
    """A success that is about uploads."""

    upload_keys: Sequence[UUID]


async def uploads_of(done: strawberry.Parent[Completed], info: Info) -> list[UploadRow]:
    found = await info.context.loaders.photo_uploads.load_many(done.upload_keys)
    return [row for row in found if row is not None]


@strawberry.type(description="Photos are made of them within seconds.")
class CompletePhotoUploadsSuccess(PropertySuccess):
    upload_keys: strawberry.Private[Sequence[UUID]]
    uploads = strawberry.field(
        resolver=uploads_of,
        graphql_type=list[PhotoUpload],
        description="The uploads as they are now.",
    )


@strawberry.type(description="The photo is changed.")
class UpdatePhotoSuccess(PropertySuccess):
    pass


@strawberry.type(description="The photos are in this order.")
class ReorderPhotosSuccess(PropertySuccess):
    pass


@strawberry.type(description="The photo is gone.")
class DeletePhotoSuccess(PropertySuccess):
    pass


async def create_photo_uploads(
    info: Info,
    input: Annotated[CreatePhotoUploadsInput, strawberry.argument(description="The files.")],
) -> CreatePhotoUploadsSuccess:
    context, key = info.context, require_property(input.property_id)
    runtime = context.runtime
    begun = await flows.begin(
        runtime.db,
        runtime.storage,
        runtime.limiter,
        context.actor,
        context.client.address,
        key,
        [
            NewPhoto(media_type=file.content_type, size=file.size, caption=file.caption)
            for file in input.files
        ],
        context.now,
    )
    requests: list[object] = [
        Requested(upload_id=each.id, request=request) for each, request in begun
    ]
    return CreatePhotoUploadsSuccess(property_id=key, requests=requests)  # type: ignore[arg-type]


async def complete_photo_uploads(
    info: Info,
    input: Annotated[CompletePhotoUploadsInput, strawberry.argument(description="The uploads.")],
) -> CompletePhotoUploadsSuccess:
    context = info.context
    if not 1 <= len(input.upload_ids) <= service.MAX_PHOTOS:
        raise Invalid(f"Expected 1 to {service.MAX_PHOTOS} uploads.", field="uploadIds")
    keys = [_require("PhotoUpload", each, "upload") for each in input.upload_ids]
    property_id = await flows.complete(
        context.runtime.db, context.runtime.storage, context.actor, keys, context.now
    )
    return CompletePhotoUploadsSuccess(property_id=property_id, upload_keys=keys)


async def update_photo(
    info: Info,
    input: Annotated[UpdatePhotoInput, strawberry.argument(description="The caption.")],
) -> UpdatePhotoSuccess:
    context, key = info.context, _require("Photo", input.photo_id, "photo")
    property_id = await context.runtime.db.run(
        lambda session: service.describe(
            session, context.actor, key, input.caption, context.now, input.expected_version
        )
    )
    return UpdatePhotoSuccess(property_id=property_id)


async def reorder_photos(
    info: Info,
    input: Annotated[ReorderPhotosInput, strawberry.argument(description="The order.")],
) -> ReorderPhotosSuccess:
    context, key = info.context, require_property(input.property_id)
    photos = [_require("Photo", each, "photo") for each in input.photo_ids]
    await context.runtime.db.run(
        lambda session: service.reorder(
            session, context.actor, key, photos, context.now, input.expected_version
        )
    )
    return ReorderPhotosSuccess(property_id=key)


async def delete_photo(
    info: Info,
    input: Annotated[DeletePhotoInput, strawberry.argument(description="The photo.")],
) -> DeletePhotoSuccess:
    context, key = info.context, _require("Photo", input.photo_id, "photo")
    property_id = await context.runtime.db.run(
        lambda session: service.remove(
            session, context.actor, key, context.now, input.expected_version
        )
    )
    return DeletePhotoSuccess(property_id=property_id)


def _require(kind: str, text: str, noun: str) -> UUID:
    key = ids.key_of(kind, text)
    if key is None:
        raise NotFound(f"There is no such {noun}.")
    return key


@strawberry.type
class PhotoMutations:
    create_photo_uploads = mutation(
        create_photo_uploads,
        union(
            "CreatePhotoUploadsResult", CreatePhotoUploadsSuccess, NotFoundError, InvalidInputError
        ),
        "Send photos of a property of the viewer's: each file goes to the address that is "
        "answered, then `completePhotoUploads`.",
    )
    complete_photo_uploads = mutation(
        complete_photo_uploads,
        union(
            "CompletePhotoUploadsResult",
            CompletePhotoUploadsSuccess,
            NotFoundError,
            InvalidInputError,
        ),
        "Make photos of files that have been sent. Again changes nothing.",
    )
    update_photo = mutation(
        update_photo,
        union(
            "UpdatePhotoResult",
            UpdatePhotoSuccess,
            StaleVersionError,
            NotFoundError,
            InvalidInputError,
        ),
        "Give a photo of the viewer's another caption.",
    )
    reorder_photos = mutation(
        reorder_photos,
        union(
            "ReorderPhotosResult",
            ReorderPhotosSuccess,
            StaleVersionError,
            NotFoundError,
            InvalidInputError,
        ),
        "Put the photos of a property of the viewer's in another order.",
    )
    delete_photo = mutation(
        delete_photo,
        union(
            "DeletePhotoResult",
            DeletePhotoSuccess,
            StaleVersionError,
            NotFoundError,
            InvalidInputError,
        ),
        "Delete a photo of the viewer's, and its files.",
    )
