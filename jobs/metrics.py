"""What a worker counts, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

RUNS = Counter("roost_task_runs", "Attempts of tasks, by how they ended.", ["task", "outcome"])
SECONDS = Histogram("roost_task_seconds", "How long attempts of tasks took.", ["task"])
DEAD = Counter("roost_outbox_dead", "Outbox rows given up on: each needs a person.", ["task"])
SWEEPS = Counter("roost_sweep_runs", "Runs of sweeps, by how they ended.", ["sweep", "outcome"])
WAITING = Gauge("roost_outbox_waiting", "Outbox rows neither done nor dead.")
FAILING = Gauge("roost_outbox_failing", "Outbox rows that failed ten times or more.")
DIFFERENCES = Gauge(
    "roost_reconciliation_open", "Differences from a payment provider, not resolved.", ["provider"]
)
DRIFT = Gauge(
    "roost_payouts_held_minor",
    "Where payouts wait: by how many minor units a provider and the books differ.",
    ["provider", "currency"],
)
OVERDUE = Gauge("roost_outbox_overdue_seconds", "How long the most overdue row has waited.")
