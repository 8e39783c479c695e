"""What every surface of inference shares: one request becomes one delivery, whose answer is told.

How a surface reads its requests is in `chat.py`, `messages.py` and `responses.py`; how it writes
answers in the files of answers.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.types import Receive, Scope, Send

from thegrid.errors import GridError
from thegrid.openai import MappingError, request_from_json
from thegrid.openai.errors import FieldRefused
from thegrid.session import SessionCall, SessionPool
from thegrid.v1 import chat_pb2, delivery_pb2
from thegrid_gateway import json_text
from thegrid_gateway.aliases import Aliases
from thegrid_gateway.answers import Answer
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError, from_refusal, internal, refused_field
from thegrid_gateway.http import ClientLeft, Http
from thegrid_gateway.images import Images
from thegrid_gateway.limits import OutputLimits
from thegrid_gateway.metrics import Metrics
from thegrid_gateway.preferences import HEADER, preferences
from thegrid_gateway.repeats import Repeats
from thegrid_gateway.traces import Traces

_log = logging.getLogger("thegrid_gateway")
_CLIENT_LEFT = 499


class Link(NamedTuple):
    """What leads to the exchange: sessions for calls, and what it is asked about them."""

    pool: SessionPool
    limits: OutputLimits
    repeats: Repeats
    traces: Traces | None = None


class Inference:
    """An endpoint of one surface, as an ASGI application."""

    NAME = ""
    """The endpoint's name in the counts."""
    OPERATION = "chat"
    """What it does, in the words of OpenTelemetry."""
    SPEAKS_CHAT = True
    """Whether its requests are chat completions as they are, so that fields have chat's names."""
    IS_MESSAGES = False
    """Whether errors have Anthropic's shape."""
    OUTPUT_CAP = "max_completion_tokens"
    """Its own name of what travels as a chat's `max_completion_tokens`."""

    def __init__(self, config: Config, link: Link, metrics: Metrics, aliases: Aliases) -> None:
        self._config = config
        self._link = link
        self._metrics = metrics
        self._aliases = aliases
        self._images = Images(config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        http = Http(scope, receive, send, self._config)
        http.is_messages = self.IS_MESSAGES
        answer = None
        if self._link.traces is not None:
            http.trace = self._link.traces.begin(self.OPERATION, scope["path"], http)
        try:
            answer = await self._begin(http)
            await self._follow(http, answer)
        except ClientLeft:
            http.status = http.status or _CLIENT_LEFT
        except ApiError as refused:
            if refused.param == Inference.OUTPUT_CAP:
                refused.param = self.OUTPUT_CAP
            await http.refuse(await self._link.repeats.explained(http, refused))
        except GridError as lost:
            await http.refuse(from_refusal(lost))
        except Exception:
            _log.exception("%s: unexpected fault", http.request_id)
            http.error_code = "internal_error"
            if http.has_begun:
                http.drop()
            else:
                await http.refuse(internal())
        finally:
            self._metrics.inference(self.NAME, http, answer)
            if http.trace is not None:
                http.trace.end(answer)

    async def _begin(self, http: Http) -> Answer:
        """Read the request and open its call. Raises ApiError."""
        raise NotImplementedError

    async def _follow(self, http: Http, answer: Answer) -> None:
        """Write the answer; the call is cancelled as soon as the client has left."""
        call = answer.call
        watch = asyncio.ensure_future(http.left())
        watch.add_done_callback(lambda _: call.cancel("client_left"))
        try:
            await answer.run()
        finally:
            call.cancel("client_left")
            watch.cancel()

    async def _open(
        self,
        http: Http,
        credential: str,
        chat: dict[str, Any],
        *,
        is_stream: bool,
        include_usage: bool = False,
    ) -> SessionCall:
        """Open the call for a chat completion's body, which is taken over. Raises ApiError."""
        wanted = preferences(http.header(HEADER).decode("latin-1"), chat.pop("grid", None))
        instrument = self._aliases.instrument(chat["model"])
        if http.trace is not None:
            http.trace.asked(chat, instrument)
        if instrument != chat["model"]:
            await self._link.limits.bound(chat, instrument, credential)
        await self._images.settle(chat, names_fields=self.SPEAKS_CHAT)
        request = chat_request(chat)
        opening = delivery_pb2.Open(
            instrument=instrument,
            request=request,
            preferences=wanted,
            include_usage=include_usage,
        )
        return await self._open_call(http, credential, opening, is_stream=is_stream)

    async def _open_call(
        self, http: Http, credential: str, opening: delivery_pb2.Open, *, is_stream: bool
    ) -> SessionCall:
        """Open a call that says what is asked; the rest is filled in. Raises ApiError."""
        place = await self._link.repeats.place(http, credential)
        opening.delivery_id = place.delivery_id
        opening.credential = credential
        opening.window_bytes = self._config.window_bytes
        opening.client_request_id = http.request_id
        opening.traceparent = http.trace.traceparent if http.trace else http.traceparent()
        opening.request_digest = place.request_digest
        return await self._link.pool.open(opening, is_whole=not is_stream)


def parse_body(text: bytes, config: Config) -> Any:
    """Answer the JSON value of a body. Raises ApiError."""
    try:
        return json_text.parse(text, config.json_depth_max)
    except json_text.JsonError as fault:
        raise ApiError(
            400,
            f"We could not parse the JSON body of your request: {fault}.",
            code="invalid_json",
        ) from None


def chat_request(chat: Mapping[str, Any]) -> chat_pb2.ChatRequest:
    """Answer the message of a chat completion's body. Raises ApiError."""
    try:
        return request_from_json(chat)
    except MappingError as fault:
        raise ApiError(400, f"The body holds a value that is {fault}.") from None


def translated(translate: Any, body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a body of another dialect as a chat completion's. Raises ApiError."""
    try:
        chat: dict[str, Any] = translate(body)
    except FieldRefused as refused:
        raise refused_field(refused.param, refused.message, refused.details) from None
    except MappingError as fault:
        raise ApiError(400, f"The body holds a value that is {fault}.") from None
    return chat
