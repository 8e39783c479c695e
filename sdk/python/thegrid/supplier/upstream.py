"""Answers deliveries with an OpenAI-compatible server: chats always streamed, nothing kept.

The stream to the exchange is in `link.py`; needs the extra `supplier`.
"""

import asyncio
import contextlib
import json
from typing import Any

import aiohttp

from thegrid.completions import prompts_of
from thegrid.openai import (
    MappingError,
    reply_from_json,
    request_to_json,
    usage_from_json,
)
from thegrid.supplier.backend import CLIENT_FAULT, FAILED, REFUSED, BackendError
from thegrid.supplier.call import SupplierCall
from thegrid.supplier.coalesce import coalesce
from thegrid.supplier.sse import EventReader, EventTooLong
from thegrid.supplier.upstream_embeddings import embedding_body, send_embeddings
from thegrid.v1 import chat_pb2

_DONE = b"[DONE]"
_CONNECT_TIMEOUT_S = 5.0
_SILENCE_TIMEOUT_S = 300.0
_FINISH_TIMEOUT_S = 1.0
_ERROR_BODY_BYTES = 65_536
# Statuses that find the request itself malformed; other 4xx lie between supplier and upstream.
_CLIENT_STATUSES = frozenset({400, 413, 414, 415, 422})
_CAPS = ("max_completion_tokens", "max_tokens")


class Upstream:
    """A backend in front of an OpenAI-compatible server at `base_url`."""

    def __init__(
        self,
        base_url: str,
        *,
        model: str = "",
        key: str = "",
        output_cap_field: str = "max_tokens",
        silence_timeout_s: float = _SILENCE_TIMEOUT_S,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._model = model
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._output_cap_field = output_cap_field
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=silence_timeout_s
        )
        self._session: aiohttp.ClientSession | None = None
        self._finishing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Make ready."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=self._timeout,
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def answer(self, call: SupplierCall) -> chat_pb2.ChatUsage:
        """Forward one delivery; see `Backend`. Cancelling closes the upstream's connection."""
        try:
            if call.is_embedding:
                return await self._embed(call)
            return await self._chat(call)
        except aiohttp.ClientConnectorError as fault:
            raise BackendError(REFUSED, f"the upstream cannot be reached: {fault}") from None
        except TimeoutError:
            raise BackendError(FAILED, "the upstream fell silent") from None
        except (aiohttp.ClientError, OSError) as fault:
            what = str(fault) or type(fault).__name__
            raise BackendError(FAILED, f"the upstream broke off: {what}") from None

    async def _chat(self, call: SupplierCall) -> chat_pb2.ChatUsage:
        body = self.request_body(call)
        is_legacy = "prompt" in body
        prompts = len(prompts_of(body["prompt"])) if is_legacy else 1
        reading = _Reading(prompts * (body.get("n") or 1))
        path = "/completions" if is_legacy else "/chat/completions"
        response = await self._post(call, path, body)
        try:
            await _read(call, reading, response)
        except BaseException:
            response.close()
            raise
        self._let_go(response)
        return reading.usage

    async def _embed(self, call: SupplierCall) -> chat_pb2.ChatUsage:
        body = embedding_body(call, self._model)
        async with await self._post(call, "/embeddings", body) as response:
            await _check_status(response)
            answer = await response.read()
        return await send_embeddings(call, answer)

    async def _post(
        self, call: SupplierCall, path: str, body: dict[str, Any]
    ) -> aiohttp.ClientResponse:
        if self._session is None:
            raise BackendError(REFUSED, "the supplier has not started")
        headers = {"content-type": "application/json"}
        if call.opening.traceparent:
            headers["traceparent"] = call.opening.traceparent
        return await self._session.post(
            self._base_url + path,
            data=json.dumps(body).encode(),
            headers=headers,
            allow_redirects=False,
        )

    def _let_go(self, response: aiohttp.ClientResponse) -> None:
        """Use the connection again if the body comes to its end soon, else close it."""
        if response.content.at_eof():
            response.release()
            return
        task = asyncio.ensure_future(_finish(response))
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    def request_body(self, call: SupplierCall) -> dict[str, Any]:
        """Answer the JSON body for the upstream: the client's own but for what is ours to say."""
        try:
            body = request_to_json(call.request)
        except MappingError as fault:
            raise BackendError(CLIENT_FAULT, str(fault)) from None
        for name in ("n", *_CAPS):
            # A count that is no number has no field; the exchange could not have counted with it.
            if body.get(name) is not None and not call.request.HasField(name):
                raise BackendError(CLIENT_FAULT, f"{name}: must be an integer", name)
        body["model"] = self._model or call.opening.model
        body["stream"] = True
        options = body.get("stream_options")
        body["stream_options"] = {
            **(options if isinstance(options, dict) else {}),
            "include_usage": True,
        }
        cap = call.max_output_tokens
        if cap:
            named = [name for name in _CAPS if body.get(name) is not None]
            default = "max_tokens" if "prompt" in body else self._output_cap_field
            for name in named or [default]:
                body[name] = min(body.get(name) or cap, cap)
        return body


