"""POST /v1/embeddings: the texts of one request become one delivery, whose vectors are one answer.

What may be asked is in `embedding_validation.py`; what all surfaces share in `inference.py`.
"""

from typing import Any

from thegrid.openai import MappingError, embedding_request_from_json, embedding_to_json
from thegrid.session import SessionCall
from thegrid.v1 import delivery_pb2, embeddings_pb2
from thegrid_gateway.aliases import Aliases
from thegrid_gateway.answers import Answer, billed_usage
from thegrid_gateway.config import Config
from thegrid_gateway.embedding_validation import embedding_check
from thegrid_gateway.errors import ApiError
from thegrid_gateway.http import Http
from thegrid_gateway.inference import Inference, Link, parse_body
from thegrid_gateway.metrics import Metrics
from thegrid_gateway.preferences import HEADER, preferences
from thegrid_gateway.records import billed_headers


class Embeddings(Inference):
    """The endpoint."""

    NAME = "embeddings"
    OPERATION = "embeddings"

    def __init__(self, config: Config, link: Link, metrics: Metrics, aliases: Aliases) -> None:
        super().__init__(config, link, metrics, aliases)
        self._check = embedding_check()

    async def _begin(self, http: Http) -> Answer:
        credential = http.credential()
        body = parse_body(await http.body(), self._config)
        self._check(body, "")
        wanted = preferences(http.header(HEADER).decode("latin-1"), body.pop("grid", None))
        as_base64 = body.pop("encoding_format", None) == "base64"
        model = body["model"]
        instrument = self._aliases.instrument(model)
        if http.trace is not None:
            http.trace.asked(body, instrument)
        opening = delivery_pb2.Open(
            instrument=instrument, embedding=_request(body), preferences=wanted
        )
        call = await self._open_call(http, credential, opening, is_stream=False)
        return VectorsAnswer(http, call, self._config, model, as_base64)


def _request(body: dict[str, Any]) -> embeddings_pb2.EmbeddingRequest:
    try:
        request = embedding_request_from_json(body)
    except MappingError as fault:
        raise ApiError(400, f"The body holds a value that is {fault}.") from None
    if not request.inputs:
        # The check has found texts or tokens, so that only what is no Unicode is left.
        raise ApiError(
            400, "The input holds what is no Unicode text.", param="input", code="invalid_value"
        )
    return request


class VectorsAnswer(Answer):
    """The vectors as one JSON object."""

    def __init__(
        self, http: Http, call: SessionCall, config: Config, model: str, as_base64: bool
    ) -> None:
        super().__init__(http, call, config, model)
        self._as_base64 = as_base64
        self._vectors: dict[int, dict[str, Any]] = {}

    def _take_reply(self, reply: embeddings_pb2.EmbeddingReply) -> None:
        for each in reply.embeddings:
            self._vectors[each.index] = embedding_to_json(each, as_base64=self._as_base64)

    async def _end(self, ended: delivery_pb2.DeliveryEnded) -> None:
        usage = billed_usage(ended)
        answer = {
            "object": "list",
            "data": [self._vectors[place] for place in sorted(self._vectors)],
            "model": self.started.serving_model,
            "usage": {name: usage[name] for name in ("prompt_tokens", "total_tokens")},
        }
        headers = [*self._headers(), *billed_headers(ended)]
        await self._http.answer(200, answer, headers)
