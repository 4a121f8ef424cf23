"""The worker process: relay, schedule, one SAQ worker per lane, and a port for health and metrics.

Any number of workers may run. One that is killed loses nothing: see jobs.messages.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from app import telemetry
from app.config import Settings
from app.runtime import Runtime, open_runtime
from jobs import health, queue, relay, schedule, tasks
from jobs.execution import execute
from jobs.queue import GRACE_SECONDS, Queue, Worker
from jobs.registry import TASKS, Lane, Task

log = logging.getLogger(__name__)

REDIS_SWEEP_SECONDS = 60


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Raises SystemExit with one line when the port is taken."""
    telemetry.configure(settings)
    tasks.load()
    # The outbox tells what fails, and says it once; SAQ would say it per job, with a traceback.
    logging.getLogger("saq").setLevel(logging.CRITICAL)
    try:
        listener = health.bind(settings.host, settings.worker_port)
    except OSError as error:
        raise SystemExit(
            f"WORKER_PORT: cannot listen on {settings.host}:{settings.worker_port}"
            f" ({error.strerror}); set another port"
        ) from error
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_until_signalled(settings, listener))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # no wheel for this platform: asyncio's own loop does as well
        return None
    return uvloop.new_event_loop


async def _until_signalled(settings: Settings, listener: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_runtime(settings) as runtime:
        await work(runtime, stop, listener)


async def work(runtime: Runtime, stop: asyncio.Event, listener: socket.socket) -> None:
    """Run tasks and sweeps until `stop` is set, then finish what is under way, at most 20 s.

    Raises whatever made one of its loops end; a supervisor starts the process again.
    """
    concurrency = {
        Lane.MAIN: runtime.settings.worker_concurrency,
        Lane.MAIL: max(1, runtime.settings.worker_concurrency // 2),
    }
    redis = queue.open_redis(runtime.settings.redis_url, sum(concurrency.values()) + 32)
    queues = {lane: Queue(redis, lane) for lane in Lane}
    workers = [_worker(runtime, lane, queues[lane], concurrency[lane]) for lane in Lane]
    server = health.server(runtime, stop)
    loops = {
        asyncio.create_task(relay.run(runtime, queues), name="relay"),
        asyncio.create_task(_sweep_queues(queues), name="queue sweep"),
        *(asyncio.create_task(worker.start(), name="worker") for worker in workers),
    }
    # These end by themselves once told to stop.
    scheduled = asyncio.create_task(schedule.run(runtime, stop), name="schedule")
    served = asyncio.create_task(server.serve(sockets=[listener]), name="health")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    log.info("worker ready on port %d", listener.getsockname()[1])
    try:
        ended, _ = await asyncio.wait(
            {*loops, scheduled, served, stopped}, return_when=asyncio.FIRST_COMPLETED
        )
        for task in ended:
            await task
        if stopped not in ended:
            raise RuntimeError(f"{', '.join(task.get_name() for task in ended)} ended by itself")
    finally:
        stop.set()
        for task in loops:
            if task.get_name() != "worker":
                task.cancel()
        server.should_exit = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS + 2):
                await asyncio.gather(
                    *(worker.stop() for worker in workers), scheduled, return_exceptions=True
                )
        for task in (*loops, scheduled, served, stopped):
            task.cancel()
        await asyncio.gather(*loops, scheduled, served, stopped, return_exceptions=True)
        await redis.aclose()
        log.info("worker stopped")


def _worker(runtime: Runtime, lane: Lane, lane_queue: Queue, concurrency: int) -> Worker:
    return Worker(
        lane_queue,
        [(task.name, _job(runtime, task)) for task in TASKS.values() if task.lane is lane],
        concurrency=concurrency,
        dequeue_timeout=queue.DEQUEUE_SECONDS,
        shutdown_grace_period_s=GRACE_SECONDS,
    )


def _job(runtime: Runtime, task: Task) -> Callable[..., Awaitable[None]]:
    async def run_job(context: Any, *, message_id: str, attempt: int) -> None:
        try:
            await execute(runtime, task, UUID(message_id), attempt)
        except Exception as error:
            # Only the database can do this. The row's lease ends, and it is handed out again.
            log.warning("task %s was not noted down: %s", task.name, type(error).__name__)

    return run_job


async def _sweep_queues(queues: dict[Lane, Queue]) -> None:
    """Clear Redis of what killed workers left behind. The outbox does not depend on it."""
    while True:
        await asyncio.sleep(REDIS_SWEEP_SECONDS)
        for lane_queue in queues.values():
            with contextlib.suppress(Exception):
                await lane_queue.sweep(REDIS_SWEEP_SECONDS - 1)