class _Reading:
    """What is known of an answer while it is read."""

    def __init__(self, choices: int) -> None:
        self._unfinished = set(range(choices))
        self.usage = chat_pb2.ChatUsage()

    def take(self, data: bytes) -> dict[str, Any] | None:
        """Answer the chunk in one event, or None for what the client is not to see."""
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            raise BackendError(FAILED, "the upstream sent what is no JSON") from None
        if not isinstance(value, dict):
            raise BackendError(FAILED, "the upstream sent JSON that is no object")
        if value.get("error"):
            raise BackendError(FAILED, f"the upstream said: {_words(value)}")
        usage = value.pop("usage", None)
        if isinstance(usage, dict):
            self.usage = usage_from_json(usage)
        choices = value.get("choices")
        if not isinstance(choices, list) or not choices:
            return None
        for choice in choices:
            if isinstance(choice, dict):
                self._take_choice(choice)
        return value

    def _take_choice(self, choice: dict[str, Any]) -> None:
        if type(choice.get("text")) is str and "delta" not in choice:
            choice["delta"] = {"content": choice.pop("text")}
        if "message" in choice and "delta" not in choice:
            choice["delta"] = choice.pop("message")
        delta = choice.get("delta")
        if isinstance(delta, dict) and "reasoning" in delta and "reasoning_content" not in delta:
            # Newer servers' word for the same thing; one word is counted and shown.
            delta["reasoning_content"] = delta.pop("reasoning")
        if isinstance(choice.get("finish_reason"), str):
            self._unfinished.discard(choice.get("index", 0))

    def check_whole(self) -> None:
        """Refuse an answer that ended before each choice had its finish reason."""
        if self._unfinished:
            raise BackendError(FAILED, "the upstream's answer ended before it was whole")


async def _read(call: SupplierCall, reading: _Reading, response: aiohttp.ClientResponse) -> None:
    """Send on a whole answer. Raises BackendError when it is none, or does not become whole."""
    await _check_status(response)
    if "json" in response.headers.get("content-type", ""):
        whole = reading.take(await response.read())
        await _send(call, [whole] if whole is not None else [])
    else:
        await _follow(call, reading, response)
    reading.check_whole()


async def _follow(call: SupplierCall, reading: _Reading, response: aiohttp.ClientResponse) -> None:
    reader = EventReader()
    async for piece in response.content.iter_any():
        if await _forward(call, reading, _cut(reader, piece)):
            return
    await _forward(call, reading, reader.finish())


async def _finish(response: aiohttp.ClientResponse) -> None:
    with contextlib.suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(_FINISH_TIMEOUT_S):
            await response.content.read(1)
    # Closes the connection unless the end of the body has released it.
    response.close()


def _cut(reader: EventReader, piece: bytes) -> list[bytes]:
    try:
        return reader.feed(piece)
    except EventTooLong as fault:
        raise BackendError(FAILED, f"the upstream: {fault}") from None


async def _forward(call: SupplierCall, reading: _Reading, events: list[bytes]) -> bool:
    """Send on what some events say; answers whether the upstream said that it is done."""
    is_done = _DONE in events
    until = events.index(_DONE) if is_done else len(events)
    taken = [reading.take(data) for data in events[:until]]
    await _send(call, [chunk for chunk in taken if chunk is not None])
    return is_done


async def _send(call: SupplierCall, chunks: list[dict[str, Any]]) -> None:
    for chunk in coalesce(chunks):
        try:
            reply = reply_from_json(chunk)
        except MappingError as fault:
            raise BackendError(FAILED, f"the upstream sent what is no JSON: {fault}") from None
        await call.reply(reply)


async def _check_status(response: aiohttp.ClientResponse) -> None:
    status = response.status
    if status == 200:
        return
    words = _error_words(await response.content.read(_ERROR_BODY_BYTES))
    said = f"the upstream answered {status}" + (f": {words}" if words else "")
    if status in _CLIENT_STATUSES:
        raise BackendError(CLIENT_FAULT, words or said)
    raise BackendError(REFUSED if status < 500 or status == 503 else FAILED, said)


def _error_words(body: bytes) -> str:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body[:512].decode("utf-8", "replace").strip()
    return _words(value) if isinstance(value, dict) else ""


def _words(value: dict[str, Any]) -> str:
    error = value.get("error", value)
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or ""
    return str(error)[:2_048]
