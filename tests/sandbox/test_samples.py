"""Every object that the sandbox makes, held against Stripe's published sample of its kind.

The keys are the same and the types too. Where a sample shows a value that real objects often lack
(`next_action`, `shipping`), null is fine if the official library declares the field Optional; and
where a real object says more than its sample (`next_action.redirect_to_url`), the library must
declare that field.
"""

import json
import typing
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import pytest
import stripe

from tests.sandbox.making import confirm, host, open_intent, paid_intent
from tests.sandbox.receiver import Receiver
from tests.support.sandbox import Control

SAMPLES = json.loads((Path(__file__).parent / "stripe_samples.json").read_text())["resources"]
CLASSES: dict[str, type] = {
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "balance_transaction": stripe.BalanceTransaction,
    "balance": stripe.Balance,
    "account": stripe.Account,
    "account_link": stripe.AccountLink,
    "dispute": stripe.Dispute,
    "transfer": stripe.Transfer,
    "transfer_reversal": stripe.TransferReversal,
    "event": stripe.Event,
    "webhook_endpoint": stripe.WebhookEndpoint,
}
# Fields that Stripe leaves out or adds by the case.
ABSENT = {"charge.refunds"}  # since 2022-11-15 only when expanded
PRESENT = {
    "event.account",  # in events of connected accounts
    "webhook_endpoint.secret",  # in the answer that creates it
}
# Hashes whose keys are the platform's or the type's own.
FREE = {"metadata", "event.data.object", "event.data.previous_attributes", "account.capabilities"}


def hints(cls: Any) -> dict[str, Any]:
    """What the library declares about a class of objects."""
    if not isinstance(cls, type):
        return {}
    try:
        return typing.get_type_hints(cls, {**vars(stripe), **typing.__dict__})
    except NameError:
        return dict(cls.__annotations__)


def choices(hint: Any) -> list[Any]:
    """The parts of a Union, or the hint itself."""
    if get_origin(hint) is Union:
        return [part for each in get_args(hint) for part in choices(each)]
    return [hint]


def nested_class(hint: Any) -> Any:
    """The class of the object (or of a list's items) that a field holds."""
    for part in choices(hint):
        if get_origin(part) is list:
            return nested_class(get_args(part)[0])
        if isinstance(part, type) and issubclass(part, stripe.StripeObject):
            return part
    return None


def differences(ours: Any, sample: Any, path: str, hint: Any = None) -> list[str]:
    """What is wrong with `ours`, in words."""
    name = path.rsplit(".", 1)[-1]
    if ours is None or sample is None:
        optional = hint is not None and type(None) in choices(hint)
        if ours is None and sample is not None and not optional:
            return [f"{path}: null, where Stripe has {sample!r}"]
        return []
    if isinstance(sample, bool) or isinstance(ours, bool):
        return [] if type(ours) is type(sample) else [f"{path}: {ours!r} for {sample!r}"]
    if type(ours) is not type(sample):
        return [f"{path}: {type(ours).__name__}, where Stripe has {type(sample).__name__}"]
    if path in FREE or name in FREE:
        return []
    if isinstance(ours, list):
        found = []
        for item in ours[:3] if sample else []:
            found += differences(item, sample[0], f"{path}[]", hint)
        return found
    if isinstance(ours, dict):
        return dict_differences(ours, sample, path, nested_class(hint))
    return []


def dict_differences(ours: Any, sample: Any, path: str, cls: Any) -> list[str]:
    declared = hints(cls)
    found = []
    for key in sample.keys() | ours.keys():
        where = f"{path}.{key}"
        if key not in ours:
            if where not in ABSENT and not optional_part(path, key, declared):
                found.append(f"{where}: missing")
        elif key not in sample:
            if where not in PRESENT and (is_object(path) or key not in declared):
                found.append(f"{where}: Stripe has no such key")
        else:
            found += differences(ours[key], sample[key], where, declared.get(key))
    return found


def is_object(path: str) -> bool:
    """Whether the path is a whole object's, where the sample's keys are all there are."""
    return "." not in path


def optional_part(path: str, key: str, declared: dict[str, Any]) -> bool:
    return not is_object(path) and type(None) in choices(declared.get(key, str))


def check(ours: Any) -> None:
    kind = ours["object"]
    found = dict_differences(ours, SAMPLES[kind], kind, CLASSES[kind])
    assert not found, f"{kind}: " + "; ".join(sorted(found))


