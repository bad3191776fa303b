"""Serves a folder of files to browsers on this machine."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
}
# The first two allow a page to share memory between threads, which its threads need.
_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cache-Control": "no-store",  # another folder may be served here next, with older files
}


class _Handler(SimpleHTTPRequestHandler):
    # Machines' own tables differ, so these types take precedence.
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, **_TYPES}  # noqa: RUF012

    def end_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        # A browser breaks connections off when its page is loaded again or closed.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def served(folder: str | os.PathLike, port: int = 0) -> Iterator[str]:
    """Serve a folder to this machine alone, as long as the block runs; yield the address.

    Args:
        folder: the folder to serve.
        port: the port on localhost; 0 picks a free one.

    Raises:
        OSError: if the port cannot be used, such as one of another program.

    >>> import tempfile, urllib.request
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.mjs").write_text("1")
    ...     with served(folder) as address, urllib.request.urlopen(f"{address}a.mjs") as answer:
    ...         answer.headers["Content-Type"], answer.read()
    ('text/javascript', b'1')
    """
    handler = partial(_Handler, directory=os.fspath(folder))
    try:
        server = _Server(("127.0.0.1", port), handler)
    except OSError as error:
        raise OSError(f"cannot serve at port {port}: {error.strerror}: take another") from None
    with server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
