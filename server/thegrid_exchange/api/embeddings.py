"""Embedding requests and replies as the pipe sees them: what is counted, and which vectors came.

The vectors themselves travel untouched; JSON is the gateway's affair.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from thegrid.v1 import chat_pb2, embeddings_pb2
from thegrid_exchange.api import prompts
from thegrid_exchange.api.chat import ChatEdits, demanded_keys
from thegrid_exchange.api.errors import invalid
from thegrid_exchange.delivery.parts import EmbeddingAsk, Part, Piece

_CHANNEL = "vector"


def ask_of(request: embeddings_pb2.EmbeddingRequest) -> EmbeddingAsk:
    """What is asked to be embedded; raises InvalidRequest for what cannot be."""
    if not request.inputs:
        raise invalid("input", "must hold at least one input", "required")
    if request.HasField("dimensions") and request.dimensions < 1:
        raise invalid("dimensions", "must be at least 1", "range")
    inputs = [_input(place, each) for place, each in enumerate(request.inputs)]
    dimensions = request.dimensions if request.HasField("dimensions") else None
    return EmbeddingAsk(inputs, dimensions)


def _input(place: int, given: embeddings_pb2.EmbeddingInput) -> str | Sequence[int]:
    value = tuple(given.tokens.ids) if given.HasField("tokens") else given.text
    if not value:
        raise invalid(f"input[{place}]", "must not be empty", "required")
    return value


def demanded_fields(request: embeddings_pb2.EmbeddingRequest) -> frozenset[str]:
    """The request's fields, by their JSON names, that not every supplier honours."""
    return frozenset(demanded_keys(request.extra_json) if request.extra_json else ())


def part_of(reply: embeddings_pb2.EmbeddingReply) -> Part:
    """A reply as a part of an answer: each vector is all that its input gets."""
    vectors = tuple((each.index, _length(each)) for each in reply.embeddings)
    size_bytes = reply.ByteSize()
    return Part(
        reply if vectors else None,
        size_bytes,
        tuple(Piece(index, _CHANNEL, "") for index, _ in vectors),
        tuple((index, "stop") for index, _ in vectors),
        size_bytes,
        vectors,
    )


def _length(embedding: embeddings_pb2.Embedding) -> int:
    """How long a vector is; 0 for one that holds what is no finite number."""
    values = embedding.values
    alone = embeddings_pb2.Embedding()
    alone.values.MergeFrom(values)
    packed = alone.SerializeToString()
    # Infinities and what is no number have all bits of the exponent set, seven of them in the last
    # byte of four; looking there first is a hundred times as fast as looking at numbers.
    last = packed[len(packed) - 4 * len(values) :][3::4]
    if b"\x7f" not in last and b"\xff" not in last:
        return len(values)
    return len(values) if all(map(math.isfinite, values)) else 0


class PipeEdits(ChatEdits):
    """The changes that the pipe makes to payloads; vectors are never cut or joined."""

    def spelled(self, payload: Any, texts: Mapping[int, str]) -> Any:
        """The request with the inputs, or prompts, at these places as text."""
        if isinstance(payload, chat_pb2.ChatRequest):
            return prompts.spelled(payload, texts)
        for place, text in texts.items():
            payload.inputs[place].text = text
        return payload


class LastVectors(NamedTuple):
    """What replies of an answer have in common, kept for the last word."""

    model: str

    def ended(self, finishes: Any, usage: chat_pb2.ChatUsage) -> chat_pb2.ChatReply:
        """The last word: the billed usage."""
        return chat_pb2.ChatReply(usage=usage, model=self.model or None)
