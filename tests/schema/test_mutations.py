"""What holds for every mutation."""

import pytest

from app.actor import ANONYMOUS
from app.ids import new_id
from db.models import Booking, Property, User
from tests.schema.face import Face, person
from tests.schema.trade import rows
from tests.support.world import HOST_FACTS, add_user

MUTATIONS = {
    "becomeHost": f"mutation {{ becomeHost(input: {HOST_FACTS}) {{ __typename }} }}",
    "updateProfile": "mutation { updateProfile(input: {}) { __typename } }",
    "revokeSession": 'mutation { revokeSession(input: {sessionId: "x"}) { __typename } }',
    "renamePasskey": """mutation { renamePasskey(input: {passkeyId: "x", name: "a"})
      { __typename } }""",
    "deletePasskey": """mutation { deletePasskey(input: {passkeyId: "x", proof: "a"})
      { __typename } }""",
    "revokeAllSessions": "mutation { revokeAllSessions(input: {}) { __typename } }",
    "linkIdentity": """mutation { linkIdentity(input: {code: "x", codeVerifier: "x"})
      { __typename } }""",
    "unlinkIdentity": 'mutation { unlinkIdentity(input: {identityId: "x"}) { __typename } }',
    "requestDataExport": "mutation { requestDataExport { __typename } }",
    "deleteAccount": 'mutation { deleteAccount(input: {proof: "a"}) { __typename } }',
    "cancelAccountDeletion": "mutation { cancelAccountDeletion { __typename } }",
    "createWishlist": 'mutation { createWishlist(input: {name: "a"}) { __typename } }',
    "renameWishlist": """mutation { renameWishlist(input: {wishlistId: "x", name: "a"})
      { __typename } }""",
    "saveProperty": """mutation { saveProperty(input: {wishlistId: "x", propertyId: "x"})
      { __typename } }""",
    "unsaveProperty": """mutation { unsaveProperty(input: {wishlistId: "x", propertyId: "x"})
      { __typename } }""",
    "saveSearch": 'mutation { saveSearch(input: {name: "a", filter: {}}) { __typename } }',
    "updateSavedSearch": """mutation { updateSavedSearch(input: {savedSearchId: "x"})
      { __typename } }""",
    "deleteSavedSearch": """mutation { deleteSavedSearch(input: {savedSearchId: "x"})
      { __typename } }""",
    "setViewHistory": "mutation { setViewHistory(input: {isOn: true}) { __typename } }",
    "clearViewHistory": "mutation { clearViewHistory { __typename } }",
    "recordPropertyView": """mutation { recordPropertyView(input: {propertyId: "x"})
      { __typename } }""",
    "createProperty": """mutation { createProperty(input: {title: "A", type: BOAT, maxGuests: 1,
      location: {city: "A", country: "PT", latitude: 1, longitude: 1}, timezone: "GMT",
      pricePerNight: {amount: 1, currency: "EUR"}}) { __typename } }""",
    "updateProperty": 'mutation { updateProperty(input: {propertyId: "x"}) { __typename } }',
    "setPropertyTaxes": """mutation { setPropertyTaxes(input: {propertyId: "x", taxes: []})
      { __typename } }""",
    "createPromotion": """mutation { createPromotion(input: {code: "SUMMER", percent: 10})
      { __typename } }""",
    "endPromotion": 'mutation { endPromotion(input: {promotionId: "x"}) { __typename } }',
    "staffCreatePromotion": """mutation { staffCreatePromotion(input: {reason: "a",
      promotion: {code: "SUMMER", percent: 10}}) { __typename } }""",
    "staffEndPromotion": """mutation { staffEndPromotion(input: {promotionId: "x", reason: "a"})
      { __typename } }""",
    "staffWaiveCancellationFee": """mutation { staffWaiveCancellationFee(
      input: {bookingId: "x", reason: "a"}) { __typename } }""",
    "staffReconcile": """mutation { staffReconcile(input: {provider: STRIPE, reason: "a"})
      { __typename } }""",
    "staffReleasePayouts": """mutation { staffReleasePayouts(input: {provider: STRIPE,
      currency: "EUR", reason: "a"}) { __typename } }""",
    "staffBookDifference": """mutation { staffBookDifference(input: {differenceId: "x",
      reason: "a"}) { __typename } }""",
    "updateCalendar": """mutation { updateCalendar(input: {propertyId: "x", changes: []})
      { __typename } }""",
    "rotateCalendarFeed": """mutation { rotateCalendarFeed(input: {propertyId: "x"})
      { __typename } }""",
    "addCalendarImport": """mutation { addCalendarImport(input: {propertyId: "x", name: "a",
      url: "https://a.example"}) { __typename } }""",
    "removeCalendarImport": """mutation { removeCalendarImport(input: {importId: "x"})
      { __typename } }""",
    "syncCalendarImport": """mutation { syncCalendarImport(input: {importId: "x"})
      { __typename } }""",
    "inviteCoHost": """mutation { inviteCoHost(input: {propertyId: "x", email: "a@example.com",
      rights: [ALL]}) { __typename } }""",
    "acceptCoHostInvitation": """mutation { acceptCoHostInvitation(input: {token: "x"})
      { __typename } }""",
    "updateCoHost": """mutation { updateCoHost(input: {coHostId: "x", rights: [ALL]})
      { __typename } }""",
    "removeCoHost": 'mutation { removeCoHost(input: {coHostId: "x"}) { __typename } }',
    "leaveCoHosting": 'mutation { leaveCoHosting(input: {propertyId: "x"}) { __typename } }',
    "createPhotoUploads": """mutation { createPhotoUploads(input: {propertyId: "x", files: []})
      { __typename } }""",
    "completePhotoUploads": """mutation { completePhotoUploads(input: {uploadIds: ["x"]})
      { __typename } }""",
    "updatePhoto": """mutation { updatePhoto(input: {photoId: "x", caption: "a"})
      { __typename } }""",
    "reorderPhotos": """mutation { reorderPhotos(input: {propertyId: "x", photoIds: []})
      { __typename } }""",
    "deletePhoto": 'mutation { deletePhoto(input: {photoId: "x"}) { __typename } }',
    "snoozeProperty": """mutation { snoozeProperty(input: {propertyId: "x", until: "2027-01-01"})
      { __typename } }""",
    "archiveProperty": 'mutation { archiveProperty(input: {propertyId: "x"}) { __typename } }',
    "deleteProperty": 'mutation { deleteProperty(input: {propertyId: "x"}) { __typename } }',
    "duplicateProperty": 'mutation { duplicateProperty(input: {propertyId: "x"}) { __typename } }',
    "publishProperty": 'mutation { publishProperty(input: {propertyId: "x"}) { __typename } }',
    "unpublishProperty": 'mutation { unpublishProperty(input: {propertyId: "x"}) { __typename } }',
    "createBooking": """mutation { createBooking(input: {propertyId: "x", checkIn: "2027-01-01",
      checkOut: "2027-01-02", guests: {}, idempotencyKey: "k",
      expectedTotal: {amount: 1, currency: "EUR"}}) { __typename } }""",
    "acceptBooking": 'mutation { acceptBooking(input: {bookingId: "x"}) { __typename } }',
    "declineBooking": 'mutation { declineBooking(input: {bookingId: "x"}) { __typename } }',
    "cancelBooking": 'mutation { cancelBooking(input: {bookingId: "x"}) { __typename } }',
    "proposeAlteration": """mutation { proposeAlteration(input: {bookingId: "x",
      idempotencyKey: "k", expectedTotal: {amount: 1, currency: "EUR"}}) { __typename } }""",
    "acceptAlteration": """mutation { acceptAlteration(input: {alterationId: "x",
      idempotencyKey: "k", expectedTotal: {amount: 1, currency: "EUR"}}) { __typename } }""",
    "declineAlteration": """mutation { declineAlteration(input: {alterationId: "x"})
      { __typename } }""",
    "withdrawAlteration": """mutation { withdrawAlteration(input: {alterationId: "x"})
      { __typename } }""",
    "createReview": """mutation { createReview(input: {bookingId: "x", rating: 5, comment: "a"})
      { __typename } }""",
    "createPayoutAccountLink": """mutation { createPayoutAccountLink(input:
      {returnUrl: "https://a.example", refreshUrl: "https://a.example"}) { __typename } }""",
    "setPayoutRecipient": """mutation { setPayoutRecipient(input: {currency: "GHS",
      kind: BANK_ACCOUNT, institutionCode: "1", accountNumber: "12345678", accountName: "a"})
      { __typename } }""",
    "staffChangeRole": """mutation { staffChangeRole(input:
      {userId: "x", role: ADMIN, reason: "a"}) { __typename } }""",
} | {
    name: f'mutation {{ {name}(input: {{userId: "x", reason: "a"}}) {{ __typename }} }}'
    for name in (
        "staffResendVerification",
        "staffRevokeSessions",
        "staffSuspend",
        "staffReinstate",
    )
}
MUTATIONS |= {
    name: f'mutation {{ {name}(input: {{wishlistId: "x"}}) {{ __typename }} }}'
    for name in ("deleteWishlist", "shareWishlist", "unshareWishlist")
}


