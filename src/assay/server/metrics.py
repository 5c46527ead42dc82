"""Metrics for Prometheus: requests of all web processes, and what the database says of work, workers and health.

Each web process counts its requests in files of one folder, which whichever process is asked reads (the multiprocess
mode of prometheus_client). Everything else is read from the database when it is asked for.
"""

from __future__ import annotations

import hmac
import os
import shutil
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from assay.core.system import WORKER_SILENT
from assay.server.metrics_folder import NAME, TOKEN
from assay.server.secrets import secret
from assay.store.reads.advisories import feed_facts
from assay.store.reads.totals import published_by_health, totals
from assay.store.workers import list_workers

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds
HEALTH_SECONDS = 60.0  # for which the count by health, which reads all published versions, is kept

requests = Histogram("assay_request_seconds", "Time of requests", ["method", "route", "status"], buckets=BUCKETS)


class RequestMetrics:
    """Measures requests by method, route and class of status; a route is a pattern, so there are only so many."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Measure one request."""
        began = time.perf_counter()
        response = self.get_response(request)
        method = request.method if request.method in METHODS else "other"
        route = request.resolver_match.route if request.resolver_match else "none"
        status = f"{response.status_code // 100}xx"
        requests.labels(method, route, status).observe(time.perf_counter() - began)
        return response


class _Installation:
    """What the database says."""

    def __init__(self) -> None:
        self._health: tuple[float, dict[str, int]] | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics but those of requests."""
        found = totals()
        yield _gauge("assay_builds", "Builds that have not ended, by state", "state", found.builds)
        yield _counter("assay_builds_ended", "Builds that have ended, by state", "state", found.builds_ended)
        yield _gauge("assay_runs", "Runs that have not ended, by state", "state", found.runs)
        yield _counter("assay_runs_ended", "Runs that have ended, by state", "state", found.runs_ended)
        yield _gauge("assay_servers", "Servers in Studio, by state", "state", found.servers)
        yield CounterMetricFamily("assay_launches", "Launches of all kinds", value=found.launches)
        yield GaugeMetricFamily("assay_submissions", "Submissions that wait for a decision", value=found.submissions)
        yield GaugeMetricFamily("assay_deliveries", "Deliveries to webhooks that wait", value=found.deliveries)
        yield _gauge("assay_published_versions", "Published versions, by health", "health", self._by_health())
        working = sum(one.silent < WORKER_SILENT for one in list_workers())
        yield GaugeMetricFamily("assay_workers", "Workers that were seen in the last minute", value=working)
        usage = shutil.disk_usage(settings.HOME)
        yield GaugeMetricFamily("assay_disk_bytes", "Size of the disk of ASSAY_HOME", value=usage.total)
        yield GaugeMetricFamily("assay_disk_free_bytes", "Free bytes of that disk", value=usage.free)
        feed = feed_facts()
        if feed is not None:
            loaded = feed.loaded_at.timestamp()
            yield GaugeMetricFamily(
                "assay_advisories_loaded_timestamp_seconds", "When they were loaded", value=loaded
            )

    def _by_health(self) -> dict[str, int]:
        now = time.monotonic()
        if self._health is None or now - self._health[0] > HEALTH_SECONDS:
            self._health = now, published_by_health()
        return self._health[1]


def _gauge(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def _counter(name: str, words: str, label: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, words, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


_installation = _Installation()


def metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics to whoever has the token in `ASSAY_HOME/secrets/metrics-token`, else 401."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    if not hmac.compare_digest(given, secret(settings.HOME, TOKEN).encode()):
        text = f"Send the token in ASSAY_HOME/secrets/{TOKEN} as a bearer token.\n"
        return HttpResponse(text, status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry()
    if NAME in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no annotations
    else:
        registry.register(requests)
    registry.register(_installation)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
