"""Nothing of what is said stays anywhere: a whole market is run with marked words, and searched.

Every file, log, journal row and page of metrics is looked through, raw and in base64.
"""

import base64
import contextlib
import http.server
import json
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.support.grid_up import House, grid_up

MARK = "Zq7xMarkedWordsvK3"
"""In prompts, answers, names, tools, schemas, images and the upstream's own errors."""

FORMS = tuple(
    {
        MARK.encode(),
        MARK.encode("utf-16-le"),
        MARK.encode().hex().encode(),
        # Inside a longer text base64 begins at any of three places; the middle is always the same.
        *(base64.b64encode(b"-" * shift + MARK.encode())[4:-4] for shift in range(3)),
    }
)


class _Upstream(http.server.BaseHTTPRequestHandler):
    """Answers with the mark, well or badly, as the prompt's `mode=…` asks."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        mode = next((word for word in ("die", "error", "garbage", "refuse") if word in body), "")
        if mode == "refuse":
            self._whole(400, {"error": {"message": f"bad words: {MARK}", "type": "t", "code": "c"}})
        elif mode == "error":
            self._whole(500, {"error": {"message": MARK, "type": "t", "code": "c"}})
        else:
            self._stream(mode)

    def _whole(self, status: int, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, mode: str) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        call = {"name": f"f_{MARK}", "arguments": json.dumps({"a": MARK})}
        for delta in (
            {"role": "assistant", "content": f"I say {MARK}. "},
            {"reasoning_content": f"thinking of {MARK}"},
            {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": call}]},
        ):
            self._event({"delta": delta, "finish_reason": None})
        if mode == "garbage":
            self.wfile.write(f"data: {{{MARK}\n\n".encode())
        if mode != "die":
            self._event({"delta": {}, "finish_reason": "stop"})
            self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, choice: dict[str, Any]) -> None:
        value = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "up-model"}
        line = json.dumps({**value, "choices": [{"index": 0, **choice}]})
        self.wfile.write(f"data: {line}\n\n".encode())

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def an_upstream() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


def said(mode: str = "", **more: Any) -> dict[str, Any]:
    """A request whose every text is marked."""
    image = base64.b64encode(b"\x89PNG\r\n\x1a\n" + MARK.encode()).decode()
    parts = [
        {"type": "text", "text": f"{MARK} mode={mode}"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
        {"type": "image_url", "image_url": {"url": f"https://example.org/{MARK}.png"}},
    ]
    function = {
        "name": f"f_{MARK}",
        "description": MARK,
        "parameters": {"type": "object", "properties": {MARK: {"type": "string"}}},
    }
    return {
        "model": "text-prime",
        "messages": [
            {"role": "system", "content": f"Be {MARK}"},
            {"role": "user", "name": MARK, "content": parts},
        ],
        "tools": [{"type": "function", "function": function}],
        "user": MARK,
        "metadata": {"note": MARK},
        "max_tokens": 200,
        **more,
    }


PLAIN = {
    "model": "text-prime",
    "max_tokens": 200,
    "messages": [{"role": "user", "content": f"say {MARK}"}],
}


def talk(house: House) -> str:
    """Say marked words in every way there is, well and badly; answers all that came back."""
    heard = []
    headers = {"authorization": f"Bearer {house.api_key}", "x-api-key": house.api_key}
    with httpx.Client(base_url=house.base_url, headers=headers, timeout=60) as client:
        for path, body in (
            ("/chat/completions", PLAIN),
            ("/chat/completions", said()),
            ("/chat/completions", said(stream=True, stream_options={"include_usage": True})),
            *(("/chat/completions", said(mode)) for mode in ("die", "error", "garbage", "refuse")),
            *(
                ("/chat/completions", said(mode, stream=True))
                for mode in ("die", "error", "garbage", "refuse")
            ),
            ("/messages", {**PLAIN, "system": f"Be {MARK}"}),
            ("/messages", {**PLAIN, "stream": True}),
            ("/messages/count_tokens", PLAIN),
            ("/responses", {"model": "text-prime", "input": MARK, "store": False}),
            # Bad in one way each; the refusal may name the field, nobody may keep the words.
            ("/chat/completions", said(temperature=MARK)),
            ("/chat/completions", said(response_format={"type": MARK})),
            ("/chat/completions", said(stop=[MARK] * 99)),
            ("/chat/completions", {**PLAIN, MARK: MARK}),
            ("/chat/completions", {**PLAIN, "messages": [{"role": MARK, "content": [MARK]}]}),
        ):
            with contextlib.suppress(httpx.RemoteProtocolError):
                heard.append(client.post(path, json=body).text)
        heard.append(client.post("/chat/completions", content=f'{{"{MARK}": '.encode()).text)
        with client.stream("POST", "/chat/completions", json=said(stream=True)) as left:
            next(left.iter_lines())
        heard.append(client.get("/usage").text)
    return "\n".join(heard)


def crash(house: House) -> None:
    """Kill the exchange while a call is under way, as losing power does."""
    headers = {"authorization": f"Bearer {house.api_key}"}
    exchange = next(
        child
        for child in psutil.Process(house.pid).children(recursive=True)
        if "thegrid_exchange" in " ".join(child.cmdline())
    )
    with (
        httpx.Client(base_url=house.base_url, headers=headers, timeout=30) as client,
        client.stream("POST", "/chat/completions", json=said(stream=True)) as call,
    ):
        next(call.iter_lines())
        os.kill(exchange.pid, signal.SIGKILL)


def leaks(folder: Path) -> list[str]:
    """Files, and tables with their columns, in which the mark is found."""
    contents = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    found = [
        str(path.relative_to(folder))
        for path, content in contents.items()
        if any(form in content for form in FORMS)
    ]
    for path, content in contents.items():
        if content.startswith(b"SQLite format 3\0"):
            found += _leaks_of_database(path)
    return found


def _leaks_of_database(path: Path) -> list[str]:
    """Look through the rows too: what is long lies in pieces in the file."""
    found = []
    with contextlib.closing(sqlite3.connect(path)) as database:
        tables = [
            row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                cells = (cell if isinstance(cell, bytes) else str(cell).encode() for cell in row)
                if any(form in cell for cell in cells for form in FORMS):
                    found.append(f"{path.name}: {table}")
                    break
    return found


def metrics(house: House) -> str:
    """The pages that a monitoring system reads, of the gateway and of the exchange."""
    pages = [httpx.get(house.base_url.removesuffix("/v1") + "/metrics").text]
    for child in psutil.Process(house.pid).children(recursive=True):
        for connection in child.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                with contextlib.suppress(httpx.HTTPError):
                    address = f"http://127.0.0.1:{connection.laddr.port}/metrics"
                    pages.append(httpx.get(address, timeout=2).text)
    return "\n".join(pages)


@pytest.mark.slow
def test_nothing_of_what_is_said_is_kept_anywhere(tmp_path: Path) -> None:
    with an_upstream() as address:
        options = ("--upstream", address, "--model", "up-model")
        levels = {"GRID_LOG_LEVEL": "debug", "GRID_GATEWAY_LOG_LEVEL": "debug"}
        with grid_up(tmp_path, *options, **levels) as house:
            heard = talk(house)
            assert heard.count(f"I say {MARK}") >= 3, heard[:4_000]
            assert '"verdict":"in_spec"' in heard.replace(" ", "")
            pages = metrics(house)
            assert "grid_deliveries_total" in pages
            crash(house)
        for name in ("exchange", "gateway"):
            assert (tmp_path / "logs" / f"{name}.log").stat().st_size > 0
    assert MARK not in pages
    assert leaks(tmp_path) == []


def test_the_search_finds_planted_words(tmp_path: Path) -> None:
    (tmp_path / "plain.log").write_text(f"debug: prompt was {MARK}\n", "utf-8")
    for shift in range(3):
        text = b"-" * shift + f"before {MARK} after".encode()
        (tmp_path / f"base64-{shift}.log").write_bytes(base64.b64encode(text))
    with contextlib.closing(sqlite3.connect(tmp_path / "exchange.db")) as database:
        database.execute("CREATE TABLE journal (seq INTEGER, command BLOB)")
        long = b"\x00" * 5_000 + MARK.encode()
        database.execute("INSERT INTO journal VALUES (1, ?)", (long,))
        database.commit()
    (tmp_path / "clean.log").write_text("delivery dlv_1 failed\n", "utf-8")
    found = leaks(tmp_path)
    assert {"plain.log", "base64-0.log", "base64-1.log", "base64-2.log"} <= set(found)
    assert "exchange.db: journal" in found
    assert "clean.log" not in found
