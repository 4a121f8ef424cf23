"""Loaders: what the fields of one level ask for, read together in one statement.

A set lives as long as one operation (or one event of a subscription). Each batch is a statement
on a connection of its own, because the fields of one level run concurrently.
"""

from datetime import date, datetime
from functools import cached_property, partial
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from app.accounting import queries as accounting
from app.accounting.queries import DocumentRow
from app.actor import Actor
from app.availability.calendar import Night, calendars
from app.availability.ical import queries as exchange
from app.availability.ical.queries import ConflictRow, FeedRow, ImportRow, SyncRow
from app.availability.reasons import Explained
from app.bookings import host_cancellations
from app.bookings import queries as bookings
from app.bookings.alterations import queries as altering
from app.bookings.alterations.queries import AlterationRow
from app.bookings.host_cancellations import HostCancellationRow
from app.bookings.queries import Access, BookingRow, ChangeRow, StayRow
from app.bookings.responses import response_rates
from app.identity import queries as identity
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
from app.payments.queries import DisputeRow, PaymentRow
from app.payouts import queries as payouts
from app.payouts.queries import PayoutAccountRow, PayoutItemRow, PayoutRow
from app.privacy import queries as privacy
from app.privacy.queries import DataExportRow
from app.promotions import queries as promotions
from app.promotions.queries import PromotionRow
from app.properties import queries as properties
from app.properties.photos import queries as photos
from app.properties.photos.queries import UploadRow
from app.properties.queries import (
    CoHostRow,
    GuideRow,
    PhotoRow,
    PropertyRow,
    Ratings,
    TranslationRow,
)
from app.properties.taxes import TaxRow, taxes_of
from app.reviews import queries as reviews
from app.reviews.queries import ReviewRow
from app.saved import queries as saved
from app.saved.queries import SavedSearchRow, WishlistItemRow, WishlistRow
from db.rows import Listing, Slice
from db.session import Database
from db.shapes import Form, Shape
from schema import loading
from schema.engine import Loader
from schema.loading import Fetch, FetchRange, ShapedFetch

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R", bound=msgspec.Struct)


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

        return loading.loader(loading.looks, self._db, self._actor, self._now)

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
        return self._one(partial(response_rates, now=self._now))

    @cached_property
    def host_cancellation_of(self) -> Loader[UUID, HostCancellationRow | None]:
        """By booking."""
        return self._one(host_cancellations.of_bookings)

    @cached_property
    def cancellations_of(self) -> Loader[UUID, int | None]:
        """How many stays a host has cancelled lately; None: none."""
        return self._one(partial(host_cancellations.counts, now=self._now))

    @cached_property
    def photos(self) -> Loader[UUID, PhotoRow | None]:
        return self._one(properties.photos)

    @cached_property
    def photos_of(self) -> Loader[UUID, list[PhotoRow]]:
        """By property."""
        return self._many(properties.photos_of)

    @cached_property
    def photo_uploads(self) -> Loader[UUID, UploadRow | None]:
        """Whoever's: they are their property's host's alone."""
        return self._one(photos.uploads)

    @cached_property
    def photo_uploads_of(self) -> Loader[UUID, list[UploadRow]]:
        """By property."""
        return self._many(photos.uploads_of)

    @cached_property
    def access(self) -> Loader[UUID, Access]:
        """What the viewer's own bookings, or part in it, let them see, by property."""
        return loading.loader(loading.access, self._db, self._actor, self._now)

    @cached_property
    def calendars(self) -> Loader[tuple[UUID, date, date], list[Night]]:
        """By property, first date, and the date after the last. Raises Invalid per range."""
        return self._ranges(partial(calendars, now=self._now))

    @cached_property
    def explained_calendars(self) -> Loader[tuple[UUID, date, date], list[Explained]]:
        """The same with reasons, which the host's side alone may know: one, or none of a draft."""
        return self._ranges(partial(loading.explained, now=self._now))

    @cached_property
    def taxes_of(self) -> Loader[UUID, list[TaxRow]]:
        """By property."""
        return self._many(taxes_of)

    @cached_property
    def promotions(self) -> Loader[UUID, PromotionRow | None]:
        """Whoever's: who may see them is decided by schema.promotions."""
        return self._one(promotions.promotions)

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
        return self._many(partial(exchange.conflicts_of, now=self._now))

    @cached_property
    def check_in_guides(self) -> Loader[UUID, GuideRow | None]:
        """By property, whoever's: who may see them is decided as of the exact place."""
        return self._one(properties.guides)

    @cached_property
    def translations_of(self) -> Loader[UUID, list[TranslationRow]]:
        """By property."""
        return self._many(properties.translations_of)

    @cached_property
    def co_hosts(self) -> Loader[UUID, CoHostRow | None]:
        """Whoever's: who may see them is decided in schema.properties.co_hosts."""
        return self._one(properties.co_hosts)

    @cached_property
    def co_hosts_of(self) -> Loader[UUID, list[CoHostRow]]:
        """By property, invitations too."""
        return self._many(properties.co_hosts_of)

    @cached_property
    def co_host_users_of(self) -> Loader[UUID, list[CoHostRow]]:
        """By property: those whom everybody may know of."""
        return self._many(properties.active_co_hosts_of)

    @cached_property
    def co_hosting_of(self) -> Loader[UUID, list[CoHostRow]]:
        """By user."""
        return self._many(properties.co_hosting_of)

    @cached_property
    def stays_of(self) -> Loader[tuple[UUID, date, date], list[StayRow]]:
        """By property, first date, and the date after the last. Raises Invalid per range."""
        return self._ranges(bookings.stays)

    @cached_property
    def history_of(self) -> Loader[UUID, list[ChangeRow]]:
        """By booking."""
        return self._many(bookings.history_of)

    @cached_property
    def alterations(self) -> Loader[UUID, AlterationRow | None]:
        """Whoever asks: who may see them is decided by their booking's policy."""
        return self._one(altering.alterations)

    @cached_property
    def alterations_of(self) -> Loader[UUID, list[AlterationRow]]:
        """By booking, newest first."""
        return self._many(altering.alterations_of)

    @cached_property
    def live_alteration_of(self) -> Loader[UUID, AlterationRow | None]:
        """What each booking waits for, by booking."""
        return self._one(altering.live_of)

    @cached_property
    def payment_of_alteration(self) -> Loader[UUID, PaymentRow | None]:
        """The last attempt to pay what it adds, by alteration."""
        return self._one(payments.latest_of_alterations)

    @cached_property
    def payments(self) -> Loader[UUID, PaymentRow | None]:
        return self._one(payments.payments)

    @cached_property
    def payment_of(self) -> Loader[UUID, PaymentRow | None]:
        """The last attempt to pay, by booking."""
        return self._one(payments.latest_of)

    @cached_property
    def disputes_of(self) -> Loader[UUID, list[DisputeRow]]:
        """By payment, oldest first."""
        return self._many(payments.disputes_of)

    @cached_property
    def reviews(self) -> Loader[UUID, ReviewRow | None]:
        return self._one(reviews.reviews)

    @cached_property
    def review_of(self) -> Loader[UUID, ReviewRow | None]:
        """By booking."""
        return self._one(reviews.of_bookings)

    @cached_property
    def documents(self) -> Loader[UUID, DocumentRow | None]:
        """Whoever's: who may see them is decided by app.identity.policy."""
        return self._one(accounting.documents)

    @cached_property
    def documents_of(self) -> Loader[UUID, list[DocumentRow]]:
        """By booking; whoever's, too."""
        return self._many(accounting.documents_of)

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

    @cached_property
    def wishlists(self) -> Loader[UUID, WishlistRow | None]:
        """Whoever's: who may see them is decided by app.identity.policy."""
        return self._one(saved.wishlists)

    @cached_property
    def wishlist_items(self) -> Loader[UUID, WishlistItemRow | None]:
        """Whoever's: who may see them is decided by app.identity.policy."""
        return self._one(saved.items)

    @cached_property
    def saved_searches(self) -> Loader[UUID, SavedSearchRow | None]:
        """Whoever's: who may see them is decided by app.identity.policy."""
        return self._one(saved.searches)

    @cached_property
    def wishlists_with(self) -> Loader[UUID, list[WishlistRow]]:
        """The viewer's lists that a property is on; nobody signed in has any."""
        viewer = self._actor.require_user()
        return self._many(lambda reader, keys: saved.lists_with(reader, viewer, keys))

    def pages(
        self, listing: Listing[Any], shape: Shape[Any] | None = None
    ) -> Loader[tuple[UUID, Slice], list[Any]]:
        """Parts of a list, by parent and part: one statement for each different part."""
        name = id(listing), shape
        if name not in self._pages:
            self._pages[name] = loading.loader(loading.pages, self._db, listing, shape)
        return self._pages[name]

    def counts(self, listing: Listing[Any]) -> Loader[tuple[UUID, tuple[str, ...] | None], int]:
        """How long lists are, by parent and statuses."""
        if id(listing) not in self._counts:
            self._counts[id(listing)] = loading.loader(loading.counts, self._db, listing)
        return self._counts[id(listing)]

    def rows(self, fetch: ShapedFetch[R], shape: Form[R] | None = None) -> Loader[UUID, R | None]:
        """Rows by id, whole or in a shape that has the id."""
        key = fetch, shape
        loader = self._rows.get(key)
        if loader is None:
            loader = self._rows[key] = loading.loader(loading.rows, self._db, fetch, shape)
        return loader

    def _ranges(self, fetch: FetchRange[V]) -> Loader[tuple[UUID, date, date], list[V]]:
        """Of parents in ranges of dates: one statement for each different range."""
        return loading.loader(loading.ranges, self._db, fetch)

    def _one(self, fetch: Fetch[K, V]) -> Loader[K, V | None]:
        return loading.loader(loading.one, self._db, fetch)

    def _many(self, fetch: Fetch[K, list[V]]) -> Loader[K, list[V]]:
        return loading.loader(loading.many, self._db, fetch)
