"""Feeds for other programs: GeoJSON, KML with its network link, counters for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from vigie import __version__
from vigie.errors import InputError
from vigie.links import words
from vigie.web.api import number, reply

KML = "application/vnd.google-earth.kml+xml"


def _flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false")
    if given not in ("true", "false"):
        raise InputError(f"{name}={given!r} is neither true nor false")
    return given == "true"


async def _alerts(request: Request) -> list[dict[str, Any]]:
    exercise = _flag(request, "exercise")
    kept: list[dict[str, Any]] = await run_in_threadpool(request.app.state.board.alerts)
    return [alert for alert in kept if exercise or not alert.get("exercise")]


async def geojson(request: Request) -> Response:
    """``GET /api/alerts.geojson``: every position of every alert. Exercises only with ``?exercise=true``."""
    answer = reply({"type": "FeatureCollection", "features": words.features(await _alerts(request))})
    answer.headers["Content-Type"] = "application/geo+json"
    return answer


def _xml(data: bytes, name: str) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'inline; filename="{name}"'}
    return Response(data, media_type=KML, headers=headers)


async def kml(request: Request) -> Response:
    """``GET /api/alerts.kml``: the same as KML."""
    return _xml(await run_in_threadpool(words.kml, await _alerts(request)), "alerts.kml")


async def network(request: Request) -> Response:
    """``GET /api/network.kml``: open this in Google Earth once, and it keeps the alerts up to date."""
    exercise, seconds = _flag(request, "exercise"), number(request, "seconds", 10)
    if not 2 <= seconds <= 3600:
        raise InputError(f"seconds={seconds} is not between 2 and 3600")
    query = f"?{urlencode({'exercise': 'true'})}" if exercise else ""
    # the Host was checked by the guard: it is one of ours
    url = f"{request.url.scheme}://{request.headers['host']}/api/alerts.kml{query}"
    return _xml(words.network_kml(url, seconds), "vigie.kml")


async def metrics(request: Request) -> Response:
    """``GET /metrics``: the Prometheus text format, version 0.0.4."""
    state = request.app.state

    def read() -> str:
        told = state.health() if state.health else {}
        lines = [*_metrics(state, told)]
        return "\n".join(lines) + "\n"

    data = await run_in_threadpool(read)
    return Response(data, media_type="text/plain; version=0.0.4", headers={"Cache-Control": "no-store"})


def _metrics(state: Any, told: dict[str, Any]) -> Iterator[str]:
    yield from _metric("vigie_info", "gauge", "Version", [({"version": __version__}, 1)])
    good = int(told.get("status", "ok") == "ok")
    yield from _metric("vigie_healthy", "gauge", "1: all is well; 0: see /healthz", [({}, good)])
    yield from _metric("vigie_journal_rows_total", "counter", "Rows of the journal", [({}, state.journal.last_seq())])
    waiting = told.get("store", {}).get("waiting", 0)
    yield from _metric("vigie_store_waiting", "gauge", "Received, not on disk yet", [({}, waiting)])
    yield from _metric("vigie_watchers", "gauge", "Open live streams", [({}, state.hub.watchers)])
    counts = sorted(state.board.counts().items())
    rows = [({"category": name, "exercise": str(flag).lower()}, count) for (name, flag), count in counts]
    yield from _metric("vigie_alerts", "gauge", "Alerts kept, by category", rows)
    heard = [({"source": source["name"]}, source["detections"]) for source in state.hub.sources()]
    yield from _metric("vigie_detections_total", "counter", "Detections since the start, by source", heard)
    for label in ("source", "output", "link", "exchange", "broker", "station"):
        found = [one for one in told.get(f"{label}s", ()) if isinstance(one, dict)]
        states = [({label: one["name"], "state": one["state"]}, 1) for one in found if "state" in one]
        yield from _metric(f"vigie_{label}_state", "gauge", f"How each {label} fares", states)
        for count in ("sent", "waiting", "failures", "bursts", "received", "duplicates", "missing"):
            values = [({label: one["name"]}, one[count]) for one in found if isinstance(one.get(count), int)]
            kind = "gauge" if count in ("waiting", "missing") else "counter"
            yield from _metric(f"vigie_{label}_{count}{'_total' if kind == 'counter' else ''}", kind, count, values)


def _metric(name: str, kind: str, words_: str, rows: Sequence[tuple[dict[str, Any], float]]) -> Iterator[str]:
    if not rows:
        return
    yield f"# HELP {name} {words_}"
    yield f"# TYPE {name} {kind}"
    for labels, value in rows:
        pairs = ",".join(f'{key}="{_escaped(str(text))}"' for key, text in labels.items())
        yield f"{name}{{{pairs}}} {value}" if pairs else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
