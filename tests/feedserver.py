"""A web server on this machine that serves files as real ones do, and fails as real ones do."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MTIME = 1_764_000_000


@dataclass
class Feed:
    """What the server has, how it fails, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    base: str = ""
    cut: dict[str, int] = field(default_factory=dict)
    """Close the connection after so many bytes of the answer, once."""
    stall: dict[str, int] = field(default_factory=dict)
    """Send so many bytes, then nothing more while `is_stalled`, once."""
    status: dict[str, int] = field(default_factory=dict)
    has_ranges: bool = True
    has_validators: bool = True
    is_chunked: bool = False
    pace_s: float = 0
    is_stalled: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range of every request."""
    sent: list[tuple[str, int, int]] = field(default_factory=list)
    """Path, status and bytes of every answer, noted before it is given."""

    def url(self, pattern: str) -> str:
        return self.base + pattern

    def names(self) -> list[str]:
        return [path for path, _ in self.asked]


def handler(feed: Feed) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            span = self.headers.get("Range", "")
            feed.asked.append((self.path, span))
            if (status := feed.status.get(self.path)) is not None:
                return self.answer(status, b"", {})
            if self.path not in feed.files:
                return self.answer(404, b"no such file", {})
            content = feed.files[self.path]
            etag = f'"{hashlib.md5(content).hexdigest()}"'
            headers = {}
            if feed.has_validators:
                headers |= {"ETag": etag, "Last-Modified": formatdate(MTIME, usegmt=True)}
            if feed.has_ranges:
                headers["Accept-Ranges"] = "bytes"
            valid = self.headers.get("If-Range") in (None, etag, headers.get("Last-Modified"))
            found = re.fullmatch(r"bytes=(\d+)-", span)
            if found and feed.has_ranges and valid:
                start = int(found[1])
                if start >= len(content):
                    return self.answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
                return self.answer(206, content[start:], headers)
            return self.answer(200, content, headers)

        def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if feed.is_chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            cut, stall = feed.cut.pop(self.path, None), feed.stall.pop(self.path, None)
            limit = next((n for n in (cut, stall) if n is not None), len(body))
            feed.sent.append((self.path, status, limit))
            done = 0
            try:
                while done < limit:
                    part = body[done : min(done + 16_384, limit)]
                    if feed.is_chunked:
                        part = f"{len(part):x}\r\n".encode() + part + b"\r\n"
                    self.wfile.write(part)
                    self.wfile.flush()
                    done = min(done + 16_384, limit)
                    time.sleep(feed.pace_s)
                if stall is not None:
                    feed.is_stalled.wait(60)
                if feed.is_chunked and limit == len(body):
                    self.wfile.write(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            if limit < len(body):
                self.close_connection = True

    return Handler


@contextmanager
def serving(files: dict[str, bytes] | None = None) -> Iterator[Feed]:
    """Serve `files` by their paths until the context ends."""
    feed = Feed(dict(files or {}))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(feed))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # clients hang up when they have seen enough
    feed.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield feed
    finally:
        feed.is_stalled.set()
        server.shutdown()
        thread.join()
        server.server_close()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, hidden ones too, by its path in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
