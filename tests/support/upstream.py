"""An OpenAI-compatible upstream that does as it is told, well or badly: `mode=…` in the prompt.

It is fast enough to measure against: `python -m tests.support.upstream PORT` serves it alone.
"""

import asyncio
import json
import re
import sys
import time
from typing import Any

import httptools

from tests.support.upstream_embeddings import answer, embedded

CHUNKS = 32
WORD = " token"
CREATED = 1_700_000_000
USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": CHUNKS,
    "total_tokens": 9 + CHUNKS,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 0},
}
MODES = """
die:K      K chunks, then the connection is cut
errmid:K   K chunks, then an error event, then a clean end
nodone     the whole answer, and the body ends without [DONE]
nofinish   all the text and [DONE], but no finish reason
short:K    K chunks, then a clean end of the body
http:CODE  an error of that status, in OpenAI's shape
slow:MS    waits before the head
gap:MS     waits between chunks
hang:K     K chunks, then silence
hold:K     K chunks, then nothing until `released` is set, then the rest
nousage    no usage chunk
split      every event in two writes, in the middle of a character
crlf       lines end with CRLF
whole      one JSON object, though a stream was asked for
garbage    an event that is no JSON
html       a page that says that all is well, and no answer
lies:N     usage that says N tokens of output, and none of input
tools      a tool call in pieces
reason     reasoning before the answer, in the newer word
two        two choices, interleaved
"""
_MODE = re.compile(r"mode=([a-z]+)(?::(\d+))?")
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_PAGE = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\n\r\n<html>OK</html>"
_LAST = b"0\r\n\r\n"


