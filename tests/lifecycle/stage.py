"""A small marketplace on which anything may happen: people, places, providers, and the time.

Everything is real but the clock, which only moves when it is told to, here and at the providers:
PostgreSQL, the official client libraries, and the sandboxes in processes of their own. Tasks and
timers run when they are told to, too, and webhooks arrive when somebody carries them over.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import insert, select, text
from stripe import StripeClient

from app import clock
from app.actor import ANONYMOUS, Actor, Role
from app.bookings.placing import CreateBooking
from app.config import Settings
from app.payments import inbox
from app.payments.provider import RecipientDetails
from app.payouts import accounts, recipients
from app.payouts import flows as payouts
from app.runtime import Runtime
from db.enums import PaymentMethod, PaymentProvider, PayoutAccountKind
from db.models import CoHost, OutboxMessage, PropertyTax
from jobs import execution
from jobs.registry import SWEEPS, TASKS
from tests.schema.face import Face
from tests.support import money, paystack_till
from tests.support.mortal import Fate, Killed
from tests.support.paystack import PaystackSandbox
from tests.support.sandbox import Sandbox
from tests.support.world import add_host, add_property, add_staff, add_user

START = datetime(2027, 5, 10, 8, tzinfo=UTC)
# What runs by itself from time to time: this is about bookings and their money.
TIMERS = ("bookings.", "payments.", "payouts.")
NO_MAIL = "notifications."
ROUNDS = 10
# What providers have that is or may become money.
MONEY = (
    *("payment_intents", "charges", "refunds", "transfers", "transfer_reversals"),
    *("disputes", "balance_transactions", "transactions"),
)

News = tuple[PaymentProvider, dict[str, Any]]
MINUTE = timedelta(seconds=61)


class Place(msgspec.Struct, frozen=True):
    """Somewhere to stay, and how it is paid for."""

    id: UUID
    host: UUID
    timezone: str
    currency: str
    methods: tuple[PaymentMethod, ...]


class Stage:
    """The marketplace. `runtime` is a process that may die, `face` and `db` look from outside."""

    def __init__(
        self,
        runtime: Runtime,
        face: Face,
        fate: Fate,
        sandboxes: tuple[Sandbox, PaystackSandbox],
        browser: StripeClient,
    ) -> None:
        self.runtime = runtime
        self.face = face
        self.db = face.db
        self.fate = fate
        stripe, paystack = sandboxes
        self.sandboxes: dict[PaymentProvider, Sandbox] = {
            PaymentProvider.STRIPE: stripe,
            PaymentProvider.PAYSTACK: paystack,
        }
        self.stripe, self.paystack = stripe, paystack
        self.browser = browser
        self.places: list[Place] = []
        self.guests: list[Actor] = []
        self.hosts: list[Actor] = []
        self.others: dict[str, Actor] = {"ANONYMOUS": ANONYMOUS}
        # What was asked for, to be asked for again under its key.
        self.asked: list[tuple[Actor, CreateBooking]] = []
        # What cancelling was said to give back, by booking.
        self.promised: dict[UUID, int] = {}
        # Webhooks by the ids of their events: how often they came, and those that never will.
        self.arrived: dict[str, int] = {}
        self.lost: set[str] = set()
        # What providers have, as far as nobody has changed it since; and all their webhooks.
        self.shown: dict[PaymentProvider, dict[str, Any]] = {}
        self.events: dict[PaymentProvider, list[dict[str, Any]]] = {}
        # The bookings as they are now, the oldest first.
        self.bookings: list[Any] = []
        self._kept: set[asyncio.Task[Any]] = set()

    # The beginning

    async def set(self) -> None:
        """People, places, and hosts who can be paid."""
        await self._reset()
        db = self.db
        self.guests = [Actor(user_id=await add_user(db)) for _ in range(3)]
        self.hosts = [Actor(user_id=await add_host(db)) for _ in range(2)]
        co_host, helper = await add_host(db), await add_host(db)
        self.others |= {
            "CO_HOST": Actor(user_id=co_host),
            "HELPER": Actor(user_id=helper),
            "ADMIN": await add_staff(db, Role.ADMIN),
            "SUPPORT": await add_staff(db, Role.SUPPORT),
        }
        card, phone = PaymentMethod.CARD, PaymentMethod.MOBILE_MONEY
        await self.add_place(0, (card,), cancellation_policy="FLEXIBLE", preparation_days=1)
        await self.add_place(0, (card,), cancellation_policy="STRICT", instant_book=False)
        await self.add_place(
            1,
            (card,),
            cancellation_policy="MODERATE",
            timezone="Pacific/Kiritimati",
            currency="KWD",
            base_price_minor=33_333,
            cleaning_fee_minor=10_001,
        )
        await self.add_place(
            0,
            (phone, card),
            timezone="Africa/Accra",
            currency="GHS",
            instant_book=False,
            country="GH",
        )
        await self.add_place(
            1,
            (phone, card),
            timezone="Pacific/Pago_Pago",
            currency="GHS",
            cancellation_policy="LIMITED",
        )
        async with db.transaction() as session:
            for place in self.places[:2]:
                for user_id, rights in ((co_host, ["ALL"]), (helper, ["CALENDAR"])):
                    await session.execute(
                        insert(CoHost).values(
                            id=UUID(int=user_id.int ^ place.id.int),
                            property_id=place.id,
                            user_id=user_id,
                            rights=rights,
                            accepted_at=START,
                        )
                    )
        for host in self.hosts:
            await self.open_account(host)

    async def _reset(self) -> None:
        clock.freeze(START)
        for sandbox in self.sandboxes.values():
            await sandbox.control.clear_faults()
            await sandbox.control.reset()
            await sandbox.control.advance(int(START.timestamp() - time.time()))
        await self.paystack.control.hold()
        for currency in ("eur", "kwd"):
            await self.stripe.control.top_up(1_000_000_00, currency)
        await self.paystack.control.top_up(1_000_000_00, "GHS")

    async def add_place(
        self, host: int, methods: tuple[PaymentMethod, ...], **columns: Any
    ) -> Place:
        """One of the hosts lets another place."""
        host_id = self.hosts[host].require_user()
        place_id = await add_property(self.db, host_id, **columns)
        async with self.db.transaction() as session:
            await session.execute(
                insert(PropertyTax).values(
                    id=place_id,
                    property_id=place_id,
                    name="City tax",
                    kind="PERCENTAGE",
                    rate_bp=600,
                )
            )
        place = Place(
            place_id,
            host_id,
            columns.get("timezone", "Europe/Lisbon"),
            columns.get("currency", "EUR"),
            methods,
        )
        self.places.append(place)
        return place

    async def open_account(self, host: Actor) -> None:
        """A host can be paid, in every currency."""
        runtime, host_id = self.runtime, host.require_user()
        account_id = await payouts.open_account(runtime.db, runtime.providers, host_id)
        await self.stripe.control.onboard(account_id)
        stripe = runtime.providers[PaymentProvider.STRIPE]
        await accounts.sync_account(runtime.db, stripe, account_id)
        details = RecipientDetails(
            kind=PayoutAccountKind.MOBILE_MONEY,
            currency="GHS",
            name="Kofi Boateng",
            account_number="0244000100",
            institution="MTN",
        )
        await recipients.set_recipient(runtime.db, runtime.providers, host_id, details)

    # The time

    async def advance(self, by: timedelta) -> None:
        """Time passes, for us and for the providers."""
        seconds = int(by.total_seconds())
        clock.freeze(clock.now() + timedelta(seconds=seconds))
        for sandbox in self.sandboxes.values():
            await sandbox.control.advance(seconds)

    def today(self, place: Place) -> date:
        """The date in that place."""
        return clock.now().astimezone(ZoneInfo(place.timezone)).date()

    async def forget_keys(self) -> None:
        """Stripe remembers no idempotency key. Paystack never has.

        It keeps them for a day: long enough for the task that heals a start to ask for its charge
        first, which it does from 20 s on.
        """
        await self.advance(MINUTE)
        await self.stripe.control.forget_keys()

    # Providers and their webhooks

    async def look(self) -> dict[PaymentProvider, dict[str, Any]]:
        """What the providers have."""
        for name, sandbox in self.sandboxes.items():
            if name not in self.shown:
                self.shown[name] = await sandbox.control.state(*MONEY)
        return self.shown

    async def news(self) -> list[News]:
        """Everything that the providers have sent or would send, the oldest first."""
        for name, sandbox in self.sandboxes.items():
            known = self.events.setdefault(name, [])
            known += (await sandbox.control.state("events", skip=len(known)))["events"]
        return [(name, event) for name, events in self.events.items() for event in events]

    async def unheard(self) -> list[News]:
        """Those that have not arrived, and will."""
        return [
            (name, event)
            for name, event in await self.news()
            if event["id"] not in self.arrived and event["id"] not in self.lost
        ]

    async def deliver(self, name: PaymentProvider, event: dict[str, Any]) -> None:
        """A webhook arrives, signed."""
        self.arrived[event["id"]] = self.arrived.get(event["id"], 0) + 1
        provider = self.runtime.providers[name]
        if name is PaymentProvider.STRIPE:
            raw = msgspec.json.encode(event)
            stamp = int(clock.now().timestamp())
            headers = {"stripe-signature": money.sign(raw, at=stamp)}
        else:
            raw = msgspec.json.encode(event["body"])
            signature = paystack_till.sign(raw, self.paystack.secret_key)
            headers = {"x-paystack-signature": signature}
        await inbox.receive(self.runtime.db, provider, raw, headers)

    # What runs by itself

    async def refresh(self) -> None:
        """Read the bookings again."""
        async with self.db.read() as connection:
            found = await connection.execute(text("SELECT * FROM bookings ORDER BY id"))
            self.bookings = list(found)

    async def tasks(self) -> list[Any]:
        """The tasks that wait, but for letters."""
        async with self.db.read() as connection:
            found = await connection.execute(
                select(OutboxMessage.id, OutboxMessage.task, OutboxMessage.attempts)
                .where(
                    OutboxMessage.done_at.is_(None),
                    OutboxMessage.dead_at.is_(None),
                    OutboxMessage.task.not_like(f"{NO_MAIL}%"),
                )
                .order_by(OutboxMessage.id)
            )
            return list(found)

    async def work(self, row: Any) -> None:
        """Run one of them, whether or not it is due: too early is only another order."""
        task = TASKS[row.task]
        mortal = msgspec.structs.replace(task, run=lambda _, event: task.run(self.runtime, event))
        # That it is begun and done is noted from outside: to die after that is to have died before.
        await execution.execute(self.face.runtime, mortal, row.id, row.attempts)

    async def tick(self, timer: str) -> None:
        """One of the timers fires."""
        await SWEEPS[timer].run(self.runtime)

    async def settle(self) -> None:
        """Let everything come to rest, without further trouble. AssertionError if it does not."""
        self.fate.dies_after = None
        for sandbox in self.sandboxes.values():
            await sandbox.control.clear_faults()
        for _ in range(ROUNDS):
            await self._settle_once()
            if not await self._unrest():
                return
            await self.advance(MINUTE)
        raise AssertionError(f"it never comes to rest: {await self._unrest()}")

    async def hear(self) -> None:
        """Every webhook arrives, and all tasks that follow are done."""
        for _ in range(ROUNDS):
            await self.paystack.control.settle()
            self.shown = {}
            unheard, tasks = await self.unheard(), await self.tasks()
            if not unheard and not tasks:
                return
            for news in unheard:
                await self.deliver(*news)
            for row in await self.tasks():
                await self.work(row)

    async def _settle_once(self) -> None:
        await self.hear()
        for name in timers():
            await self.tick(name)
        self.shown = {}

    async def _unrest(self) -> list[str]:
        """What is still under way."""
        async with self.db.read() as connection:
            found = list((await connection.execute(text(UNREST))).scalars())
        found += [row.task for row in await self.tasks()]
        found += [event["type"] for _, event in await self.unheard()]
        return found

    async def bury(self) -> None:
        """What else the dead process was doing ends with it."""
        rest = asyncio.all_tasks() - {asyncio.current_task()} - self._kept
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def live(self, act: Callable[[], Awaitable[Any]]) -> Any:
        """Do something in the process; Killed when it dies of it, with all that it was doing."""
        self._kept = asyncio.all_tasks()
        try:
            return await act()
        except Killed:
            await self.bury()
            raise


# Whatever has to go on by itself before everything is said.
UNREST = """
SELECT 'unwanted payment ' || id FROM payments
 WHERE status IN ('PENDING', 'AUTHORIZED') AND void_requested_at IS NOT NULL
UNION ALL
SELECT 'refund ' || r.id FROM refunds r WHERE r.status = 'PENDING' AND NOT EXISTS (
  SELECT FROM disputes d WHERE d.payment_id = r.payment_id
     AND d.status IN ('NEEDS_RESPONSE', 'UNDER_REVIEW'))
UNION ALL
SELECT 'payout ' || id FROM payouts WHERE status = 'RESERVED'
UNION ALL
SELECT 'acceptance ' || id FROM bookings WHERE accepted_at IS NOT NULL
UNION ALL
SELECT 'event ' || type FROM provider_events WHERE processed_at IS NULL
"""


def timers() -> list[str]:
    """The timers of bookings and money."""
    return [name for name in SWEEPS if name.startswith(TIMERS)]


def with_sandboxes(settings: Settings, stripe: Sandbox, paystack: PaystackSandbox) -> Settings:
    """Settings whose payment providers are these."""
    return msgspec.structs.replace(
        settings,
        stripe_api_base=stripe.base_url,
        paystack_secret_key=paystack.secret_key,
        paystack_api_base=paystack.base_url,
    )
