"""The built page: a fixed set of files, read once. No path from a request ever reaches the disk."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from vigie.web.api import problem

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class File:
    """One file of the page, as it is and compressed."""

    name: str
    data: bytes
    """the file's bytes; gzip when ``packed``"""
    packed: bool

    @cached_property
    def plain(self) -> bytes:
        return gzip.decompress(self.data) if self.packed else self.data

    @cached_property
    def gzip(self) -> bytes:
        return self.data if self.packed else gzip.compress(self.data, mtime=0)

    @cached_property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.data).hexdigest()[:20]}"'

    @property
    def media_type(self) -> str:
        return TYPES.get(Path(self.name).suffix, "application/octet-stream")


class Files:
    """The files of a folder by their names; ``land.json.gz`` on disk is served as ``land.json``, compressed."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: dict[str, File] = {}
        for path in sorted(folder.glob("*")) if folder.is_dir() else ():
            if path.is_file():
                packed = path.suffix == ".gz"
                name = path.stem if packed else path.name
                self._files[name] = File(name, path.read_bytes(), packed)

    async def page(self, request: Request) -> Response:
        """The console, for those who may read; others are sent to sign in. What is behind ``#`` the browser keeps."""
        who = request.scope.get("vigie.who")
        if who is None or not who.may("read"):
            return Response(status_code=303, headers={"Location": "/signin.html", "Cache-Control": "no-store"})
        return await self.serve(request)

    async def serve(self, request: Request) -> Response:
        """The file that the path names; ``/`` is the page."""
        name = request.path_params.get("name") or "index.html"
        file = self._files.get(name)
        if file is None:
            return problem(404, "unknown", f"there is nothing at {request.url.path!r}")
        headers = {"ETag": file.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        data = file.plain
        if "gzip" in request.headers.get("accept-encoding", "") and len(file.gzip) < len(data):
            data, headers["Content-Encoding"] = file.gzip, "gzip"
        return Response(data, media_type=file.media_type, headers=headers)
