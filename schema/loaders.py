"""Loaders: what the fields of one level ask for, read together in one statement.

A set lives as long as one operation (or one event of a subscription). Each batch is a statement
on a connection of its own, because the fields of one level run concurrently.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import msgspec

from app.actor import Actor
from app.availability.calendar import Night, calendars
from app.availability.ical import queries as exchange
from app.availability.ical.queries import ConflictRow, FeedRow, ImportRow, SyncRow
from app.bookings import queries as bookings
from app.bookings.queries import Access, BookingRow, ChangeRow
from app.bookings.responses import response_rates
from app.errors import DomainError
from app.identity import queries as identity
from app.identity import staff
from app.identity.queries import (
    HostDetailsRow,
    IdentityRow,
    PasskeyRow,
    SessionRow,
    SignInEventRow,
    UserRow,
)
from app.identity.staff import Look
from app.payments import queries as payments
from app.payments.queries import PaymentRow
from app.payouts import queries as payouts
from app.payouts.queries import PayoutAccountRow, PayoutItemRow, PayoutRow
from app.privacy import queries as privacy
from app.privacy.queries import DataExportRow
from app.properties import queries as properties
from app.properties.queries import PhotoRow, PropertyRow, Ratings
from app.reviews import queries as reviews
from app.reviews.queries import ReviewRow
from db import rows
from db.rows import Listing, Slice
from db.session import Database
from db.shapes import Shape
from db.statements import Reader
from schema.engine import Loader

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R", bound=msgspec.Struct)

Fetch: TypeAlias = Callable[[Reader, Sequence[K]], Awaitable[Mapping[K, V]]]
ShapedFetch: TypeAlias = Callable[
    [Reader, Sequence[UUID], Shape[R] | None], Awaitable[Mapping[UUID, R]]
]

# More keys than one level of an operation can have; bounds the size of a statement's arguments.
MAX_BATCH = 1_000

NO_ACCESS = Access()


class Loaders:
    """One operation's loaders, each made when it is first used."""

    def __init__(self, db: Database, actor: Actor, now: datetime) -> None:
        self._db = db
        self._actor = actor
        self._now = now
        # By what they read, and in which shape.
        self._rows: dict[tuple[Any, Any], Loader[UUID, Any]] = {}
        self._pages: dict[tuple[int, Any], Loader[tuple[UUID, Slice], list[Any]]] = {}
        self._counts: dict[int, Loader[tuple[UUID, tuple[str, ...] | None], int]] = {}

    @cached_property
    def looks(self) -> Loader[Look, bool]:
        """Whether the viewer is staff who may have a look; each leaves a line in the trail."""

        async def load(keys: list[Look]) -> list[bool]:
            allowed = await staff.look(self._db, self._actor, keys, self._now)
            return [allowed[key] for key in keys]

        return Loader(load, max_batch_size=MAX_BATCH)

    @property
    def users(self) -> Loader[UUID, UserRow | None]:
        return self.rows(identity.users)

    @cached_property
    def host_details(self) -> Loader[UUID, HostDetailsRow | None]:
        """Whoever's, by user: who may see them is decided by app.identity.policy."""
        return self._one(identity.host_details)

    @cached_property
    def data_exports(self) -> Loader[UUID, DataExportRow | None]:
        """Whoever's: who may see them is decided by app.identity.policy."""
        return self._one(privacy.exports)

    @cached_property
    def sessions(self) -> Loader[UUID, SessionRow | None]:
        """Whoever's: who may see them is decided by app.identity.policy."""
        return self._one(identity.sessions)

    @cached_property
    def passkeys(self) -> Loader[UUID, PasskeyRow | None]:
        """Whoever's: who may see them is decided by app.identity.policy."""
        return self._one(identity.passkeys)

    @cached_property
    def identities(self) -> Loader[UUID, IdentityRow | None]:
        """Whoever's: who may see them is decided by app.identity.policy."""
        return self._one(identity.identities)

    @cached_property
    def sign_in_events(self) -> Loader[UUID, SignInEventRow | None]:
        """Whoever's: who may see them is decided by app.identity.policy."""
        return self._one(identity.sign_in_events)

    @property
    def properties(self) -> Loader[UUID, PropertyRow | None]:
        """Whatever their status: who may see them is decided with `access`."""
        return self.rows(properties.properties)

    @property
    def bookings(self) -> Loader[UUID, BookingRow | None]:
        """Whoever asks: who may see them is decided by app.bookings.policy."""
        return self.rows(bookings.bookings)

    @cached_property
    def ratings_of(self) -> Loader[UUID, Ratings | None]:
        """Of all places of a host; None: no place."""
        return self._one(properties.ratings_of_hosts)

    @cached_property
    def response_rate_of(self) -> Loader[UUID, int | None]:
        """Of a host, in percent; None: too few requests to tell."""

        async def fetch(reader: Reader, keys: Sequence[UUID]) -> Mapping[UUID, int | None]:
            return await response_rates(reader, keys, self._now)

        return self._one(fetch)

    @cached_property
    def photos(self) -> Loader[UUID, PhotoRow | None]:
        return self._one(properties.photos)

    @cached_property
    def photos_of(self) -> Loader[UUID, list[PhotoRow]]:
        """By property."""
        return self._many(properties.photos_of)

    @cached_property
    def access(self) -> Loader[UUID, Access]:
        """What the viewer's own bookings let them see, by property."""

        async def load(keys: list[UUID]) -> list[Access]:
            viewer = self._actor.user_id
            if viewer is None:
                return [NO_ACCESS] * len(keys)
            found = await bookings.access(self._db, viewer, keys, self._now)
            return [found.get(key, NO_ACCESS) for key in keys]

        return Loader(load, max_batch_size=MAX_BATCH)

    @cached_property
    def calendars(self) -> Loader[tuple[UUID, date, date], list[Night]]:
        """By property, first date, and the date after the last. Raises Invalid per range."""

        async def load(
            keys: list[tuple[UUID, date, date]],
        ) -> list[list[Night] | BaseException]:
            properties_of: defaultdict[tuple[date, date], list[UUID]] = defaultdict(list)
            for key, start, end in keys:
                properties_of[start, end].append(key)
            found: dict[tuple[date, date], dict[UUID, list[Night]] | DomainError] = {}
            for (start, end), ids in properties_of.items():
                try:
                    found[start, end] = await calendars(self._db, ids, start, end, self._now)
                except DomainError as refusal:
                    found[start, end] = refusal
            return [
                of if isinstance(of := found[start, end], DomainError) else of.get(key, [])
                for key, start, end in keys
            ]

        return Loader(load, max_batch_size=MAX_BATCH)

    @cached_property
    def calendar_feed_of(self) -> Loader[UUID, FeedRow | None]:
        """By property."""
        return self._one(exchange.feeds)

    @cached_property
    def calendar_imports(self) -> Loader[UUID, ImportRow | None]:
        return self._one(exchange.imports)

    @cached_property
    def calendar_imports_of(self) -> Loader[UUID, list[ImportRow]]:
        """By property."""
        return self._many(exchange.imports_of)

    @cached_property
    def calendar_log_of(self) -> Loader[UUID, list[SyncRow]]:
        """By import."""
        return self._many(exchange.log_of)

    @cached_property
    def calendar_conflicts_of(self) -> Loader[UUID, list[ConflictRow]]:
        """By import."""
        return self._many(lambda reader, keys: exchange.conflicts_of(reader, keys, self._now))

    @cached_property
    def history_of(self) -> Loader[UUID, list[ChangeRow]]:
        """By booking."""
        return self._many(bookings.history_of)

    @cached_property
    def payments(self) -> Loader[UUID, PaymentRow | None]:
        return self._one(payments.payments)

    @cached_property
    def payment_of(self) -> Loader[UUID, PaymentRow | None]:
        """The last attempt to pay, by booking."""
        return self._one(payments.latest_of)

    @cached_property
    def reviews(self) -> Loader[UUID, ReviewRow | None]:
        return self._one(reviews.reviews)

    @cached_property
    def review_of(self) -> Loader[UUID, ReviewRow | None]:
        """By booking."""
        return self._one(reviews.of_bookings)

    @cached_property
    def payouts(self) -> Loader[UUID, PayoutRow | None]:
        return self._one(payouts.payouts)

    @cached_property
    def payout_items_of(self) -> Loader[UUID, list[PayoutItemRow]]:
        """By payout."""
        return self._many(payouts.items_of)

    @cached_property
    def payout_accounts(self) -> Loader[UUID, PayoutAccountRow | None]:
        return self._one(payouts.accounts)

    @cached_property
    def payout_accounts_of(self) -> Loader[UUID, list[PayoutAccountRow]]:
        """By user, oldest first."""
        return self._many(payouts.accounts_of)

    def pages(
        self, listing: Listing[Any], shape: Shape[Any] | None = None
    ) -> Loader[tuple[UUID, Slice], list[Any]]:
        """Parts of a list, by parent and part: one statement for each different part."""
        name = id(listing), shape
        if name not in self._pages:

            async def load(keys: list[tuple[UUID, Slice]]) -> list[list[Any]]:
                parents: defaultdict[Slice, list[UUID]] = defaultdict(list)
                for parent, part in keys:
                    parents[part].append(parent)
                found = {
                    part: await rows.pages(self._db, listing, ids, part, shape)
                    for part, ids in parents.items()
                }
                return [found[part].get(parent, []) for parent, part in keys]

            self._pages[name] = Loader(load, max_batch_size=MAX_BATCH)
        return self._pages[name]

    def counts(self, listing: Listing[Any]) -> Loader[tuple[UUID, tuple[str, ...] | None], int]:
        """How long lists are, by parent and statuses."""
        if id(listing) not in self._counts:

            async def load(keys: list[tuple[UUID, tuple[str, ...] | None]]) -> list[int]:
                parents: defaultdict[tuple[str, ...] | None, list[UUID]] = defaultdict(list)
                for parent, statuses in keys:
                    parents[statuses].append(parent)
                found = {
                    statuses: await rows.counts(self._db, listing, ids, statuses)
                    for statuses, ids in parents.items()
                }
                return [found[statuses].get(parent, 0) for parent, statuses in keys]

            self._counts[id(listing)] = Loader(load, max_batch_size=MAX_BATCH)
        return self._counts[id(listing)]

    def rows(
        self, fetch: "ShapedFetch[R]", shape: Shape[R] | None = None
    ) -> Loader[UUID, R | None]:
        """Rows by id, whole or in a shape that has the id."""
        if (fetch, shape) not in self._rows:

            async def load(keys: list[UUID]) -> list[R | None]:
                found = await fetch(self._db, keys, shape)
                return [found.get(key) for key in keys]

            self._rows[fetch, shape] = Loader(load, max_batch_size=MAX_BATCH)
        return self._rows[fetch, shape]

    def _one(self, fetch: "Fetch[K, V]") -> Loader[K, V | None]:
        async def load(keys: list[K]) -> list[V | None]:
            found = await fetch(self._db, keys)
            return [found.get(key) for key in keys]

        return Loader(load, max_batch_size=MAX_BATCH)

    def _many(self, fetch: "Fetch[K, list[V]]") -> Loader[K, list[V]]:
        async def load(keys: list[K]) -> list[list[V]]:
            found = await fetch(self._db, keys)
            return [found.get(key, []) for key in keys]

        return Loader(load, max_batch_size=MAX_BATCH)
