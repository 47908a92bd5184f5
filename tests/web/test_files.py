"""The built page as it is served: types, compression, rules for the browser, and nothing from anywhere else."""

from __future__ import annotations

import functools
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from vigie.store.journal import Journal
from vigie.web.app import create_app
from vigie.web.files import FOLDER
from vigie.web.hub import Hub


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    journal = Journal.open(str(tmp_path / "journal.sqlite"))
    with TestClient(create_app(journal, Hub(), lambda lines: None), base_url="http://localhost:8406") as made:  # type: ignore[arg-type,return-value]
        yield made
    journal.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/console.js", "text/javascript; charset=utf-8"),
        ("/console.css", "text/css; charset=utf-8"),
        ("/vigie.svg", "image/svg+xml"),
        ("/land-110m.json", "application/json"),
        ("/land-50m.json", "application/json"),
        ("/land-10m.json", "application/json"),
        ("/licences.txt", "text/plain; charset=utf-8"),
    ],
)
def test_files_have_their_types_and_the_rules(client: TestClient, path: str, kind: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == kind
    rules = reply.headers["content-security-policy"]
    assert rules.startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in rules
    assert "unsafe" not in rules
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"


def test_land_is_sent_compressed_and_plain_to_who_asks(client: TestClient) -> None:
    packed = client.get("/land-50m.json", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 200_000
    plain = client.get("/land-50m.json", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == gzip.decompress((FOLDER / "land-50m.json.gz").read_bytes())
    assert packed.json() == plain.json()


def test_an_unchanged_file_is_not_sent_again(client: TestClient) -> None:
    tag = client.get("/console.js").headers["etag"]
    assert client.get("/console.js", headers={"if-none-match": tag}).status_code == 304


@pytest.mark.parametrize("path", ["/../app.py", "/%2e%2e/app.py", "/..%2fapp.py", "/static/console.js", "/.npmrc"])
def test_nothing_but_the_page_can_be_had(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@functools.cache
def land(resolution: str) -> Any:
    return json.loads(gzip.decompress((FOLDER / f"land-{resolution}.json.gz").read_bytes()))


@functools.cache
def edges(resolution: str, borders: bool) -> Any:
    """(n, 2) and (n, 2) degrees: where each edge of a coast (or border) begins and ends."""
    layer = land(resolution)
    lines = layer["borders"] if borders else [ring for polygon in layer["polygons"] for ring in polygon]
    ends = [np.cumsum(np.reshape(line, (-1, 2)), axis=0) / layer["scale"] for line in lines]
    return np.concatenate([line[:-1] for line in ends]), np.concatenate([line[1:] for line in ends])


@pytest.mark.parametrize("borders", [False, True])
@pytest.mark.parametrize(("resolution", "least"), [("110m", 100), ("50m", 1000), ("10m", 2000)])
def test_the_land_is_whole_and_crosses_no_map_edge(resolution: str, least: int, borders: bool) -> None:
    assert len(land(resolution)["polygons"]) > least
    begin, end = edges(resolution, borders)
    assert (abs(begin) <= [180, 90]).all()
    # a step across the map would draw a band over the whole world; only the pole's own edge is so long
    assert (abs(end - begin)[abs(end[:, 1]) < 90, 0] < 90).all()


@pytest.mark.parametrize("resolution", ["110m", "50m", "10m"])
@pytest.mark.parametrize(
    ("lat", "lon", "dry"),
    [(36.4, 24.7, False), (0, -30, False), (46.2, -4.5, False), (48.8, 2.3, True), (-25, 135, True), (-80, 100, True)],
)
def test_sea_is_sea_and_land_is_land(resolution: str, lat: float, lon: float, dry: bool) -> None:
    (x, y), (x2, y2) = (ends.T for ends in edges(resolution, False))
    spans = (y > lat) != (y2 > lat)
    crossing = x[spans] + (lat - y[spans]) * (x2[spans] - x[spans]) / (y2[spans] - y[spans])
    assert bool(np.count_nonzero(lon < crossing) % 2) == dry


def test_countries_have_names() -> None:
    names = {name for name, *_ in land("110m")["labels"]}
    assert {"France", "Japan", "Fiji"} <= names


def test_the_page_names_no_other_host() -> None:
    for path in FOLDER.iterdir():
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
        hosts = set(re.findall(r"(?:https?:)?//((?:[a-z0-9-]+\.)+[a-z]{2,})", text))
        xml = {"www.w3.org", "www.opengis.net"}  # names of XML languages, never fetched
        if path.name == "exporting.js":  # and those that KML has had
            xml |= {f"{name}.google.com" for name in ("developers", "earth", "maps", "www")}
        if path.name == "licences.txt":  # a licence says where it stands
            xml.add("www.apache.org")
        assert hosts <= xml, path.name
