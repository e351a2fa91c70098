"""HTTP of the studio: small, strict, one sentence for every refusal.

A page of another site cannot ask anything: messages must be JSON from the studio's own origin, and on this machine
the Host must be this machine, so that no foreign name can be bent to it.
"""

import json
import select
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler
from queue import Empty
from urllib.parse import parse_qs, urlsplit

from robocalc.errors import InvalidInput, RobocalcError, ScenarioError

LARGEST = 1_000_000  # [bytes] of a message
PATIENCE = 30.0  # [s] for a request to arrive
PULSE = 0.5  # [s] between looks whether a reader of events is still there
LOCAL = ("localhost", "127.0.0.1", "::1")
COOKIE = "robocalc-studio"
SAFE = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "robocalc", ""
    timeout = PATIENCE
    disable_nagle_algorithm = True

    @property
    def studio(self):
        return self.server.studio

    def log_message(self, *_):
        """Nothing: the terminal is the user's."""

    def do_GET(self):
        self._answer({"/": self._page, "/events": self._events})

    def do_POST(self):
        self._answer({"/do": self._do})

    def _answer(self, places):
        url = urlsplit(self.path)
        self.query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        if not self._right_host():
            return self._refuse(403, "this name does not lead here; open the address that robocalc printed")
        if url.path not in places:
            return self._refuse(404, "there is nothing at this address")
        if url.path != "/" and not self.studio.knows(self._cookie()):
            return self._refuse(403, "the token is missing or wrong; open the address that robocalc printed")
        self.studio.asked()
        try:
            places[url.path]()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _right_host(self) -> bool:
        if not self.studio.local:
            return True
        try:
            return urlsplit(f"//{self.headers.get('Host', '')}").hostname in (*LOCAL, self.studio.host)
        except ValueError:
            return False

    def _cookie(self):
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(f"{COOKIE}-{self.studio.port}")
        except CookieError:
            return None
        return None if found is None else found.value

    # places

    def _page(self):
        more = {}
        if self.studio.token is not None:
            if not self.studio.admits(self.query.get("token")) and not self.studio.knows(self._cookie()):
                return self._refuse(403, "the token is missing or wrong; open the address that robocalc printed")
            words = f"{COOKIE}-{self.studio.port}={self.studio.secret}; HttpOnly; SameSite=Strict; Path=/"
            more["Set-Cookie"] = words
        self._send(200, "text/html; charset=utf-8", self.studio.page(), more)

    def _do(self):
        body = self._body()
        if body is None:
            return
        code, answer = self._answered(body)
        self._send(code, "application/json", json.dumps(answer).encode())

    def _answered(self, body):
        from sims.studio.session import parse

        try:
            message = parse(body)
            if isinstance(message, dict) and message.get("do") == "open":
                client = self.studio.open(message.get("client"))
                return 200, {"client": client.name} | client.session.do({"do": "show"})
            client = self.studio.client(self.headers.get("X-Client", ""))
            if client is None:
                raise InvalidInput("this page is not known to the studio any more: load it again")
            return 200, client.session.do(message)
        except RobocalcError as error:
            return 400, {"error": sentence(error)}
        except Exception as error:
            return 500, {"error": f"internal error: {type(error).__name__}: {' '.join(str(error).split())}"[:500]}

    def _body(self):
        """The bytes of a message; None where they were refused."""
        origin = self.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != self.headers.get("Host"):
            return self._refuse(403, "a page of another site may not ask the studio")
        if self.headers.get("Content-Type", "").split(";")[0].strip() != "application/json":
            return self._refuse(415, "a message is application/json")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or not length.isascii():
            return self._refuse(411, "a message says its length")
        if int(length) > LARGEST:
            return self._refuse(413, f"a message has at most {LARGEST} bytes")
        return self.rfile.read(int(length))

    def _events(self):
        client = self.studio.client(self.query.get("client", ""))
        if client is None:
            return self._refuse(404, "no such page")
        self.send_response(200)
        for name, value in (
            ("Content-Type", "text/event-stream"),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        client.arrive()
        try:
            self._stream(client)
        finally:
            self.studio.gone(client)

    def _stream(self, client):
        """News as they come, until the reader is gone or the studio ends."""
        from sims.studio.server import news_text

        self.wfile.write(b"retry: 1000\n\n")
        while not self.studio.ended.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable:  # a reader of events says nothing more: it has closed
                return
            try:
                self.wfile.write(news_text(client.news.get(timeout=PULSE)))
            except Empty:
                self.wfile.write(b":\n\n")

    # answers

    def _refuse(self, code, text):
        self.close_connection = True  # a body that was not read must not be taken for the next request
        self._send(code, "application/json", json.dumps({"error": text}).encode())

    def _send(self, code, kind, body, more=None):
        self.send_response(code)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store", **SAFE}
        if self.close_connection:
            headers["Connection"] = "close"
        for name, value in (headers | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def sentence(error) -> str:
    """An error as the page shows it: of a scenario's problems, what is wrong, without the place in a file."""
    if not isinstance(error, ScenarioError):
        return str(error)
    return "; ".join(problem.partition("error: ")[2] or problem for problem in error.problems)
