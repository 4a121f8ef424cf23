"""Wishlists and what was looked at, over GraphQL."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from app.actor import ANONYMOUS, Actor
from app.config import Settings
from app.runtime import open_runtime
from db.models import Property, User
from db.session import Database
from schema.transport.schema import Schema
from tests.schema.face import Face, gid, person
from tests.support.statements import counted
from tests.support.world import add_host, add_property, add_user

LISTS = """{ viewer { wishlists { totalCount edges { node { id name shareToken shareUrl
  items(first: 2) { totalCount pageInfo { hasNextPage endCursor } edges { node { id note checkIn
    checkOut guests { adults pets } property { id title } } } } } } } } }"""
MORE = """query ($id: ID!, $after: String) { node(id: $id) { ... on Wishlist {
  items(first: 2, after: $after) { edges { node { property { title } } } } } } }"""
CREATE = """mutation ($name: String!) { createWishlist(input: {name: $name}) { __typename
  ... on InvalidInputError { field } ... on CreateWishlistSuccess { wishlist { id name } } } }"""
SAVE = """mutation ($input: SavePropertyInput!) { saveProperty(input: $input) { __typename
  ... on Error { code } ... on InvalidInputError { field }
  ... on SavePropertySuccess { item { note property { isSaved savedIn { name } } } } } }"""
UNSAVE = """mutation ($input: UnsavePropertyInput!) { unsaveProperty(input: $input) {
  ... on UnsavePropertySuccess { property { isSaved } wishlist { items { totalCount } } } } }"""
SHARE = """mutation ($id: ID!, $new: Boolean!) {
  shareWishlist(input: {wishlistId: $id, newLink: $new}) {
    ... on ShareWishlistSuccess { wishlist { shareToken shareUrl } } } }"""
CHANGE = """mutation ($input: %sInput!) { %s(input: $input) { __typename
  ... on Error { code } } }"""
UNSHARE = CHANGE % ("UnshareWishlist", "unshareWishlist")
RENAME = CHANGE % ("RenameWishlist", "renameWishlist")
DELETE = CHANGE % ("DeleteWishlist", "deleteWishlist")
SHARED = """query ($token: String!) { sharedWishlist(token: $token) { name ownerFirstName
  items { totalCount edges { node { addedAt property { title } } } } } }"""
SEARCH = "{ searchProperties { edges { node { title isSaved savedIn { name } } } } }"
VIEW = """mutation ($id: ID!) { recordPropertyView(input: {propertyId: $id}) {
  ... on RecordPropertyViewSuccess { isRecorded
    user { recentlyViewed(first: 2) { property { title } viewedAt } } } ... on Error { code } } }"""
HISTORY = """mutation ($on: Boolean!) { setViewHistory(input: {isOn: $on}) {
  ... on SetViewHistorySuccess { user { keepsViewHistory recentlyViewed { viewedAt } } } } }"""
SEARCHES = """{ viewer { savedSearches { id name filter emailAlerts } } }"""
SAVE_SEARCH = """mutation ($input: SaveSearchInput!) { saveSearch(input: $input) { __typename
  ... on InvalidInputError { field }
  ... on SaveSearchSuccess { savedSearch { id name filter emailAlerts } } } }"""
UPDATE_SEARCH = """mutation ($input: UpdateSavedSearchInput!) { updateSavedSearch(input: $input) {
  ... on Error { code }
  ... on UpdateSavedSearchSuccess { savedSearch { name filter emailAlerts } } } }"""
DELETE_SEARCH = CHANGE % ("DeleteSavedSearch", "deleteSavedSearch")
FIND = """query ($filter: PropertyFilter) { searchProperties(filter: $filter) {
  edges { node { title } } } }"""


@pytest.fixture
async def face(
    settings: Settings, whole_schema: Schema, core_schema: Schema
) -> AsyncIterator[Face]:
    settings = msgspec.structs.replace(settings, web_origins=("https://app.roost.example",))
    async with open_runtime(settings) as runtime:
        yield Face(whole_schema, runtime, core_schema)


@pytest.fixture
async def guest(face: Face) -> Actor:
    return person(await add_user(face.db, first_name="Ada"))


@pytest.fixture
async def homes(face: Face) -> list[str]:
    host = await add_host(face.db)
    keys = [await add_property(face.db, host, title=f"Home {number}") for number in range(3)]
    return [gid("Property", key) for key in keys]


async def begun(face: Face, who: Actor, name: str = "Summer") -> str:
    done = (await face.ask(CREATE, who, name=name))["createWishlist"]
    wishlist: str = done["wishlist"]["id"]
    return wishlist


async def saved(face: Face, who: Actor, wishlist: str, home: str, **more: Any) -> dict[str, Any]:
    input = {"wishlistId": wishlist, "propertyId": home} | more
    done: dict[str, Any] = (await face.ask(SAVE, who, input=input))["saveProperty"]
    return done


async def hide(db: Database, home: str) -> None:
    async with db.transaction() as session:
        await session.execute(
            update(Property).where(Property.title == home).values(status="UNPUBLISHED")
        )


async def test_places_are_kept_with_notes_and_read_page_by_page(
    face: Face, guest: Actor, homes: list[str]
) -> None:
    wishlist = await begun(face, guest, " Summer ")
    more = {"note": "By the sea", "checkIn": "2027-05-01", "checkOut": "2027-05-04"}
    done = await saved(face, guest, wishlist, homes[0], guests={"adults": 2, "pets": 1}, **more)
    assert done["item"] == {
        "note": "By the sea",
        "property": {"isSaved": True, "savedIn": [{"name": "Summer"}]},
    }
    for home in homes[1:]:
        await saved(face, guest, wishlist, home)
    lists = (await face.ask(LISTS, guest))["viewer"]["wishlists"]
    assert lists["totalCount"] == 1
    [shown] = [edge["node"] for edge in lists["edges"]]
    assert (shown["name"], shown["shareToken"], shown["shareUrl"]) == ("Summer", None, None)
    page = shown["items"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    titles = [edge["node"]["property"]["title"] for edge in page["edges"]]
    assert titles == ["Home 2", "Home 1"]
    rest = await face.ask(MORE, guest, id=wishlist, after=page["pageInfo"]["endCursor"])
    assert rest["node"]["items"]["edges"] == [{"node": {"property": {"title": "Home 0"}}}]
    # Somebody else has no such list, and no such places.
    assert await face.ask(MORE, person(await add_user(face.db)), id=wishlist) == {"node": None}


async def test_lists_with_their_places_are_read_level_by_level(
    face: Face, guest: Actor, homes: list[str]
) -> None:
    alone, statements = Face(face.schema, face.runtime), []
    for count in (1, 2):
        for number in range(count):
            wishlist = await begun(face, guest, f"List {count} {number}")
            for home in homes[: count + 1]:
                await saved(face, guest, wishlist, home)
        with counted(face.db) as seen:
            await alone.ask(LISTS, guest)
        statements.append(len(seen))
    # Lists and how many, what is on them and how much, and the places.
    assert statements == [5, 5]


async def test_what_is_missing_in_an_input_is_said(
    face: Face, guest: Actor, homes: list[str]
) -> None:
    wishlist = await begun(face, guest)
    done = await saved(face, guest, wishlist, homes[0], checkIn="2027-05-01")
    assert (done["__typename"], done["field"]) == ("InvalidInputError", "checkOut")
    done = await saved(face, guest, wishlist, homes[0], checkIn=None, checkOut="2027-05-01")
    assert done["field"] == "checkIn"
    assert (await saved(face, guest, "nonsense", homes[0]))["code"] == "NOT_FOUND"
    assert (await saved(face, guest, wishlist, wishlist))["code"] == "NOT_FOUND"
    assert (await face.ask(CREATE, guest, name=" "))["createWishlist"]["field"] == "name"
    rename = {"wishlistId": wishlist, "name": "x" * 61}
    done = (await face.ask(RENAME, guest, input=rename))["renameWishlist"]
    assert done["__typename"] == "InvalidInputError"


async def test_a_place_that_is_hidden_stays_on_the_list_and_tells_nothing(
    face: Face, guest: Actor, homes: list[str]
) -> None:
    wishlist = await begun(face, guest)
    await saved(face, guest, wishlist, homes[0], note="By the sea")
    await hide(face.db, "Home 0")
    [edge] = (await face.ask(LISTS, guest))["viewer"]["wishlists"]["edges"]
    [item] = [each["node"] for each in edge["node"]["items"]["edges"]]
    assert (item["note"], item["property"]) == ("By the sea", None)
    input = {"wishlistId": wishlist, "propertyId": homes[0]}
    done = (await face.ask(UNSAVE, guest, input=input))["unsaveProperty"]
    assert done == {"property": None, "wishlist": {"items": {"totalCount": 0}}}


async def test_a_list_is_shared_by_a_link_until_that_ends(
    face: Face, guest: Actor, homes: list[str]
) -> None:
    wishlist = await begun(face, guest)
    await saved(face, guest, wishlist, homes[0], note="A secret")
    await saved(face, guest, wishlist, homes[1])
    await hide(face.db, "Home 1")
    links = []
    for new in (False, False, True):
        done = await face.ask(SHARE, guest, id=wishlist, new=new)
        links.append(done["shareWishlist"]["wishlist"])
    assert links[0] == links[1] != links[2]
    assert links[2]["shareUrl"] == (
        f"https://app.roost.example/wishlists/shared/{links[2]['shareToken']}"
    )
    token = links[2]["shareToken"]
    for viewer in (ANONYMOUS, person(await add_user(face.db)), guest):
        shown = (await face.ask(SHARED, viewer, token=token))["sharedWishlist"]
        assert (shown["name"], shown["ownerFirstName"]) == ("Summer", "Ada")
        places = [edge["node"]["property"] for edge in shown["items"]["edges"]]
        assert places == [None, {"title": "Home 0"}]
        assert "secret" not in str(shown)
    nothing = {"sharedWishlist": None}
    assert await face.ask(SHARED, token=links[0]["shareToken"]) == nothing
    async with face.db.transaction() as session:
        gone = update(User).where(User.id == guest.user_id)
        await session.execute(gone.values(suspended_at=User.created_at))
    assert await face.ask(SHARED, token=token) == nothing
    async with face.db.transaction() as session:
        await session.execute(gone.values(suspended_at=None))
    for _ in range(2):
        await face.ask(UNSHARE, guest, input={"wishlistId": wishlist})
    assert await face.ask(SHARED, token=token) == nothing
    await face.ask(SHARE, guest, id=wishlist, new=False)
    await face.ask(DELETE, guest, input={"wishlistId": wishlist})
    assert (await face.ask(LISTS, guest))["viewer"]["wishlists"]["totalCount"] == 0


async def test_a_page_of_places_says_which_are_kept_in_one_statement(
    face: Face, guest: Actor, homes: list[str]
) -> None:
    summer, winter = await begun(face, guest, "Summer"), await begun(face, guest, "Winter")
    await saved(face, guest, summer, homes[0])
    await saved(face, guest, winter, homes[0])
    await saved(face, guest, winter, homes[1])
    stranger = person(await add_user(face.db))
    alone = Face(face.schema, face.runtime)
    statements = {}
    for name, viewer in (("anonymous", ANONYMOUS), ("stranger", stranger), ("guest", guest)):
        with counted(face.db) as seen:
            found = (await alone.ask(SEARCH, viewer))["searchProperties"]["edges"]
        statements[name] = len(seen)
        lists = {
            each["node"]["title"]: [kept["name"] for kept in each["node"]["savedIn"]]
            for each in found
        }
        kept = {each["node"]["title"] for each in found if each["node"]["isSaved"]}
        if viewer is guest:
            assert lists == {"Home 0": ["Winter", "Summer"], "Home 1": ["Winter"], "Home 2": []}
            assert kept == {"Home 0", "Home 1"}
        else:
            assert not any(lists.values())
            assert not kept
    # The first reads the page, with a snapshot; the others ask whether it is still the same.
    assert statements == {"anonymous": 2, "stranger": 2, "guest": 2}


async def test_what_was_looked_at_is_the_viewers_to_see_and_to_switch_off(
    face: Face, guest: Actor, homes: list[str]
) -> None:
    for home in homes:
        done = (await face.ask(VIEW, guest, id=home))["recordPropertyView"]
        assert done["isRecorded"]
    seen = [view["property"]["title"] for view in done["user"]["recentlyViewed"]]
    assert seen == ["Home 2", "Home 1"]
    await hide(face.db, "Home 2")
    done = (await face.ask(VIEW, guest, id=homes[2]))["recordPropertyView"]
    assert done["code"] == "NOT_FOUND"
    query = "{ viewer { recentlyViewed { property { title } } keepsViewHistory } }"
    viewer = (await face.ask(query, guest))["viewer"]
    assert [view["property"]["title"] for view in viewer["recentlyViewed"]] == ["Home 1", "Home 0"]
    assert viewer["keepsViewHistory"] is True
    done = (await face.ask(HISTORY, guest, on=False))["setViewHistory"]
    assert done["user"] == {"keepsViewHistory": False, "recentlyViewed": []}
    done = (await face.ask(VIEW, guest, id=homes[0]))["recordPropertyView"]
    assert (done["isRecorded"], done["user"]["recentlyViewed"]) == (False, [])
    done = (await face.ask(HISTORY, guest, on=True))["setViewHistory"]
    assert done["user"]["keepsViewHistory"] is True


async def test_a_search_is_kept_and_given_back_as_it_was_asked(
    face: Face, guest: Actor, homes: list[str]
) -> None:
    wanted = {
        "where": "Lisboa",
        "checkIn": "2027-05-01",
        "checkOut": "2027-05-04",
        "guests": {"adults": 2, "children": 0, "infants": 0, "pets": 0},
        "currency": "EUR",
        "minPrice": 10_00,
        "propertyTypes": ["APARTMENT"],
        "amenities": [],
        "instantBook": True,
    }
    left_out = {"city": None, "area": None}
    saving = {"name": "Lisbon in May", "filter": wanted | left_out}
    done = (await face.ask(SAVE_SEARCH, guest, input=saving))["saveSearch"]["savedSearch"]
    assert done["filter"] == wanted
    key = done.pop("id")
    assert (await face.ask(SEARCHES, guest))["viewer"]["savedSearches"] == [done | {"id": key}]
    # It can be asked again with what was given back.
    assert (await face.ask(FIND, guest, filter=done["filter"]))["searchProperties"]
    change = {"savedSearchId": key, "name": None, "filter": {"city": "Porto"}, "emailAlerts": True}
    done = (await face.ask(UPDATE_SEARCH, guest, input=change))["updateSavedSearch"]
    assert done["savedSearch"] == {
        "name": "Lisbon in May",
        "filter": {"city": "Porto"},
        "emailAlerts": True,
    }
    change = {"savedSearchId": key, "name": "Porto"}
    done = (await face.ask(UPDATE_SEARCH, guest, input=change))["updateSavedSearch"]
    assert done["savedSearch"]["name"] == "Porto"
    assert done["savedSearch"]["emailAlerts"] is True
    done = await face.ask(UPDATE_SEARCH, guest, input=change | {"savedSearchId": homes[0]})
    assert done["updateSavedSearch"]["code"] == "NOT_FOUND"
    await face.ask(DELETE_SEARCH, guest, input={"savedSearchId": key})
    assert (await face.ask(SEARCHES, guest))["viewer"]["savedSearches"] == []


async def test_a_search_that_could_not_be_made_is_not_kept(face: Face, guest: Actor) -> None:
    for name, wanted, field in (
        ("", {}, "name"),
        ("A", {"minPrice": -1}, "minPrice"),
        ("A", {"checkIn": "2027-05-01"}, "checkOut"),
        ("A", {"place": "nonsense"}, "place"),
    ):
        saving = {"name": name, "filter": wanted}
        done = (await face.ask(SAVE_SEARCH, guest, input=saving))["saveSearch"]
        assert (done["__typename"], done["field"]) == ("InvalidInputError", field)
    assert (await face.ask(SEARCHES, guest))["viewer"]["savedSearches"] == []