def test_every_mutation_is_listed_here(face: Face) -> None:
    mutation = face.schema._schema.mutation_type
    assert mutation is not None
    assert set(mutation.fields) == set(MUTATIONS)


@pytest.mark.parametrize("name", MUTATIONS)
async def test_anonymous_callers_are_told_to_sign_in(face: Face, name: str) -> None:
    assert await face.codes(MUTATIONS[name], ANONYMOUS) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("updateProperty", "NotFoundError"),
        ("publishProperty", "NotFoundError"),
        ("unpublishProperty", "NotFoundError"),
        ("snoozeProperty", "NotFoundError"),
        ("archiveProperty", "NotFoundError"),
        ("deleteProperty", "NotFoundError"),
        ("duplicateProperty", "NotFoundError"),
        ("inviteCoHost", "NotFoundError"),
        ("acceptCoHostInvitation", "NotFoundError"),
        ("updateCoHost", "NotFoundError"),
        ("removeCoHost", "NotFoundError"),
        ("leaveCoHosting", "NotFoundError"),
        ("createBooking", "InvalidInputError"),
        ("acceptBooking", "NotFoundError"),
        ("declineBooking", "NotFoundError"),
        ("cancelBooking", "NotFoundError"),
        ("createReview", "NotFoundError"),
        ("createProperty", "HostRequiredError"),
        ("createPayoutAccountLink", "HostRequiredError"),
        ("setPayoutRecipient", "HostRequiredError"),
        ("becomeHost", "BecomeHostSuccess"),
    ],
)
async def test_signed_in_callers_get_data(face: Face, name: str, kind: str) -> None:
    guest = person(await add_user(face.db))
    assert (await face.ask(MUTATIONS[name], guest))[name]["__typename"] == kind


