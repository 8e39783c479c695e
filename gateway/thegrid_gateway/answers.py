"""The two forms of an answer: one JSON object, or server-sent events as they come.

Here is what all surfaces share, and chat completions; `message_answers.py` and
`response_answers.py` have the others. What is asked of the exchange is in `inference.py`.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.message import Message

from thegrid import errors
from thegrid.openai import Assembly, MappingError, reply_to_json, usage_to_json
from thegrid.session import SessionCall
from thegrid.v1 import chat_pb2, delivery_pb2, usage_pb2
from thegrid_gateway import json_text
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError, from_refusal
from thegrid_gateway.http import ClientLeft, Headers, Http
from thegrid_gateway.records import Ending, billed_headers, receipt, served_headers

_DONE = b"data: [DONE]\n\n"
_UNSAID: Final = {"logprobs": None, "finish_reason": None}
_LASTING: Final = ("service_tier", "system_fingerprint")
"""What a supplier may say with its first chunk alone, and OpenAI says with each."""


class Answer:
    """What both forms share: following one call to its end."""

    def __init__(self, http: Http, call: SessionCall, config: Config, model: str) -> None:
        self._http = http
        self.call = call
        self._config = config
        self.started = delivery_pb2.DeliveryStarted(serving_model=model)
        self.first_token_s = 0.0
        self.usage: usage_pb2.UsageRecord | None = None
        self.finishes: list[str] = []

    async def run(self) -> None:
        """Answer the client from the call's events.

        Raises ApiError where the call failed before the answer began, ClientLeft where nobody
        reads any more.
        """
        while True:
            events = await self.call.next()
            if not events:
                if self.call.is_over:
                    raise ClientLeft
                await self._idle()
                continue
            for event in events:
                kind = event.WhichOneof("event")
                if kind in ("reply", "embedding"):
                    self._mark_first_token()
                    self._take_reply(getattr(event, kind))
                elif kind == "started":
                    self.started = event.started
                elif kind == "ended":
                    self._mark_first_token()
                    self.usage = event.ended.usage
                    self.finishes = [each.finish_reason for each in event.ended.reply.choices]
                    await self._end(event.ended)
                    return
                elif kind == "failed":
                    self.usage = event.failed.usage if event.failed.HasField("usage") else None
                    await self._fail(event.failed)
                    return
            await self._flush()

    def _mark_first_token(self) -> None:
        if not self.first_token_s:
            self.first_token_s = time.perf_counter() - self._http.began_s

    def _take_reply(self, reply: Any) -> None:
        raise NotImplementedError

    async def _idle(self) -> None:
        """Nothing came for a while."""

    async def _flush(self) -> None:
        """All events that were ready are taken."""

    async def _end(self, ended: delivery_pb2.DeliveryEnded) -> None:
        raise NotImplementedError

    async def _fail(self, failed: delivery_pb2.DeliveryFailed) -> None:
        raise self._refusal(failed)

    def _refusal(self, failed: delivery_pb2.DeliveryFailed) -> ApiError:
        refused = from_refusal(errors.from_status(failed.status))
        usage_id = failed.usage.usage_id or self.started.usage_id
        if usage_id:
            refused.headers += ((b"x-grid-request-id", usage_id.encode()),)
        return refused

    def tail(self) -> str:
        """Answer the part of the usage record's id that the answer's own id ends with."""
        return self.started.usage_id.partition("_")[2] or self._http.request_id

    def _identity(self) -> dict[str, Any]:
        """Answer the keys that every part of a chat's answer shares."""
        return {"id": f"chatcmpl-{self.tail()}", "model": self.started.serving_model}

    def _headers(self) -> Headers:
        spent_ms = round((time.perf_counter() - self._http.began_s) * 1000)
        return [
            *served_headers(self.started),
            (b"openai-processing-ms", str(spent_ms).encode()),
        ]


