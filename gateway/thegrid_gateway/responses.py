"""/v1/responses: OpenAI's Responses over the same deliveries; what is kept is read back here.

How the answer is written is in `response_answers.py`, what may be asked in
`response_validation.py`, where responses are kept in `response_store.py`.
"""

import functools
from typing import Any

import grpc.aio

from thegrid import errors
from thegrid.responses import to_chat
from thegrid.v1 import delivery_pb2, delivery_pb2_grpc, usage_pb2, usage_pb2_grpc
from thegrid_gateway.aliases import Aliases
from thegrid_gateway.answers import Answer
from thegrid_gateway.config import Config
from thegrid_gateway.counting import Counting
from thegrid_gateway.errors import ApiError, refused_field
from thegrid_gateway.http import Http
from thegrid_gateway.inference import Inference, Link, parse_body, translated
from thegrid_gateway.metrics import Metrics
from thegrid_gateway.reads import TIMEOUT_S, Metadata, ReadRequest
from thegrid_gateway.response_answers import Asked, StreamedResponse, WholeResponse
from thegrid_gateway.response_store import Kept, ResponseStore
from thegrid_gateway.response_validation import response_check

_PREFIX = "resp_"
_CHAIN_MAX = 256
_PAGE = 20
_NO_STORE = (
    "Responses are not kept here: this gateway has no store of its own. Leave 'store' out, and send"
    " the items of earlier turns again."
)


class KeptResponses:
    """Responses that were kept, each shown to who may see its usage record and to nobody else."""

    def __init__(self, store: ResponseStore | None, channel: grpc.aio.Channel) -> None:
        self._store = store
        self._usage = usage_pb2_grpc.UsageServiceStub(channel)
        self._deliveries = delivery_pb2_grpc.DeliveryServiceStub(channel)

    def for_new(self, body: dict[str, Any]) -> ResponseStore | None:
        """Answer where the response to a request is to be kept. Raises ApiError."""
        if self._store is None:
            for name in ("store", "previous_response_id"):
                if body.get(name):
                    raise refused_field(name, _NO_STORE)
            return None
        return None if body.get("store") is False else self._store

    async def earlier(self, response_id: str, metadata: Metadata) -> list[dict[str, Any]]:
        """Answer the items of a response and of all before it, oldest first. Raises ApiError."""
        turns: list[list[dict[str, Any]]] = []
        kept = await self._kept(response_id, metadata, "previous_response_id")
        while True:
            turns.append([*kept.input, *kept.response["output"]])
            if not kept.previous_id:
                return [item for turn in reversed(turns) for item in turn]
            if len(turns) == _CHAIN_MAX:
                raise ApiError(
                    400,
                    f"More than {_CHAIN_MAX} responses follow each other; send the items instead.",
                    param="previous_response_id",
                )
            assert self._store is not None
            before = await self._store.get(kept.previous_id)
            if before is None:
                raise _not_found(kept.previous_id, "previous_response_id")
            kept = before

    async def get(self, asked: ReadRequest) -> dict[str, Any]:
        """GET /v1/responses/{id}: a response that was kept."""
        if asked.query.get("stream") or "starting_after" in asked.query:
            name = "stream" if asked.query.get("stream") else "starting_after"
            raise refused_field(name, "A response that has ended cannot be streamed again.")
        return (await self._kept(asked.path["response_id"], asked.metadata)).response

    async def delete(self, asked: ReadRequest) -> dict[str, Any]:
        """DELETE /v1/responses/{id}: forget it."""
        response_id = asked.path["response_id"]
        await self._kept(response_id, asked.metadata)
        assert self._store is not None
        await self._store.delete(response_id)
        return {"id": response_id, "object": "response", "deleted": True}

    async def input_items(self, asked: ReadRequest) -> dict[str, Any]:
        """GET /v1/responses/{id}/input_items: what was asked with it, newest first."""
        items = (await self._kept(asked.path["response_id"], asked.metadata)).input
        query = asked.query
        if query.get("order", "desc") == "desc":
            items = items[::-1]
        first = 0
        if query.get("after"):
            ids = [item["id"] for item in items]
            if query["after"] not in ids:
                raise ApiError(400, "Invalid 'after': there is no such item.", param="after")
            first = ids.index(query["after"]) + 1
        limit = query.get("limit", _PAGE)
        page = items[first : first + limit]
        return {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": first + limit < len(items),
        }

    async def cancel(self, asked: ReadRequest) -> dict[str, Any]:
        """POST /v1/responses/{id}/cancel: end a response that is running, wherever it runs."""
        response_id = asked.path["response_id"]
        cancelling = delivery_pb2.CancelDeliveryRequest(id=_usage_id(response_id))
        try:
            await self._deliveries.CancelDelivery(
                cancelling, metadata=asked.metadata, timeout=TIMEOUT_S
            )
        except grpc.aio.AioRpcError as failure:
            refused = errors.from_rpc(failure)
            if refused.reason != "DELIVERY_NOT_FOUND":
                raise
            raise ApiError(
                404,
                f"No response '{response_id[:64]}' of yours is running; one that has ended cannot"
                " be cancelled.",
                param="response_id",
                code="response_not_running",
            ) from None
        return {
            "id": response_id,
            "object": "response",
            "status": "cancelled",
            "error": None,
            "incomplete_details": None,
            "output": [],
        }

    async def _kept(self, response_id: str, metadata: Metadata, param: str = "response_id") -> Kept:
        kept = None
        if self._store is None:
            raise ApiError(404, _NO_STORE, param=param, code="response_not_found")
        if response_id.startswith(_PREFIX):
            kept = await self._store.get(response_id)
        if kept is None or not await self._is_callers(response_id, metadata):
            raise _not_found(response_id, param)
        return kept

    async def _is_callers(self, response_id: str, metadata: Metadata) -> bool:
        """The exchange shows a usage record to its owner alone, and so is the response."""
        asked = usage_pb2.GetUsageRequest(id=_usage_id(response_id))
        try:
            await self._usage.GetUsage(asked, metadata=metadata, timeout=TIMEOUT_S)
        except grpc.aio.AioRpcError as failure:
            if errors.from_rpc(failure).reason == "USAGE_NOT_FOUND":
                return False
            raise
        return True


