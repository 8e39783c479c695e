"""Answers in the form of OpenAI's Responses, plain and streamed, kept where that was asked for.

Which events there are is told by `thegrid.responses`; what all surfaces share is in `answers.py`.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from thegrid.openai import Assembly
from thegrid.openai.pieces import finish_of
from thegrid.responses import Event, ResponseStream, input_items, response_of
from thegrid.session import SessionCall
from thegrid.v1 import chat_pb2, delivery_pb2
from thegrid_gateway import json_text
from thegrid_gateway.answers import Answer, EventStream, billed_usage, chunk_of
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError
from thegrid_gateway.http import Http
from thegrid_gateway.records import billed_headers
from thegrid_gateway.response_store import Kept, ResponseStore

_log = logging.getLogger("thegrid_gateway")
_CANCELLED = "delivery_cancelled"


class Asked(NamedTuple):
    """A request, and where its response is to be kept, if anywhere."""

    body: Mapping[str, Any]
    store: ResponseStore | None


def _stream_of(answer: Answer, asked: Asked) -> ResponseStream:
    started = answer.started
    response = response_of(
        asked.body,
        f"resp_{answer.tail()}",
        started.serving_model,
        int(time.time()),
        is_stored=asked.store is not None,
    )
    return ResponseStream(asked.body, response)


async def _keep(asked: Asked, response: dict[str, Any]) -> None:
    """Keep a response; one that could not be kept says so and is answered all the same."""
    if asked.store is None:
        return
    items = [
        _item(item, f"in_{response['id'].partition('_')[2]}{position}")
        for position, item in enumerate(input_items(asked.body))
    ]
    try:
        previous_id = asked.body.get("previous_response_id") or ""
        await asked.store.put(Kept(response, items, previous_id))
    except Exception:
        _log.exception("a response could not be kept")
        response["store"] = False


def _item(item: dict[str, Any], item_id: str) -> dict[str, Any]:
    """Answer an item of the input in its long form, with an id."""
    whole = {"id": item_id, "type": "message", **item}
    content = whole.get("content")
    if whole["type"] == "message" and isinstance(content, str):
        kind = "output_text" if whole["role"] == "assistant" else "input_text"
        whole["content"] = [{"type": kind, "text": content}]
    return whole


class WholeResponse(Answer):
    """The response as one JSON object."""

    def __init__(self, http: Http, call: SessionCall, config: Config, asked: Asked) -> None:
        super().__init__(http, call, config, asked.body["model"])
        self._asked = asked
        self._assembly = Assembly()

    def _take_reply(self, reply: chat_pb2.ChatReply) -> None:
        self._assembly.add(chunk_of(reply))

    async def _end(self, ended: delivery_pb2.DeliveryEnded) -> None:
        self._take_reply(ended.reply)
        completion = self._assembly.completion()
        stream = _stream_of(self, self._asked)
        stream.add(completion)
        stream.finish(finish_of(completion), billed_usage(ended), int(time.time()))
        await _keep(self._asked, stream.response)
        headers = [*self._headers(), *billed_headers(ended)]
        await self._http.answer(200, stream.response, headers)


class StreamedResponse(EventStream):
    """The response as typed events."""

    def __init__(self, http: Http, call: SessionCall, config: Config, asked: Asked) -> None:
        super().__init__(http, call, config, asked.body["model"])
        self._asked = asked
        self._stream: ResponseStream | None = None

    def _begun(self) -> ResponseStream:
        """Answer the response under way, which begins with the first part of its answer."""
        if self._stream is None:
            self._stream = _stream_of(self, self._asked)
            self._put(self._stream.begin())
        return self._stream

    def _put(self, events: list[Event]) -> None:
        for event in events:
            kind = event["type"].encode()
            self._pieces.append(b"event: %b\ndata: %b\n\n" % (kind, json_text.write(event)))

    def _take_reply(self, reply: chat_pb2.ChatReply) -> None:
        self._put(self._begun().add(chunk_of(reply)))

    async def _end(self, ended: delivery_pb2.DeliveryEnded) -> None:
        last, stream = chunk_of(ended.reply), self._begun()
        self._put(stream.add(last))
        self._put(stream.finish(finish_of(last), billed_usage(ended), int(time.time())))
        await _keep(self._asked, stream.response)
        self._put_receipt(ended)
        self._put([stream.last()])
        await self._write(b"".join(self._pieces), more=False)

    async def _break(self, refused: ApiError) -> None:
        stream = self._begun()
        code = refused.code or "server_error"
        status = "cancelled" if code == _CANCELLED else "failed"
        self._put(stream.fail(code, refused.message, refused.param, status))
        await _keep(self._asked, stream.response)
        await super()._break(refused)

    def _put_error(self, refused: ApiError) -> None:
        """The events of the break have said it."""
