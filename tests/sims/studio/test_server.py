"""The server: whose page it answers, what it refuses, and that nothing of it is left behind."""

import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from robocalc.errors import InvalidInput
from sims.studio.server import Studio
from tests.sims.studio.samples import SOFT, move

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with Studio(move(world=[]), port=0, folder=tmp_path_factory.mktemp("saved")) as served:
        yield served


def request(studio, method, path, body=None, headers=None):
    """(status, answer: parsed, or text; headers)."""
    connection = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text, kind = answer.read().decode(), answer.headers.get("Content-Type", "")
        return answer.status, json.loads(text) if kind == "application/json" else text, answer.headers
    finally:
        connection.close()


def do(studio, page, /, **message):
    return request(studio, "POST", "/do", json.dumps(message), JSON | {"X-Client": page or ""})[:2]


def opened(studio, known=None):
    status, answer = do(studio, None, do="open", client=known)
    assert status == 200
    return answer


def test_the_page_asks_no_network_and_runs_no_script_but_its_own(studio):
    status, text, headers = request(studio, "GET", "/")
    assert status == 200
    assert "default-src 'none'; script-src 'sha256-" in text
    assert "connect-src 'self'" in text
    assert headers["X-Frame-Options"] == "DENY"


def test_two_clients_do_not_disturb_each_other(studio):
    a, b = opened(studio), opened(studio)
    assert a["client"] != b["client"]
    kps = {a["client"]: SOFT, b["client"]: [900.0] * 7}

    def moves(client):
        for _ in range(5):
            status, answer = do(studio, client, do="set", changes={"controller.kp": kps[client]})
            assert status == 200
            found = {c["key"]: c["value"] for g in answer["controls"] for c in g["controls"]}
            assert found["controller.kp"] == kps[client]
        return answer["arrays"]

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(moves, kps))
    alone = opened(studio)["client"]
    for client, arrays in zip(kps, both, strict=True):
        assert do(studio, alone, do="set", changes={"controller.kp": kps[client]})[1]["arrays"] == arrays


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"rubbish", JSON, 400),
        (b"[]", JSON, 400),
        (b'{"do": NaN}', JSON, 400),
        (b"\xff\x00", JSON, 400),
        (b'{"do": "set", "changes": {"controller.kp": "x"}}', JSON, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", JSON | {"Origin": "http://example.org"}, 403),
        (b"{}", JSON | {"Host": "example.org"}, 403),
        (b"", JSON | {"Content-Length": "99999999999"}, 413),
        (b"", JSON | {"Content-Length": "-1"}, 411),
    ],
)
def test_rubbish_gets_a_sentence_and_the_next_client_an_answer(studio, body, headers, status):
    found, answer, _ = request(studio, "POST", "/do", body, headers)
    assert found == status
    assert len(answer["error"]) > 10
    assert opened(studio)["word"] == "Accepted"


@pytest.mark.parametrize(
    "raw", [b"\x00\x01\x02\r\n\r\n", b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", b"POST"]
)
def test_what_is_no_request_ends_nothing(studio, raw):
    with socket.create_connection(("127.0.0.1", studio.port), timeout=10) as line:
        line.sendall(raw)
        line.shutdown(socket.SHUT_WR)
        assert b"root:" not in line.recv(4096)
    assert opened(studio)["word"] == "Accepted"


def test_nothing_but_the_page_is_served(studio):
    for path in ("/sims/run.py", "/..", "//etc/passwd", "/events", "/events?client=x"):
        assert request(studio, "GET", path)[0] == 404
    assert request(studio, "POST", "/", b"{}", JSON)[0] == 404


def test_a_page_that_is_loaded_again_has_its_scenario(studio):
    mine = opened(studio)["client"]
    stream = listen(studio, mine)
    do(studio, mine, do="set", changes={"controller.kp": SOFT})
    other = opened(studio, mine)  # the first page is still there: a copy
    assert other["client"] != mine
    assert other["can"]["undo"]
    stream.close()
    wait_for(lambda: not studio.client(mine).here)
    assert opened(studio, mine)["client"] == mine


def listen(studio, client):
    line = socket.create_connection(("127.0.0.1", studio.port), timeout=10)
    line.sendall(f"GET /events?client={client} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert b"text/event-stream" in line.recv(4096)
    return line


def wait_for(truth):
    end = time.monotonic() + 30
    while not truth():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_other_machines_are_let_in_by_a_token_only(tmp_path):
    with pytest.raises(InvalidInput, match="--token"):
        Studio(move(), host="0.0.0.0", port=0)
    with pytest.raises(InvalidInput, match="at least 8"):
        Studio(move(), host="0.0.0.0", port=0, token="short")
    with Studio(move(world=[]), host="0.0.0.0", port=0, token="a long secret") as studio:
        assert request(studio, "GET", "/")[0] == 403
        assert request(studio, "GET", "/?token=wrong")[0] == 403
        assert request(studio, "POST", "/do", b'{"do": "open"}', JSON)[0] == 403
        status, _, headers = request(studio, "GET", "/?token=a%20long%20secret")
        assert status == 200
        cookie = headers["Set-Cookie"].split(";")[0]
        assert "secret" not in cookie
        assert request(studio, "POST", "/do", b'{"do": "open"}', JSON | {"Cookie": cookie})[0] == 200


def test_a_used_port_is_passed_over_or_said():
    with Studio(move(), port=0) as first:
        with pytest.raises(InvalidInput, match=f"port {first.port} is used"):
            Studio(move(), port=first.port, exact=True)
        with Studio(move(), port=first.port) as second:
            assert second.port > first.port
    with pytest.raises(InvalidInput, match="host"):
        Studio(move(), host="999.1.1.1", token="long enough")


def test_the_studio_ends_with_its_last_page_and_so_does_its_work(monkeypatch):
    monkeypatch.setattr("sims.studio.server.GRACE", 0.5)
    with Studio(move(world=[]), port=0) as studio:
        client = opened(studio)["client"]
        stream = listen(studio, client)
        session = studio.client(client).session
        do(studio, client, do="tune", budget=1000)
        wait_for(lambda: session.job._child.process is not None)
        process = session.job._child.process
        waiting = threading.Thread(target=studio.wait, daemon=True)
        waiting.start()
        stream.close()
        waiting.join(30)
        assert not waiting.is_alive()
    wait_for(lambda: process.poll() is not None)
    assert not session.job.running or wait_for(lambda: not session.job.running) is None
    with pytest.raises(OSError, match=r"refused|actively"):
        socket.create_connection(("127.0.0.1", studio.port), timeout=5)