def chunk_of(reply: chat_pb2.ChatReply) -> dict[str, Any]:
    """Answer a part of an answer as JSON; verbatim fields that are none are left out.

    They come from the supplier as they are, and the client pays for the rest. Choices are a list
    of objects, each with a number as its index, and what they say is an object.
    """
    try:
        chunk = reply_to_json(reply)
    except MappingError:
        _drop_verbatim(reply)
        chunk = reply_to_json(reply)
    if not reply.choices:
        chunk.pop("choices", None)
    for choice in chunk.get("choices", ()):
        if type(choice.get("index", 0)) is not int:
            choice["index"] = 0
        for name in ("delta", "message"):
            if type(choice.get(name, {})) is not dict:
                del choice[name]
    return chunk


def _drop_verbatim(message: Message) -> None:
    for field, value in message.ListFields():
        if field.type == field.TYPE_BYTES:
            message.ClearField(field.name)
        elif field.type == field.TYPE_MESSAGE:
            for inner in [value] if isinstance(value, Message) else value:
                _drop_verbatim(inner)


def billed_usage(ended: delivery_pb2.DeliveryEnded) -> dict[str, Any]:
    """Answer the `usage` that the client is shown: what is billed."""
    if ended.reply.HasField("usage"):
        return usage_to_json(ended.reply.usage)
    counted = ended.usage.counted
    return {
        "prompt_tokens": counted.prompt_tokens,
        "completion_tokens": counted.completion_tokens,
        "total_tokens": counted.prompt_tokens + counted.completion_tokens,
    }


class WholeAnswer(Answer):
    """The answer as one JSON object."""

    def __init__(self, http: Http, call: SessionCall, config: Config, model: str) -> None:
        super().__init__(http, call, config, model)
        self._assembly = Assembly()

    def _take_reply(self, reply: chat_pb2.ChatReply) -> None:
        self._assembly.add(chunk_of(reply))

    async def _end(self, ended: delivery_pb2.DeliveryEnded) -> None:
        self._take_reply(ended.reply)
        completion = self._assembly.completion()
        completion.setdefault("created", int(time.time()))
        completion |= self._identity()
        completion["usage"] = billed_usage(ended)
        headers = [*self._headers(), *billed_headers(ended)]
        await self._http.answer(200, self._told(completion), headers)

    def _told(self, completion: dict[str, Any]) -> dict[str, Any]:
        """Answer the completion as the surface writes it."""
        return completion


