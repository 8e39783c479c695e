"""The opening of a call as the relay takes it: whose it is, what it prefers, and what it asks.

What a chat asks is read in `chat`, what a call for embeddings asks in `embeddings`.
"""

from typing import Any

from thegrid.v1 import chat_pb2, delivery_pb2, embeddings_pb2
from thegrid_exchange.api import chat, embeddings
from thegrid_exchange.api.auth import Caller
from thegrid_exchange.api.errors import invalid
from thegrid_exchange.delivery.meter import Prompt
from thegrid_exchange.delivery.parts import NO_PREFERENCES, CallRequest, Preferences

Payload = chat_pb2.ChatRequest | embeddings_pb2.EmbeddingRequest


def payload_of(opening: delivery_pb2.Open) -> Payload:
    """The request that an opening holds; raises InvalidRequest when it holds two."""
    if not opening.HasField("embedding"):
        return opening.request
    if opening.HasField("request"):
        raise invalid("embedding", "stands beside `request`; send one of them", "exclusive")
    return opening.embedding


def payload_from_parts(opening: delivery_pb2.Open, content: bytes) -> Payload:
    """The request that came in parts; raises DecodeError when it is none."""
    if opening.parts_kind == delivery_pb2.REQUEST_KIND_EMBEDDING:
        return embeddings_pb2.EmbeddingRequest.FromString(content)
    return chat_pb2.ChatRequest.FromString(content)


def call_request(opening: delivery_pb2.Open, payload: Payload, caller: Caller) -> CallRequest:
    """A call as the relay takes it; raises InvalidRequest or Refused for what it cannot be."""
    return CallRequest(
        delivery_id=opening.delivery_id,
        member_id=caller.member_id,
        key_id=caller.key_id,
        instrument=opening.instrument,
        requested_model=payload.model or opening.instrument,
        payload=payload,
        payload_bytes=payload.ByteSize(),
        window_bytes=opening.window_bytes,
        preferences=_preferences(opening),
        client_request_id=opening.client_request_id,
        concurrent_deliveries=caller.concurrent_deliveries,
        traceparent=opening.traceparent,
        keys_above=tuple((key.key_id, key.concurrent_deliveries) for key in caller.line[1:]),
        request_digest=opening.request_digest,
        **asked_of(payload),
    )


def asked_of(payload: Payload) -> dict[str, Any]:
    """What a request asks, by the names of `CallRequest`; raises as `call_request`."""
    if isinstance(payload, embeddings_pb2.EmbeddingRequest):
        return _embedding_asked(payload)
    return chat.asked(payload)


def _embedding_asked(request: embeddings_pb2.EmbeddingRequest) -> dict[str, Any]:
    ask = embeddings.ask_of(request)
    return {
        "prompt": Prompt((), 0),
        "fields": embeddings.demanded_fields(request),
        "capabilities": frozenset(),
        "choices": len(ask.inputs),
        "output_cap_tokens": None,
        "embedding": ask,
    }


def _preferences(opening: delivery_pb2.Open) -> Preferences:
    if not opening.HasField("preferences"):
        return NO_PREFERENCES
    wanted = opening.preferences
    return Preferences(
        wanted.max_price_micros if wanted.HasField("max_price_micros") else None,
        frozenset(wanted.only_supplier_ids),
        frozenset(wanted.ignore_supplier_ids),
        tuple(dict.fromkeys(wanted.order_supplier_ids)),
        wanted.allow_fallbacks if wanted.HasField("allow_fallbacks") else True,
        frozenset(wanted.data_policies),
        frozenset(wanted.regions),
        frozenset(wanted.models),
        wanted.hedge_after_percent if wanted.HasField("hedge_after_percent") else None,
    )
