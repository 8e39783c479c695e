"""POST /v1/chat/completions: one call of OpenAI's clients becomes one delivery.

How the answer is written is in `answers.py`, what may be asked in `validation.py`.
"""

import asyncio
import base64
import hashlib
import logging
from typing import Any

from starlette.types import Receive, Scope, Send

from thegrid.errors import GridError
from thegrid.openai import MappingError, request_from_json
from thegrid.session import SessionPool
from thegrid.v1 import delivery_pb2
from thegrid_gateway import json_text
from thegrid_gateway.answers import Answer, StreamedAnswer, WholeAnswer
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError, from_refusal, internal
from thegrid_gateway.http import ClientLeft, Http
from thegrid_gateway.metrics import Metrics
from thegrid_gateway.preferences import HEADER, preferences
from thegrid_gateway.validation import request_check

_log = logging.getLogger("thegrid_gateway")
_CLIENT_LEFT = 499


class ChatCompletions:
    """The endpoint, as an ASGI application."""

    def __init__(self, config: Config, pool: SessionPool, metrics: Metrics) -> None:
        self._config = config
        self._pool = pool
        self._metrics = metrics
        self._check = request_check(config.messages_max)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        http = Http(scope, receive, send, self._config)
        answer = None
        try:
            answer = await self._begin(http)
            await self._follow(http, answer)
        except ClientLeft:
            http.status = http.status or _CLIENT_LEFT
        except ApiError as refused:
            await http.refuse(refused)
        except GridError as lost:
            await http.refuse(from_refusal(lost))
        except Exception:
            _log.exception("%s: unexpected fault", http.request_id)
            if http.has_begun:
                http.drop()
            else:
                await http.refuse(internal())
        finally:
            self._metrics.chat(http, answer)

    async def _begin(self, http: Http) -> Answer:
        credential = http.credential()
        body = self._parse(await http.body())
        self._check(body, "")
        opening = self._opening(http, body, credential)
        model = body["model"]
        is_stream = bool(body.get("stream"))
        call = await self._pool.open(opening, is_whole=not is_stream)
        if is_stream:
            return StreamedAnswer(http, call, self._config, model, opening.include_usage)
        return WholeAnswer(http, call, self._config, model)

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

    def _parse(self, text: bytes) -> Any:
        try:
            return json_text.parse(text, self._config.json_depth_max)
        except json_text.JsonError as fault:
            raise ApiError(
                400,
                f"We could not parse the JSON body of your request: {fault}.",
                code="invalid_json",
            ) from None

    def _opening(self, http: Http, body: dict[str, Any], credential: str) -> delivery_pb2.Open:
        wanted = preferences(http.header(HEADER).decode("latin-1"), body.pop("grid", None))
        options = body.get("stream_options") or {}
        try:
            request = request_from_json(body)
        except MappingError as fault:
            raise ApiError(400, f"The body holds a value that is {fault}.") from None
        return delivery_pb2.Open(
            delivery_id=_delivery_id(http, credential),
            credential=credential,
            instrument=body["model"],
            request=request,
            preferences=wanted,
            window_bytes=self._config.window_bytes,
            client_request_id=http.request_id,
            include_usage=bool(options.get("include_usage")),
            traceparent=http.traceparent(),
        )


def _delivery_id(http: Http, credential: str) -> str:
    """Answer the delivery's id: fresh, or the same for a repeat of an Idempotency-Key."""
    key = http.header(b"idempotency-key")
    if not key:
        return "dlv_" + http.token
    if len(key) > 256:
        raise ApiError(400, "The header Idempotency-Key is longer than 256 characters.")
    digest = hashlib.sha256(credential.encode() + b"\0" + key).digest()
    return "dlv_" + base64.b32encode(digest)[:26].decode().lower()
