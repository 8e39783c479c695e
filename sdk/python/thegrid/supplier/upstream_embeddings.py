"""Answers embeddings with an OpenAI-compatible server: one request, one answer, passed on in parts.

Chats, and what both share, are in `upstream.py`.
"""

import json
from typing import Any

from thegrid.openai import (
    MappingError,
    embedding_request_to_json,
    embeddings_from_json,
    replies_of,
    usage_from_json,
)
from thegrid.supplier.backend import CLIENT_FAULT, FAILED, BackendError
from thegrid.supplier.call import SupplierCall
from thegrid.v1 import chat_pb2, embeddings_pb2


def embedding_body(call: SupplierCall, model: str) -> dict[str, Any]:
    """Answer the JSON body for the upstream. Raises BackendError."""
    try:
        body = embedding_request_to_json(call.embedding)
    except MappingError as fault:
        raise BackendError(CLIENT_FAULT, str(fault)) from None
    # Not every server can write base64.
    return body | {"model": model or call.opening.model, "encoding_format": "float"}


async def send_embeddings(call: SupplierCall, body: bytes) -> chat_pb2.ChatUsage:
    """Send on a whole answer. Raises BackendError when it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise BackendError(FAILED, "the upstream sent what is no JSON") from None
    if not isinstance(value, dict):
        raise BackendError(FAILED, "the upstream sent JSON that is no object")
    try:
        embeddings = embeddings_from_json(value)
    except MappingError as fault:
        raise BackendError(FAILED, f"the upstream's answer: {fault}") from None
    _check(call, embeddings)
    for reply in replies_of(call.opening.model, embeddings):
        await call.vectors(reply)
    usage = value.get("usage")
    return usage_from_json(usage if isinstance(usage, dict) else {})


def _check(call: SupplierCall, embeddings: list[embeddings_pb2.Embedding]) -> None:
    """Refuse an answer that the exchange would not take, before any of it is sent."""
    asked = len(call.embedding.inputs)
    if sorted(each.index for each in embeddings) != list(range(asked)):
        raise BackendError(
            FAILED, f"the upstream gave {len(embeddings)} vectors for {asked} inputs"
        )
    wanted = call.opening.dimensions
    for each in embeddings:
        if wanted and len(each.values) != wanted:
            had = len(each.values)
            raise BackendError(
                FAILED,
                f"the upstream gave vectors of {had} dimensions, and {wanted} were asked for",
            )
