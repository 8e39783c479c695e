"""Answers in the form of Anthropic's Messages, plain and streamed.

Which events there are is told by `thegrid.anthropic`; what all surfaces share is in `answers.py`.
"""

from collections.abc import Mapping
from typing import Any

from thegrid.anthropic import Event, MessageStream
from thegrid.openai import Assembly
from thegrid.openai.pieces import finish_of
from thegrid.session import SessionCall
from thegrid.v1 import chat_pb2, delivery_pb2
from thegrid_gateway import json_text
from thegrid_gateway.answers import Answer, EventStream, billed_usage, chunk_of
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError
from thegrid_gateway.http import Http
from thegrid_gateway.records import billed_headers


def _stream_of(answer: Answer, asked: Mapping[str, Any]) -> MessageStream:
    started = answer.started
    display = (asked.get("thinking") or {}).get("display")
    return MessageStream(
        f"msg_{answer.tail()}",
        started.serving_model,
        prompt_tokens=started.prompt_tokens,
        stop_sequences=asked.get("stop_sequences") or (),
        shows_thinking=display != "omitted",
    )


class WholeMessage(Answer):
    """The message as one JSON object."""

    def __init__(
        self, http: Http, call: SessionCall, config: Config, asked: Mapping[str, Any]
    ) -> None:
        super().__init__(http, call, config, asked["model"])
        self._asked = asked
        self._assembly = Assembly()

    def _take_reply(self, reply: chat_pb2.ChatReply) -> None:
        self._assembly.add(chunk_of(reply))

    async def _end(self, ended: delivery_pb2.DeliveryEnded) -> None:
        self._take_reply(ended.reply)
        completion = self._assembly.completion()
        stream = _stream_of(self, self._asked)
        stream.add(completion)
        stream.end(finish_of(completion), billed_usage(ended))
        headers = [*self._headers(), *billed_headers(ended)]
        await self._http.answer(200, stream.message, headers)


class StreamedMessage(EventStream):
    """The message as typed events."""

    ALIVE = b'event: ping\ndata: {"type": "ping"}\n\n'

    def __init__(
        self, http: Http, call: SessionCall, config: Config, asked: Mapping[str, Any]
    ) -> None:
        super().__init__(http, call, config, asked["model"])
        self._asked = asked
        self._stream: MessageStream | None = None

    def _begun(self) -> MessageStream:
        """Answer the message under way, which begins with the first part of its answer."""
        if self._stream is None:
            self._stream = _stream_of(self, self._asked)
            self._put(self._stream.begin())
            self._pieces.append(self.ALIVE)
        return self._stream

    def _put(self, events: list[Event]) -> None:
        for event in events:
            kind = event["type"].encode()
            self._pieces.append(b"event: %b\ndata: %b\n\n" % (kind, json_text.write(event)))

    def _take_reply(self, reply: chat_pb2.ChatReply) -> None:
        self._put(self._begun().add(chunk_of(reply)))

    async def _end(self, ended: delivery_pb2.DeliveryEnded) -> None:
        last = chunk_of(ended.reply)
        stream = self._begun()
        *events, stop = stream.add(last) + stream.end(finish_of(last), billed_usage(ended))
        self._put(events)
        self._put_receipt(ended)
        self._put([stop])
        await self._write(b"".join(self._pieces), more=False)

    def _put_error(self, refused: ApiError) -> None:
        self._put([refused.messages_body(self._http.request_id)])