class Responses(Inference):
    """The endpoint that creates responses."""

    NAME = "responses"
    SPEAKS_CHAT = False
    OUTPUT_CAP = "max_output_tokens"

    def __init__(
        self,
        config: Config,
        link: Link,
        metrics: Metrics,
        aliases: Aliases,
        kept: KeptResponses,
    ) -> None:
        super().__init__(config, link, metrics, aliases)
        self._check = response_check(config.messages_max)
        self._kept = kept

    async def _begin(self, http: Http) -> Answer:
        credential = http.credential()
        body = parse_body(await http.body(), self._config)
        self._check(body, "")
        store = self._kept.for_new(body)
        earlier: list[dict[str, Any]] = []
        if body.get("previous_response_id"):
            metadata = (("authorization", f"Bearer {credential}"),)
            try:
                earlier = await self._kept.earlier(body["previous_response_id"], metadata)
            except grpc.aio.AioRpcError as failure:
                raise errors.from_rpc(failure) from None
        chat = translated(functools.partial(to_chat, earlier=earlier), body)
        is_stream = bool(body.get("stream"))
        call = await self._open(http, credential, chat, is_stream=is_stream)
        asked = Asked(body, store)
        if is_stream:
            return StreamedResponse(http, call, self._config, asked)
        return WholeResponse(http, call, self._config, asked)


def response_counting(
    config: Config, channel: grpc.aio.Channel, metrics: Metrics, aliases: Aliases
) -> Counting:
    """Make the endpoint that counts the tokens of a response's input beforehand."""
    return Counting(
        config,
        channel,
        metrics,
        aliases,
        check=response_check(config.messages_max),
        translate=to_chat,
        answer=lambda tokens: {"object": "response.input_tokens", "input_tokens": tokens},
    )


def _usage_id(response_id: str) -> str:
    return "usg_" + response_id.removeprefix(_PREFIX)


def _not_found(response_id: str, param: str) -> ApiError:
    return ApiError(
        404,
        f"There is no response '{response_id[:64]}' of yours here.",
        param=param,
        code="response_not_found",
    )
