"""What the server counts, in the text format of Prometheus."""

from collections.abc import Callable
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Counters:
    """Requests, texts, batches and reloads since the start."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("narratives_requests", "Requests answered", ["route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "narratives_request_seconds", "How long they took", ["route"], buckets=_SECONDS, registry=self.registry
        )
        self.texts = Counter("narratives_texts", "Texts classified", ["model"], registry=self.registry)
        self.batches = Histogram(
            "narratives_batch_texts", "Texts of several requests classified together", buckets=_SIZES, registry=self.registry
        )
        self.reloads = Counter("narratives_model_reloads", "Models read anew", ["model"], registry=self.registry)
        self._find_counts = cache(self._label)  # of routes there are few, and looking for them takes longer than counting
        self.decisions = Counter("narratives_label_decisions", "Decisions written down", registry=self.registry)

    def watch_waiting(self, count: Callable[[], float]) -> None:
        """Tell how many texts wait, asked when somebody looks."""
        Gauge("narratives_waiting_texts", "Texts that wait", registry=self.registry).set_function(count)

    def note_request(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request under what answered it, never under what a stranger wrote into the path."""
        route = getattr(scope.get("endpoint"), "__name__", "other")
        count, histogram = self._find_counts(route, status)
        count.inc()
        histogram.observe(seconds)

    def _label(self, route: str, status: int) -> tuple[Counter, Histogram]:
        return self.requests.labels(route, str(status)), self.seconds.labels(route)

    def render(self) -> bytes:
        """All counts as text."""
        return generate_latest(self.registry)
