"""Sends webhooks: signed, retried with backoff, and as badly as it is told to."""

import asyncio
import heapq
import logging
import random
import time
from collections.abc import Callable

import httpx2

from app.sandbox.state import Obj, State
from app.sandbox.store import Store

_log = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 10.0
# After three days, as Stripe and Paystack do.
_GIVE_UP_SECONDS = 3 * 24 * 3600
_AT_ONCE = 32


# The body and the headers with which an event goes to an endpoint.
Writer = Callable[[Obj, Obj], tuple[bytes, dict[str, str]]]


class Sender:
    """Delivers what events have scheduled, each when it is due, several at once.

    `write` signs and words them, as their provider does.
    """

    def __init__(self, state: State, store: Store, write: Writer) -> None:
        self._state = state
        self._store = store
        self._write = write
        self._queue: list[tuple[float, str]] = []
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._sending: set[asyncio.Task[None]] = set()
        state.on_delivery = self.schedule
        # Deliveries that an earlier process did not finish.
        for delivery in state.table("delivery").values():
            if delivery["status"] == "pending":
                self.schedule(delivery)

    def schedule(self, delivery: Obj) -> None:
        """Note a delivery; it is sent once it is due."""
        heapq.heappush(self._queue, (delivery["due"], delivery["id"]))
        self._wake.set()

    def resume(self, shuffle: bool) -> None:
        """Go on after a pause; with `shuffle` in random order."""
        self._state.mood.paused = False
        if shuffle:
            now = time.time()
            order = random.sample(self._queue, len(self._queue))
            self._queue = [(now + place / 1e6, row[1]) for place, row in enumerate(order)]
            heapq.heapify(self._queue)
        self._wake.set()

    async def drain(self) -> None:
        """Forget all that is waiting, and wait for what is under way: then nothing comes late."""
        self._queue.clear()
        await asyncio.gather(*self._sending, return_exceptions=True)
        self._queue.clear()

    async def run(self) -> None:
        """Send until cancelled."""
        limits = httpx2.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE)
        async with httpx2.AsyncClient(
            timeout=_TIMEOUT_SECONDS, limits=limits, trust_env=False
        ) as client:
            try:
                while True:
                    await self._send_due(client)
                    await self._sleep()
            finally:
                for task in self._sending:
                    task.cancel()
                await asyncio.gather(*self._sending, return_exceptions=True)

    async def _send_due(self, client: httpx2.AsyncClient) -> None:
        while self._queue and not self._state.mood.paused and self._queue[0][0] <= time.time():
            _, delivery_id = heapq.heappop(self._queue)
            delivery = self._state.get("delivery", delivery_id)
            if delivery is None or delivery["status"] != "pending":
                continue
            await self._slots.acquire()
            task = asyncio.create_task(self._send(client, delivery))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._slots.release()

    async def _sleep(self) -> None:
        due = self._queue[0][0] if self._queue and not self._state.mood.paused else None
        self._wake.clear()
        try:
            async with asyncio.timeout(None if due is None else max(0.0, due - time.time())):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _send(self, client: httpx2.AsyncClient, delivery: Obj) -> None:
        endpoint = self._state.get("endpoint_secret", delivery["endpoint"])
        event = self._state.get("event", delivery["event"])
        if endpoint is None or event is None:
            delivery["status"] = "dropped"
        else:
            response = await self._post(client, endpoint, event)
            if self._state.get("delivery", delivery["id"]) is not delivery:
                # Everything was wiped in the meantime.
                return
            self._note(delivery, event, response)
        self._state.put("delivery", delivery)
        await self._store.flush()

    def _note(self, delivery: Obj, event: Obj, response: int | str) -> None:
        delivery["attempts"] += 1
        delivery["last_response"] = response
        if isinstance(response, int) and 200 <= response < 300:
            delivery["status"] = "delivered"
            if event.get("pending_webhooks", 0) > 0:
                event["pending_webhooks"] -= 1
                self._state.put("event", event)
            return
        if time.time() - event["created"] > _GIVE_UP_SECONDS:
            delivery["status"] = "failed"
            return
        config = self._state.config
        wait = min(
            config.retry_seconds * 2 ** min(delivery["attempts"] - 1, 30), config.retry_max_seconds
        )
        delivery["due"] = time.time() + wait
        self.schedule(delivery)

    async def _post(self, client: httpx2.AsyncClient, endpoint: Obj, event: Obj) -> int | str:
        payload, headers = self._write(endpoint, event)
        headers |= {"Content-Type": "application/json; charset=utf-8"}
        try:
            response = await client.post(endpoint["url"], content=payload, headers=headers)
        except Exception as error:
            # Whatever it is, the event has not arrived, and is sent again.
            _log.debug("webhook %s not delivered: %r", event["id"], error)
            return type(error).__name__
        _log.debug("webhook %s %s -> %d", event["id"], event["type"], response.status_code)
        return response.status_code
