"""What a schema counts, for Prometheus: read when the page is, so that counting costs nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from schema.transport.schema import Schema

# Each is there from the start: a rate needs to have seen the zero.
ANSWERS = ("fast", "unsupported", "abandoned")


class SchemaMetrics(Collector):
    """The documents and plans of one schema; without the engine only the documents."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def describe(self) -> list[Metric]:
        """Nothing: no name of ours is refused where a process serves two schemas, as tests do."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Prometheus's page is being made."""
        documents = CounterMetricFamily(
            "graphql_documents",
            "Look-ups of parsed and validated documents.",
            labels=["found"],
        )
        documents.add_metric(["yes"], self._schema.documents.hits)
        documents.add_metric(["no"], self._schema.documents.misses)
        yield documents
        engine = self._schema.engine
        if engine is None:
            return
        answers = CounterMetricFamily(
            "graphql_answers",
            "Queries, events and results of mutations: by a plan (fast), by graphql-core because "
            "no plan can be made (unsupported), or by it after a plan was tried (abandoned).",
            labels=["how"],
        )
        for how in ANSWERS:
            answers.add_metric([how], engine.counts[how])
        yield answers
        yield GaugeMetricFamily("graphql_plans", "Plans kept.", len(engine))


@contextmanager
def counted(schema: Schema, registry: CollectorRegistry = REGISTRY) -> Iterator[None]:
    """Show the schema's metrics as long as the block runs."""
    metrics = SchemaMetrics(schema)
    registry.register(metrics)
    try:
        yield
    finally:
        registry.unregister(metrics)