def event(value: Any) -> bytes:
    """Answer one event."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return b"data: " + text.encode() + b"\n\n"


def chunk(delta: Any, finish: str | None = None, index: int = 0) -> dict[str, Any]:
    """Answer one chunk."""
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {
        "id": "chatcmpl-up0001",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": "up-model",
        "system_fingerprint": "fp_up",
        "choices": [choice],
    }


def completion(
    text: str, index: int, finish: str | None = None, *, logprobs: bool = False
) -> dict[str, Any]:
    """Answer one piece of a legacy completion."""
    scored = {
        "tokens": [text],
        "token_logprobs": [-0.5],
        "top_logprobs": [{text: -0.5}],
        "text_offset": [0],
    }
    choice = {
        "text": text,
        "index": index,
        "logprobs": scored if logprobs else None,
        "finish_reason": finish,
    }
    head = {"id": "cmpl-up0001", "object": "text_completion", "created": CREATED}
    return {**head, "model": "up-model", "choices": [choice]}


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_TEXT = [chunk({"role": "assistant", "content": WORD})] + [
    chunk({"content": WORD}) for _ in range(CHUNKS - 1)
]
_FINISH = chunk({}, "stop")
_USAGE = {**chunk({}), "choices": [], "usage": USAGE}
_FAST = b"".join(_framed(event(value)) for value in (*_TEXT, _FINISH, _USAGE, "[DONE]"))
_SPLIT = chunk({"content": "\u00e9\u00e8\U0001f600"})
_TOOLS = [
    chunk(
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "index": 0,
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": ""},
                }
            ],
        }
    ),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": ' "Ulm"}'}}]}),
    chunk({}, "tool_calls"),
    _USAGE,
]
_MODELS = {
    "object": "list",
    "data": [{"id": "up-model", "object": "model", "created": CREATED, "owned_by": "upstream"}],
}
_WHOLE = {
    "id": "chatcmpl-up0001",
    "object": "chat.completion",
    "created": CREATED,
    "model": "up-model",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": WORD * CHUNKS, "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": USAGE,
}


class Upstream:
    """The server, and what it saw."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keeps_requests = True
        self.headers: list[dict[bytes, bytes]] = []
        self.connections = 0
        self.left_at_s: list[float] = []
        """When a client closed the connection before the answer was whole, by the loop's clock."""
        self.port = 0
        self.released = asyncio.Event()
        self._server: asyncio.Server | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> "Upstream":
        await self.listen(0)
        return self

    async def __aexit__(self, *trace: object) -> None:
        await self.stop()

    async def listen(self, port: int) -> None:
        """Begin to serve."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.close()
            self._server = None


class _Connection(asyncio.Protocol):
    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        upstream.connections += 1

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task is not None:
            self._upstream.left_at_s.append(self._loop.time())
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._url = b""
        self._body: list[bytes] = []
        self._headers: dict[bytes, bytes] = {}

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._parser.get_method() == b"GET":
            # Other gateways ask for the models, and after the server's health, before they forward.
            self._transport.write(answer(200, _MODELS if b"/models" in self._url else {}))
            return
        request = json.loads(b"".join(self._body) or b"{}")
        upstream = self._upstream
        if upstream.keeps_requests:
            upstream.requests.append(request)
            upstream.headers.append(self._headers)
        if self._url.endswith(b"/embeddings"):
            self._transport.write(embedded(request))
            return
        if b"/chat/" not in self._url:
            self._complete(request)
            return
        content = (request.get("messages") or [{}])[-1].get("content")
        found = _MODE.search(content if isinstance(content, str) else json.dumps(content))
        if found is None:
            self._plain(request)
            return
        mode, number = found[1], int(found[2] or 0)
        self._task = asyncio.ensure_future(self._play(mode, number))
        self._task.add_done_callback(self._played)

    def _plain(self, request: dict[str, Any]) -> None:
        if request.get("stream"):
            self._transport.write(_HEAD + _FAST + _LAST)
        else:
            self._transport.write(answer(200, _WHOLE))

    def _complete(self, request: dict[str, Any]) -> None:
        """Answer a legacy completion: each choice says its index and how much is asked for."""
        prompt, each = request["prompt"], request.get("n") or 1
        is_one = isinstance(prompt, str) or isinstance(prompt[0], int)
        choices = range((1 if is_one else len(prompt)) * each)
        texts = [[f" choice {index}", f" of {request['max_tokens']}"] for index in choices]
        logprobs = request.get("logprobs") is not None
        pieces = [
            completion(text, index, logprobs=logprobs)
            for step in (0, 1)
            for index, text in ((index, texts[index][step]) for index in choices)
        ]
        pieces += [completion("", index, "stop") for index in choices]
        usage = {**completion("", 0), "choices": [], "usage": USAGE}
        self._transport.write(_HEAD)
        self._send(*pieces, usage, "[DONE]")
        self._transport.write(_LAST)

    def _played(self, task: "asyncio.Task[None]") -> None:
        self._task = None
        if not task.cancelled():
            task.result()

    async def _play(self, mode: str, number: int) -> None:
        if mode == "http":
            self._refuse(number)
        elif mode == "whole":
            self._transport.write(answer(200, _WHOLE))
        elif mode == "html":
            self._transport.write(_PAGE)
        elif mode == "slow":
            await asyncio.sleep(number / 1000)
            self._transport.write(_HEAD + _FAST + _LAST)
        else:
            self._transport.write(_HEAD)
            await self._stream(mode, number)

    def _refuse(self, status: int) -> None:
        error = {"message": f"upstream says {status}", "type": "t", "param": None, "code": "c"}
        more = b"retry-after: 7\r\n" if status == 429 else b""
        self._transport.write(answer(status, {"error": error}, more))

    async def _stream(self, mode: str, number: int) -> None:
        if mode in ("die", "errmid", "short", "hang"):
            for value in _TEXT[:number]:
                self._send(value)
                await asyncio.sleep(0.002)
            await self._end_badly(mode)
            return
        if mode == "split":
            for _ in range(4):
                await self._send_split(_SPLIT)
            self._send(_FINISH, _USAGE, "[DONE]")
        elif mode == "tools":
            self._send(*_TOOLS, "[DONE]")
        elif mode == "reason":
            self._send(chunk({"role": "assistant", "reasoning": "Because"}))
            self._send(chunk({"content": "So"}), _FINISH, _USAGE, "[DONE]")
        elif mode == "two":
            for index in (0, 1, 0, 1):
                self._send(chunk({"content": f"<{index}>"}, index=index))
            self._send(chunk({}, "stop", 0), chunk({}, "length", 1), _USAGE, "[DONE]")
        else:
            await self._send_text(mode, number)
        self._transport.write(_LAST)

    async def _end_badly(self, mode: str) -> None:
        if mode == "die":
            self._transport.abort()
        elif mode == "hang":
            await asyncio.sleep(3_600)
        elif mode == "errmid":
            self._send({"error": {"message": "upstream broke", "type": "t", "code": "c"}})
        if mode in ("errmid", "short"):
            self._transport.write(_LAST)

    async def _send_text(self, mode: str, number: int) -> None:
        for position, value in enumerate(_TEXT):
            if mode == "hold" and position == number:
                await self._upstream.released.wait()
            if mode == "crlf":
                data = event(value).replace(b"\n", b"\r\n")
                self._transport.write(_framed(b": note\r\n" + data))
            else:
                self._send(value)
            if mode == "gap":
                await asyncio.sleep(number / 1000)
        if mode == "garbage":
            self._send("{oops")
        if mode != "nofinish":
            self._send(_FINISH)
        if mode == "lies":
            claimed = {"prompt_tokens": 0, "completion_tokens": number, "total_tokens": number}
            self._send({**_USAGE, "usage": claimed})
        elif mode != "nousage":
            self._send(_USAGE)
        if mode != "nodone":
            self._send("[DONE]")

    def _send(self, *values: Any) -> None:
        self._transport.write(b"".join(_framed(event(value)) for value in values))

    async def _send_split(self, value: Any) -> None:
        data = event(value)
        middle = data.index("\u00e9".encode()) + 1
        for piece in (data[:middle], data[middle:]):
            self._transport.write(_framed(piece))
            await asyncio.sleep(0.002)


async def _serve(port: int) -> None:
    upstream = Upstream()
    upstream.keeps_requests = False
    await upstream.listen(port)
    print(f"READY {upstream.base_url} {time.time():.0f}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(_serve(int(sys.argv[1])))
    except KeyboardInterrupt:
        pass
