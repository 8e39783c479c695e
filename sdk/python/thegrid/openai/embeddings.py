"""The mapping between OpenAI's embeddings, as JSON, and the messages of `thegrid.v1`.

How the vectors are to be written, `encoding_format`, is the affair of who writes them.
"""

import base64
import binascii
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from thegrid.openai.errors import MappingError
from thegrid.openai.mapping import Reader, Shape, Writer, integer, text
from thegrid.v1.embeddings_pb2 import (
    Embedding,
    EmbeddingInput,
    EmbeddingReply,
    EmbeddingRequest,
    TokenIds,
)

_TOKEN_MAX = (1 << 31) - 1
REPLY_BYTES = 65_536
"""Replies are filled up to this length, so that several fit into a frame."""


def _inputs(name: str) -> tuple[Reader, Writer]:
    def read(message: Any, value: Any) -> bool:
        given = inputs_of(value)
        if given is None:
            return False
        message.inputs.extend(given)
        return True

    return read, lambda inputs: [_input_to_json(each) for each in inputs]


EMBEDDING_REQUEST = Shape(
    EmbeddingRequest,
    {
        "model": ("model", text),
        "input": ("inputs", _inputs),
        "dimensions": ("dimensions", integer),
        "user": ("user", text),
    },
)


def inputs_of(value: Any) -> list[EmbeddingInput] | None:
    """Answer what is to be embedded: a text, its tokens, or a list of either; None for neither."""
    if type(value) is str or _is_tokens(value):
        value = [value]
    if type(value) is not list or not value:
        return None
    try:
        inputs = [_input(each) for each in value]
    except ValueError:  # a lone surrogate
        return None
    return None if None in inputs else [each for each in inputs if each is not None]


def _is_tokens(value: Any) -> bool:
    return (
        type(value) is list
        and bool(value)
        and all(type(token) is int and 0 <= token <= _TOKEN_MAX for token in value)
    )


def _input(value: Any) -> EmbeddingInput | None:
    if type(value) is str:
        return EmbeddingInput(text=value)
    return EmbeddingInput(tokens=TokenIds(ids=value)) if _is_tokens(value) else None


def _input_to_json(given: EmbeddingInput) -> str | list[int]:
    return list(given.tokens.ids) if given.HasField("tokens") else given.text


def embedding_request_from_json(value: Mapping[str, Any]) -> EmbeddingRequest:
    """Answer the request that the object `value` is; raises MappingError where it is no JSON."""
    message = EmbeddingRequest()
    EMBEDDING_REQUEST.read(value, message)
    return message


def embedding_request_to_json(message: EmbeddingRequest) -> dict[str, Any]:
    """Answer the JSON object of a request; raises MappingError where it holds what is no JSON."""
    return EMBEDDING_REQUEST.write(message)


def embeddings_from_json(value: Mapping[str, Any]) -> list[Embedding]:
    """Answer the vectors of an answer, floats or base64; raises MappingError without them."""
    data = value.get("data")
    if not isinstance(data, list):
        raise MappingError("`data` holds no list of embeddings")
    return [_embedding(place, item) for place, item in enumerate(data)]


def _embedding(place: int, item: Any) -> Embedding:
    try:
        vector = item["embedding"]
        values = _floats(vector) if isinstance(vector, str) else vector
        return Embedding(index=item.get("index", place), values=values)
    except (TypeError, KeyError, ValueError, binascii.Error, struct.error):
        raise MappingError(f"`data[{place}]` is no embedding") from None


def _floats(encoded: str) -> Sequence[float]:
    content = base64.b64decode(encoded, validate=True)
    return struct.unpack(f"<{len(content) // 4}f", content)


def embedding_to_json(message: Embedding, *, as_base64: bool) -> dict[str, Any]:
    """Answer the JSON object of a vector: numbers, or base64 of little-endian 32-bit floats."""
    vector: Any
    if as_base64:
        vector = base64.b64encode(_packed(message)).decode("ascii")
    else:
        vector = list(message.values)
    return {"object": "embedding", "index": message.index, "embedding": vector}


def _packed(message: Embedding) -> bytes:
    """The values as 32-bit floats, as they lie in the message: far faster than packing them."""
    alone = Embedding()
    alone.values.MergeFrom(message.values)
    return alone.SerializeToString()[-4 * len(message.values) :] if message.values else b""


def replies_of(model: str, embeddings: Sequence[Embedding]) -> list[EmbeddingReply]:
    """Answer the vectors in replies that are short enough for any frame."""
    replies, size = [EmbeddingReply(model=model)], 0
    for embedding in embeddings:
        length = embedding.ByteSize()
        if size and size + length > REPLY_BYTES:
            replies.append(EmbeddingReply(model=model))
            size = 0
        replies[-1].embeddings.append(embedding)
        size += length
    return replies
