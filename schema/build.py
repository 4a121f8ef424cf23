"""The whole schema, and its SDL."""

from typing import Any

import strawberry
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig

from app.config import Settings
from schema.bookings.altering import AlterationMutations
from schema.bookings.host_cancellations import HostCancellationMutations
from schema.bookings.mutations import BookingMutations
from schema.bookings.subscriptions import Subscription
from schema.bookings.types import Booking, booking_by_id
from schema.debts import staff_host_debts_field
from schema.documents import Document
from schema.factors import FactorMutations, Passkey
from schema.find import node, nodes
from schema.identities import Identity, IdentityMutations
from schema.node import Node
from schema.payments import Payment
from schema.payouts import Payout, PayoutAccount, PayoutMutations
from schema.places import Place, places_field
from schema.privacy import DataExport, PrivacyMutations
from schema.profile import ProfileMutations, host_terms_version
from schema.promotions import Promotion, PromotionMutations, staff_promotions_field
from schema.properties.amenities import amenity_catalogue_field
from schema.properties.calendar import CalendarMutations
from schema.properties.co_hosts import CoHost, CoHostMutations
from schema.properties.exchange import CalendarExchangeMutations, CalendarImport
from schema.properties.mutations import PropertyMutations
from schema.properties.parts import Photo
from schema.properties.photos import PhotoMutations, PhotoUpload
from schema.properties.search import search_field
from schema.properties.summary import summary_field
from schema.properties.taxes import TaxMutations
from schema.properties.types import Property, property_by_id
from schema.quotes import quote_field
from schema.recipients import RecipientMutations, payout_institutions_field
from schema.reconciliation import ReconciliationMutations, staff_reconciliation_field
from schema.reports import ReportQueries
from schema.reviews import Review, ReviewMutations
from schema.saved.searches import SavedSearch, SavedSearchMutations
from schema.saved.viewed import ViewMutations
from schema.saved.wishlist_mutations import WishlistMutations
from schema.saved.wishlists import Wishlist, WishlistItem, shared_wishlist_field
from schema.scalars import SCALARS, refuse_nul
from schema.sign_in import SignInEvent, SignInMutations, SignInSession
from schema.staff import StaffMutations, StaffQueries
from schema.transport.limits import Limits
from schema.transport.schema import Schema
from schema.users import User, viewer


@strawberry.type(description="What can be read.")
class Query(StaffQueries, ReportQueries):
    viewer = strawberry.field(
        resolver=viewer,
        graphql_type=User | None,
        description="Who is signed in; null when nobody is.",
    )
    node = strawberry.field(
        resolver=node,
        graphql_type=Node | None,
        description="The object with this id; null when there is none, or when it is not the "
        "viewer's to see.",
    )
    nodes = strawberry.field(
        resolver=nodes,
        graphql_type=list[Node | None],
        description="The objects with these ids (at most 50), in their order; null as in `node`.",
    )
    property = strawberry.field(
        resolver=property_by_id,
        graphql_type=Property | None,
        description="A property that the viewer may see, or null.",
    )
    search_properties = search_field
    property_search_summary = summary_field
    places = places_field
    shared_wishlist = shared_wishlist_field
    quote = quote_field
    staff_promotions = staff_promotions_field
    staff_reconciliation = staff_reconciliation_field
    booking = strawberry.field(
        resolver=booking_by_id,
        graphql_type=Booking | None,
        description="A booking that the viewer is part of, or null.",
    )
    amenity_catalogue = amenity_catalogue_field
    payout_institutions = payout_institutions_field
    staff_host_debts = staff_host_debts_field
    host_terms_version = strawberry.field(
        resolver=host_terms_version,
        description="The version of the terms for hosts that is in force: show those, and send it "
        "with `becomeHost`.",
    )


@strawberry.type(
    description="What can be done. Refusals are data: see each result's error types. Who is not "
    "signed in gets the GraphQL error `UNAUTHENTICATED`."
)
class Mutation(
    ProfileMutations,
    SignInMutations,
    FactorMutations,
    IdentityMutations,
    PropertyMutations,
    TaxMutations,
    CalendarMutations,
    PromotionMutations,
    ReconciliationMutations,
    CalendarExchangeMutations,
    CoHostMutations,
    PhotoMutations,
    BookingMutations,
    AlterationMutations,
    HostCancellationMutations,
    ReviewMutations,
    PayoutMutations,
    RecipientMutations,
    PrivacyMutations,
    WishlistMutations,
    ViewMutations,
    SavedSearchMutations,
    StaffMutations,
):
    pass


# What `node` can find.
NODES = [
    User,
    Property,
    Photo,
    PhotoUpload,
    Booking,
    Payment,
    Review,
    CoHost,
    Payout,
    PayoutAccount,
    Document,
    CalendarImport,
    Promotion,
    SignInSession,
    SignInEvent,
    Passkey,
    Identity,
    DataExport,
    Place,
    Wishlist,
    WishlistItem,
    SavedSearch,
]


def build_schema(
    *,
    introspection: bool = False,
    limits: Limits | None = None,
    engine: bool = True,
    extensions: Any = (),
) -> Schema:
    """The schema as the transport serves it; safe to share by all operations of a process."""
    refuse_nul()
    return Schema(
        Query,
        Mutation,
        Subscription,
        types=NODES,
        config=StrawberryConfig(scalar_map=SCALARS),
        introspection=introspection,
        limits=limits,
        engine=engine,
        extensions=extensions,
    )


def schema_for(settings: Settings) -> Schema:
    """The schema as these settings want it."""
    return build_schema(
        introspection=settings.introspection_enabled,
        limits=Limits(deadline_seconds=settings.graphql_deadline_seconds),
        engine=settings.graphql_engine,
    )


def sdl() -> str:
    """The schema in GraphQL's own language, as it is committed in schema.graphql."""
    return print_schema(build_schema()) + "\n"
