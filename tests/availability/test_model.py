"""Calendars are those of the slow model: in Python, and in the SQL that reads and searches them."""

from collections import Counter
from datetime import date, time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from app.availability import rules
from app.availability.calendar import Night, calendars
from app.availability.reasons import PRIVATE, explained
from app.availability.service import taken
from app.pricing.service import quotes
from app.properties.terms import Fees
from app.search.filters import Filter
from app.search.pages import search
from app.search.sorts import Sort
from db.session import Database
from tests.support import model
from tests.support.model import DAY
from tests.support.places import (
    DAYS,
    ZONES,
    guests_of,
    insert_place,
    night_terms_of,
    random_now,
    random_party,
    random_place,
    random_stay,
    stay_terms_of,
)
from tests.support.world import add_host, add_user

FEES = Fees(guest_fee_bp=1_234, host_fee_bp=321)


@given(
    st.sampled_from(DAYS),
    st.integers(-1, 1),
    st.times().map(lambda at: at.replace(microsecond=0)) | st.builds(time, st.integers(0, 4)),
    st.sampled_from(ZONES),
)
def test_instants_are_the_models(day: date, days: int, at: time, zone: str) -> None:
    """Also of times that the clocks skip or show twice."""
    assert rules.instant(day + days * DAY, at, zone) == model.instant(day + days * DAY, at, zone)


@settings(deadline=None, max_examples=300)
@given(st.randoms(use_true_random=False))
def test_stays_are_refused_as_by_the_model(chance: Random) -> None:
    now = random_now(chance)
    place, party = random_place(chance, now), random_party(chance)
    stay = random_stay(chance, place, now)
    found = rules.refusal(stay_terms_of(place), *stay, guests_of(party), night_terms_of(place), now)
    expected = model.stay_refusals(place, *stay, party, now)
    assert found in expected if expected else found is None


@settings(deadline=None, max_examples=100)
@given(st.randoms(use_true_random=False))
def test_check_in_dates_are_the_models(chance: Random) -> None:
    now = random_now(chance)
    place = random_place(chance, now)
    first, last = rules.check_in_dates(stay_terms_of(place), now)
    for offset in (*range(-2, 5), 9, 10, 11, *range(29, 33), 364, 365, 366, 729, 730, 731):
        day = model.today(place, now) + offset * DAY
        refused = model.check_in_refusals(place, day, now) - {"NO_CHECK_IN_ON_THIS_DAY"}
        assert (first <= day <= last) == (not refused), (day, refused)


@pytest.mark.parametrize("seed", range(2))
async def test_stored_calendars_prices_and_searches_are_the_models(db: Database, seed: int) -> None:
    chance = Random(seed)
    host, guest = await add_host(db), await add_user(db)
    now = random_now(chance)
    places = [random_place(chance, now) for _ in range(25)]
    ids = [await insert_place(db, place, host, guest) for place in places]
    start = now.date() - 5 * DAY
    shown = await calendars(db, ids, start, start + 40 * DAY, now)
    reasons = await explained(db, ids, start, start + 40 * DAY, now)
    seen: Counter[str] = Counter()
    for key, place in zip(ids, places, strict=True):
        for night in shown[key]:
            day = night.date
            refused = model.night_refusals(place, day, now)
            eve_refused = model.night_refusals(place, day - DAY, now)
            assert night.available == (not refused), (place, day)
            arrival = model.check_in_refusals(place, day, now)
            assert night.can_check_in == (not refused | arrival), (place, day)
            may_leave = model.is_weekday(place.check_out_weekdays, day)
            assert night.can_check_out == (may_leave and not eve_refused), (place, day)
            assert night.price.amount == model.night_price(place, day)
            assert night.price.currency == place.currency
            assert night.min_nights == (place.night(day).min_nights or place.min_nights)
            seen.update(refused | arrival)
        assert reasons[key].host_id == host
        for told in reasons[key].nights:
            assert set(told.why_not) == model.why_not(place, told.date, now), (place, told.date)
            assert len(set(told.why_not)) == len(told.why_not)
            private = {"UNAVAILABLE"} if PRIVATE.intersection(told.why_not) else set()
            assert set(told.for_strangers().why_not) == set(told.why_not) - PRIVATE | private
        plain = [Night(*structs.astuple(told)[:-1]) for told in reasons[key].nights]
        assert plain == shown[key]
    # The worlds are rich enough: each kind of refusal occurs.
    assert seen.keys() >= {"IN_THE_PAST", "CLOSED", "BOOKED", "HELD", "BLOCKED", "PREPARATION"}
    for _ in range(25):
        stay, party = random_stay(chance, places[0], now), random_party(chance)
        guests = guests_of(party)
        page = await search(
            db,
            Filter(check_in=stay[0], check_out=stay[1], guests=guests),
            Sort.NEWEST,
            50,
            None,
            now,
            FEES,
            priced=True,
        )
        hits = {edge.property.id: edge.stay for edge in page.edges}
        priced = await quotes(db, ids, *stay, guests, now, FEES)
        for key, place in zip(ids, places, strict=True):
            not_free = model.taken_nights(place, *stay, now)
            assert await taken(db, key, *stay, now, place.preparation_days) == not_free
            refused = model.stay_refusals(place, *stay, party, now)
            assert (key in hits) == (not refused and not not_free), (place, stay, party)
            expected = model.bill(place, *stay, party, now, guest_fee_bp=1_234, host_fee_bp=321)
            # Taxes of one property have no order in the model.
            assert priced[key].total_minor == expected.total_minor
            if stay_found := hits.get(key):
                assert stay_found.total_minor == expected.total_minor
            assert priced[key].host_payout_minor == expected.host_payout_minor
