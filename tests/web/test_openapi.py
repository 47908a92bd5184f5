"""The description of the API, and the API held against it: no request of any shape may make the service fail."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import hypothesis
import pytest
import web_traffic as traffic
from starlette.routing import Route
from web_station import Station

from vigie.web.openapi import document
from vigie.web.operations import OPERATIONS

schemathesis = pytest.importorskip("schemathesis")
ENDLESS = "/api/events"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    made = Station(tmp_path_factory.mktemp("api") / "journal.sqlite").start()
    made.post(traffic.mixed())
    yield made
    made.stop()


def test_every_route_is_described_and_says_who_may_use_it() -> None:
    from vigie.store.journal import Journal
    from vigie.web.app import create_app
    from vigie.web.hub import Hub

    journal = Journal.open("sqlite://")
    app = create_app(journal, Hub(), lambda lines: None)  # type: ignore[arg-type,return-value]
    served = {re.sub(":path", "", route.path) for route in app.routes if isinstance(route, Route)}
    assert served - {"/", "/{name}"} == set(document()["paths"])
    open_to_all = {operation.path for operation in OPERATIONS if operation.permission is None}
    assert open_to_all == {"/healthz", "/api/session"}
    journal.close()


def test_the_service_gives_its_description(full: Station) -> None:
    told = httpx.get(f"{full.url}/api/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    assert told == document()


@schemathesis.serializer("application/x-ndjson")
def as_lines(context: object, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


described = schemathesis.openapi.from_dict(document()).exclude(path=ENDLESS)


@described.parametrize()
@hypothesis.settings(
    max_examples=12, deadline=None, suppress_health_check=list(hypothesis.HealthCheck), derandomize=True, database=None
)
def test_no_request_makes_it_fail_and_every_reply_is_as_described(case: schemathesis.Case, full: Station) -> None:
    reply = case.call(base_url=full.url, timeout=20)
    assert reply.status_code < 500
    if reply.status_code in (404, 405):  # a method or an address that is not described
        return
    checks = schemathesis.checks
    case.validate_response(
        reply, checks=[checks.not_a_server_error, checks.response_schema_conformance, checks.content_type_conformance,
                       checks.status_code_conformance]
    )  # fmt: skip