async def test_a_token_whose_user_is_gone(face: Face) -> None:
    data = await face.ask(MUTATIONS["becomeHost"], person(new_id()))
    assert data["becomeHost"]["__typename"] == "NotFoundError"


async def test_the_answer_is_read_after_the_commit(face: Face) -> None:
    """A fresh set of loaders after each mutation: nothing read before is shown again."""
    guest = person(await add_user(face.db))
    query = f"""mutation {{
      becomeHost(input: {HOST_FACTS}) {{
        ... on BecomeHostSuccess {{ user {{ isHost hostSince }} }} }}
      again: becomeHost(input: {HOST_FACTS}) {{
        ... on BecomeHostSuccess {{ user {{ isHost }} }} }} }}"""
    data = await face.ask(query, guest)
    assert data["becomeHost"]["user"]["isHost"] is True
    assert data["becomeHost"]["user"]["hostSince"] is not None
    assert data["again"]["user"]["isHost"] is True


async def test_nothing_is_left_by_refusals(face: Face) -> None:
    guest = person(await add_user(face.db))
    before = await rows(face, User)
    # One succeeds; the others want a session that is open.
    own = {"revokeSession", "revokeAllSessions"}
    own |= {"requestDataExport", "deleteAccount", "cancelAccountDeletion"}
    for name, query in MUTATIONS.items():
        if name not in own | {"becomeHost"}:
            await face.ask(query, guest)
    assert await rows(face, Booking) == 0
    assert await rows(face, Property) == 0
    assert await rows(face, User) == before
