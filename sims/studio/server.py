"""The studio's server: one page, many clients, this machine only unless a token is given.

Studio   `with Studio(scenario) as studio:` serves `studio.url` until the block ends; `studio.wait()` until all
         pages are closed

GET /         the page
POST /do      a message of sims.studio.session as JSON; {"do": "open"} gives a client its session
GET /events   news of jobs of one client, as server-sent events; while it is read, the client is there
"""

import errno
import hmac
import ipaddress
import json
import secrets
import socket
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from time import monotonic

from robocalc.errors import InvalidInput
from sims.studio.client import Client
from sims.studio.handler import Handler
from sims.studio.page import page_text
from sims.studio.session import ONE_AT_A_TIME, Session, shown_in

PORT = 8765
TRIES = 20  # ports after the first one
GRACE = 4.0  # [s] without any page or question before the studio ends: a page that is loaded again is away so long
MOST_CLIENTS = 64
SHORTEST_TOKEN = 8


class Studio:
    """Serves from a thread of its own.

    port     the first of those that are tried; with `exact` the only one; 0: any
    host     where to listen; anything but this machine itself needs a token of at least 8 characters
    folder   where scenarios are saved
    stay     do not end when the last page is closed
    raises   InvalidInput: no port, no such host, no token
    """

    def __init__(
        self, scenario, *, host="127.0.0.1", port=PORT, exact=False, token=None, folder=".", name=None, stay=False
    ):
        self.scenario, self.folder, self.stay = scenario, Path(folder), stay
        self.local, self.token = _is_local(host), token
        if token is not None and len(token) < SHORTEST_TOKEN:
            raise InvalidInput(f"the token has {len(token)} characters; it needs at least {SHORTEST_TOKEN}")
        if not self.local and token is None:
            raise InvalidInput(f"host {host!r} lets other machines in: give a token as well (--token SECRET)")
        self.secret = secrets.token_urlsafe(18)  # what the cookie holds: the token itself stays in the link
        self.server = _bound(host, port, exact)
        self.server.studio = self
        self.host, self.port = host, self.server.server_address[1]
        self.clients, self.lock, self.left, self.ended = {}, threading.Lock(), None, threading.Event()
        self.file = name or f"{scenario.name}-studio.yaml"
        self._page, self._first = None, Session(scenario, self.folder)

    @property
    def url(self) -> str:
        """What to open in a browser."""
        name = self.host if self.host not in ("0.0.0.0", "::", "") else "127.0.0.1"
        name = f"[{name}]" if ":" in name else name
        return f"http://{name}:{self.port}/" + (f"?token={self.token}" if self.token else "")

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.end()

    def wait(self):
        """Until every page has been closed for a while, or `end`."""
        while not self.ended.wait(0.25):
            with self.lock:
                if any(client.here for client in self.clients.values()):
                    self.left = None
                over = self.left is not None and monotonic() - self.left > GRACE and not self.stay
            if over:
                return

    def end(self):
        """Close the port and end every process that works for a page."""
        if self.ended.is_set():
            return
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
        with self.lock:
            clients = list(self.clients.values())
        for client in clients:
            client.session.close()
        self._first.close()

    # what the handler asks

    def page(self) -> bytes:
        """The page, made once."""
        with ONE_AT_A_TIME:
            if self._page is None:
                made = self._first.quick(shown_in(self.scenario))
                self._page = page_text(made, self.file).encode()
            return self._page

    def open(self, known) -> "Client":
        """A client with a session: of its own again if it is back, a copy of it if the other page is still there."""
        with self.lock:
            old = self.clients.get(known) if isinstance(known, str) else None
            if old is not None and old.come_back():
                return old
            gone = [one for one in self.clients.values() if not one.here and one is not old]
            for client in gone if len(self.clients) >= MOST_CLIENTS else ():
                self.clients.pop(client.name).session.close()
            if len(self.clients) >= MOST_CLIENTS:
                raise InvalidInput(f"{MOST_CLIENTS} pages are open already; close one")
            client = Client(secrets.token_urlsafe(12))
            client.session = (self._first if old is None else old.session).copy(client.news.put)
            self.clients[client.name] = client
            return client

    def asked(self):
        """Somebody is there: a page that is being loaded counts."""
        with self.lock:
            self.left = None if self.left is None else monotonic()

    def client(self, name) -> "Client | None":
        with self.lock:
            return self.clients.get(name)

    def gone(self, client):
        """A page was closed: its work is ended, its scenario kept for a page that is loaded again."""
        with self.lock:
            if not client.leave():
                return
            self.left = monotonic()
        timer = threading.Timer(GRACE, self._forget, (client,))
        timer.daemon = True
        timer.start()

    def _forget(self, client):
        if not client.here:
            client.session.rest()

    def admits(self, token) -> bool:
        return self.token is None or hmac.compare_digest(str(token or "").encode(), self.token.encode())

    def knows(self, cookie) -> bool:
        return self.token is None or hmac.compare_digest(str(cookie or "").encode(), self.secret.encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        """A connection that broke is no news."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def _is_local(host) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bound(host, port, exact):
    """A server on the first port that is free."""
    kind = _Server6 if ":" in host else _Server
    ports = [port] if exact or port == 0 else [p for p in range(port, port + TRIES) if p < 65536]
    for candidate in ports:
        try:
            return kind((host, candidate), Handler)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise InvalidInput(f"host {host!r}: {error.strerror or error}") from None
        except OverflowError:
            raise InvalidInput(f"port {candidate} is none: they go from 1 to 65535") from None
    last = f" to {ports[-1]}" if len(ports) > 1 else ""
    raise InvalidInput(f"port {port}{last} is used or forbidden; choose another with --port")


def news_text(item) -> bytes:
    """One event."""
    return b"data: " + json.dumps(item).encode() + b"\n\n"