async def world(client: stripe.StripeClient, control: Control) -> None:
    """Objects of every kind in every state that the sandbox knows."""
    await open_intent(client)
    await open_intent(client, payment_method="pm_card_visa")
    await client.v1.payment_intents.cancel_async((await open_intent(client)).id)
    held = await paid_intent(client, capture_method="manual", description="Two nights")
    await client.v1.payment_intents.capture_async(held.id, {"amount_to_capture": 6_000})
    await paid_intent(client, capture_method="manual")
    await client.v1.refunds.create_async({"payment_intent": held.id, "amount": 1_000})
    with pytest.raises(stripe.CardError):
        await confirm(client, await open_intent(client), "pm_card_radarBlock")
    for passed in (True, False, None):
        asked = await confirm(client, await open_intent(client), "pm_card_authenticationRequired")
        if passed is not None:
            await control.challenge(asked.id, passed=passed)
    for card in ("pm_card_createDispute", "pm_card_createDisputeInquiry"):
        await confirm(client, await open_intent(client), card)
    await host(client)
    account = await host(client)
    await control.onboard(account.id)
    transfer = await client.v1.transfers.create_async(
        {"amount": 2_000, "currency": "eur", "destination": account.id}
    )
    await client.v1.transfers.reversals.create_async(transfer.id, {"amount": 500})


@pytest.fixture
async def made(client: stripe.StripeClient, control: Control) -> Any:
    await world(client, control)
    return await control.state()


@pytest.mark.parametrize(
    ("kind", "at_least"),
    [
        ("payment_intent", 9),
        ("charge", 4),
        ("refund", 1),
        ("dispute", 2),
        ("balance_transaction", 4),
        ("account", 2),
        ("transfer", 1),
        ("transfer_reversal", 1),
        ("event", 20),
    ],
)
async def test_objects(made: Any, kind: str, at_least: int) -> None:
    assert len(made[f"{kind}s"]) >= at_least
    for row in made[f"{kind}s"]:
        check(row)


async def test_objects_of_events(made: Any) -> None:
    for event in made["events"]:
        check(event["data"]["object"])


async def test_what_only_an_answer_shows(client: stripe.StripeClient, made: Any) -> None:
    charge = made["charges"][0]["id"]
    expanded = await client.v1.charges.retrieve_async(charge, {"expand": ["refunds"]})
    whole = expanded.to_dict()
    assert whole.keys() == SAMPLES["charge"].keys()
    check(whole)
    for refund in whole["refunds"]["data"]:
        check(refund)
    check((await client.v1.balance.retrieve_async()).to_dict())
    method = await client.v1.payment_methods.create_async(
        {"type": "card", "card": {"token": "tok_visa"}}
    )
    check(method.to_dict())
    link = await client.v1.account_links.create_async(
        {
            "account": made["accounts"][0]["id"],
            "type": "account_onboarding",
            "refresh_url": "https://shop.example/again",
            "return_url": "https://shop.example/done",
        }
    )
    check(link.to_dict())
    endpoint = await client.v1.webhook_endpoints.create_async(
        {"url": "https://shop.example/hook", "enabled_events": ["charge.failed"]}
    )
    check(endpoint.to_dict())
    listed = await client.v1.webhook_endpoints.list_async()
    for one in listed.data:
        check(one.to_dict())


async def test_every_kind_is_covered(made: Any, receiver: Receiver) -> None:
    """A new kind of object can't be forgotten here."""
    kinds = {
        row["object"]
        for rows in made.values()
        if isinstance(rows, list)
        for row in rows
        if "object" in row
    }
    assert kinds <= SAMPLES.keys()
    assert SAMPLES.keys() == CLASSES.keys()


def test_the_comparison_can_fail() -> None:
    good = json.loads(json.dumps(SAMPLES["refund"]))
    check(good)
    for spoil in (
        {"amount": "100"},
        {"amount": None},
        {"surprise": 1},
        {"destination_details": {"card": {"type": 1}, "type": "card"}},
        {"destination_details": {"card": {"type": "x"}, "type": "card", "odd": 1}},
    ):
        with pytest.raises(AssertionError, match="refund"):
            check({**good, **spoil})
    del good["reason"]
    with pytest.raises(AssertionError, match="reason: missing"):
        check(good)
