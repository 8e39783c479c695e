"""The one mapping between OpenAI's JSON and the messages of `thegrid.v1`: chats and embeddings.

JSON → message → JSON loses nothing, at any level. HTTP and gRPC are not known here.
"""

from collections.abc import Mapping
from typing import Any

from thegrid.openai.assembly import Assembly
from thegrid.openai.embeddings import (
    embedding_request_from_json,
    embedding_request_to_json,
    embedding_to_json,
    embeddings_from_json,
    replies_of,
)
from thegrid.openai.errors import MappingError
from thegrid.openai.shapes import CHAT_REPLY, CHAT_REQUEST, CHAT_USAGE
from thegrid.v1.chat_pb2 import ChatReply, ChatRequest, ChatUsage

__all__ = [
    "Assembly",
    "MappingError",
    "embedding_request_from_json",
    "embedding_request_to_json",
    "embedding_to_json",
    "embeddings_from_json",
    "replies_of",
    "reply_from_json",
    "reply_to_json",
    "request_from_json",
    "request_to_json",
    "usage_from_json",
    "usage_to_json",
]


def request_from_json(value: Mapping[str, Any]) -> ChatRequest:
    """Answer the request that the object `value` is; raises MappingError where it is no JSON."""
    message = ChatRequest()
    CHAT_REQUEST.read(value, message)
    return message


def request_to_json(message: ChatRequest) -> dict[str, Any]:
    """Answer the JSON object of a request; raises MappingError where it holds what is no JSON."""
    return CHAT_REQUEST.write(message)


def reply_from_json(value: Mapping[str, Any]) -> ChatReply:
    """Answer the completion, or the chunk of one, that the JSON object `value` is."""
    message = ChatReply()
    CHAT_REPLY.read(value, message)
    return message


def reply_to_json(message: ChatReply) -> dict[str, Any]:
    """Answer the JSON object of a completion or a chunk."""
    return CHAT_REPLY.write(message)


def usage_from_json(value: Mapping[str, Any]) -> ChatUsage:
    """Answer the token counts that the JSON object `value` is."""
    message = ChatUsage()
    CHAT_USAGE.read(value, message)
    return message


def usage_to_json(message: ChatUsage) -> dict[str, Any]:
    """Answer the JSON object of token counts."""
    return CHAT_USAGE.write(message)