class EventStream(Answer):
    """An answer as server-sent events, each batch that is ready in one write."""

    ALIVE = b": keep-alive\n\n"
    """What is sent after a silence."""

    def __init__(self, http: Http, call: SessionCall, config: Config, model: str) -> None:
        super().__init__(http, call, config, model)
        self._pieces: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._written_s = self._loop.time()
        self._is_writing = False
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Answer the client, and say from time to time that the stream is alive."""
        self._arm()
        try:
            await super().run()
        except errors.GridError as lost:
            if not self._http.has_begun:
                raise
            await self._break(from_refusal(lost))
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _arm(self) -> None:
        span_s = min(self._config.heartbeat_s, self._config.stalled_client_s)
        self._timer = self._loop.call_later(span_s, self._tick)

    def _tick(self) -> None:
        silent_s = self._loop.time() - self._written_s
        if self._is_writing and silent_s >= self._config.stalled_client_s:
            self.call.cancel("client_stalled")
            self._http.drop()
            return
        if not self._is_writing:
            self.call.wake()
        self._arm()

    async def _idle(self) -> None:
        silent_s = self._loop.time() - self._written_s
        if self._http.has_begun and silent_s >= self._config.heartbeat_s:
            await self._write(self.ALIVE, more=True)

    async def _write(self, piece: bytes, *, more: bool) -> None:
        if not self._http.has_begun:
            await self._http.begin(
                200,
                [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"cache-control", b"no-cache"),
                    (b"x-accel-buffering", b"no"),
                    *self._headers(),
                ],
            )
        self._written_s = self._loop.time()
        self._is_writing = True
        await self._http.write(piece, more=more)
        self._is_writing = False

    async def _flush(self) -> None:
        if self._pieces:
            pieces, self._pieces = self._pieces, []
            await self._write(b"".join(pieces), more=True)

    def _put_receipt(self, told: Ending) -> None:
        """Say what was billed, in a comment that only who looks for it reads."""
        self._pieces.append(b": receipt %b\n\n" % json_text.write(receipt(told)))

    def _put_error(self, refused: ApiError) -> None:
        """Say why the stream breaks off."""
        self._pieces.append(b"data: %b\n\n" % json_text.write(refused.body()))

    async def _fail(self, failed: delivery_pb2.DeliveryFailed) -> None:
        refused = self._refusal(failed)
        if not self._http.has_begun and not self._pieces:
            raise refused
        if failed.HasField("usage"):
            self._put_receipt(failed)
        await self._break(refused)

    async def _break(self, refused: ApiError) -> None:
        """End a begun answer with an error event and without its proper end."""
        self._http.error_code = refused.code or refused.type
        self._put_error(refused)
        await self._flush()
        self._http.abort()
        await self._http.left()


class StreamedAnswer(EventStream):
    """A chat completion in chunks."""

    OBJECT = "chat.completion.chunk"
    """What each chunk says it is."""

    def __init__(
        self, http: Http, call: SessionCall, config: Config, model: str, include_usage: bool
    ) -> None:
        super().__init__(http, call, config, model)
        self._include_usage = include_usage
        self._base: dict[str, Any] = {}
        self._begun_choices: set[int] = set()

    def _take_reply(self, reply: chat_pb2.ChatReply) -> None:
        chunk = chunk_of(reply)
        # Usage is shown once, at the end, as billed.
        chunk.pop("usage", None)
        for choice in chunk.pop("choices", ()):
            for piece in self._shown(choice):
                self._pieces.append(self._event(chunk, [piece]))

    def _shown(self, choice: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what a piece of a choice becomes; of the first one, the role comes before all."""
        index = choice.pop("index", 0)
        whole = choice.pop("message", None)
        delta = choice.pop("delta", whole) or {}
        if index not in self._begun_choices:
            self._begun_choices.add(index)
            opening = {"role": delta.pop("role", "assistant"), "content": "", "refusal": None}
            if delta.get("tool_calls") and not delta.get("content"):
                delta = {**opening, "content": None, **delta}
            else:
                yield {"index": index, "delta": opening, **_UNSAID}
                if not any(delta.values()):
                    delta = {}
        # What is left of a piece whose finish reason is held back says nothing.
        if delta or any(choice.values()):
            yield {"index": index, "delta": delta, **_UNSAID, **choice}

    def _event(self, chunk: dict[str, Any], choices: list[dict[str, Any]], **more: Any) -> bytes:
        """Answer one chunk; what all have in common is the first one's."""
        if not self._base:
            identity, created = self._identity(), chunk.get("created")
            self._base = {
                "id": identity["id"],
                "object": self.OBJECT,
                "created": created if isinstance(created, int) else int(time.time()),
                "model": identity["model"],
                **{key: chunk[key] for key in _LASTING if chunk.get(key)},
            }
        usage = {"usage": None} if self._include_usage else {}
        shown = {**self._base, **chunk, **self._base, "choices": choices, **usage, **more}
        return b"data: %b\n\n" % json_text.write(shown)

    async def _end(self, ended: delivery_pb2.DeliveryEnded) -> None:
        self._take_reply(ended.reply)
        if self._include_usage:
            self._pieces.append(self._event({}, [], usage=billed_usage(ended)))
        self._put_receipt(ended)
        self._pieces.append(_DONE)
        await self._write(b"".join(self._pieces), more=False)
