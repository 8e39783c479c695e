"""Every path that the gateway serves: what may be asked there and what is answered.

The one table: routing is made of it in `app.py`, and `/openapi.json` in `openapi.py`.
"""

from typing import Final, Literal, NamedTuple

from thegrid_gateway import answer_schemas as answers
from thegrid_gateway import queries
from thegrid_gateway.completion_validation import completion_check
from thegrid_gateway.config import Config
from thegrid_gateway.embedding_validation import embedding_check
from thegrid_gateway.fields import Check, Schema
from thegrid_gateway.message_validation import message_check
from thegrid_gateway.queries import Fields
from thegrid_gateway.response_validation import response_check
from thegrid_gateway.validation import request_check

JSON: Final = "application/json"
_NO_QUERY: Final[Fields] = {}


class Operation(NamedTuple):
    """One method of one path."""

    name: str
    """Its name in the document, and of its handler."""
    method: Literal["GET", "POST", "DELETE"]
    path: str
    summary: str
    answer: Schema
    body: Check | None = None
    query: Fields = _NO_QUERY
    closed_query: bool = False
    """Whether other queries are refused: a mistyped filter would filter nothing."""
    streams: bool = False
    """Whether `stream` makes the answer server-sent events."""
    key: Literal["required", "optional", "none"] = "required"
    counted_as: str = ""
    """Its name in the counts; empty where nothing is counted."""
    content_type: str = JSON
    is_call: bool = False
    """Whether it is a call of a model that is always answered whole."""
    statuses: tuple[int, ...] = ()
    """Statuses beyond 200 and those that every operation with a key may have."""

    @property
    def is_messages(self) -> bool:
        """Whether errors have Anthropic's shape."""
        return self.path.startswith("/v1/messages")


def operations(config: Config) -> tuple[Operation, ...]:
    """Answer the table."""
    return (*_inference(config), *_EMBEDDINGS, *_kept_responses(), *_READS, *_OPERATORS)


def _inference(config: Config) -> tuple[Operation, ...]:
    most = config.messages_max
    response = response_check(most)
    return (
        Operation(
            "createChatCompletion",
            "POST",
            "/v1/chat/completions",
            "OpenAI's Chat Completions; `model` is an instrument or a name that stands for one.",
            answers.CHAT,
            request_check(most),
            streams=True,
        ),
        Operation(
            "createCompletion",
            "POST",
            "/v1/completions",
            "OpenAI's legacy completions, for models that continue a text.",
            answers.COMPLETION,
            completion_check(),
            streams=True,
        ),
        Operation(
            "createResponse",
            "POST",
            "/v1/responses",
            "OpenAI's Responses.",
            answers.RESPONSE,
            response,
            streams=True,
        ),
        Operation(
            "countResponseTokens",
            "POST",
            "/v1/responses/input_tokens",
            "Counts the tokens that a response's input would be billed.",
            answers.RESPONSE_TOKENS,
            response,
        ),
        Operation(
            "createMessage",
            "POST",
            "/v1/messages",
            "Anthropic's Messages.",
            answers.MESSAGE,
            message_check(most),
            streams=True,
        ),
        Operation(
            "countMessageTokens",
            "POST",
            "/v1/messages/count_tokens",
            "Counts the tokens that a message's input would be billed.",
            answers.MESSAGE_TOKENS,
            message_check(most, is_count=True),
        ),
    )


_EMBEDDINGS: Final = (
    Operation(
        "createEmbedding",
        "POST",
        "/v1/embeddings",
        "OpenAI's Embeddings, for instruments whose specification has an `embedding`.",
        answers.EMBEDDINGS,
        embedding_check(),
        is_call=True,
    ),
)


def _kept_responses() -> tuple[Operation, ...]:
    one = "/v1/responses/{response_id}"
    return (
        Operation(
            "getResponse",
            "GET",
            one,
            "A response that was kept; only with a store of the operator's own.",
            answers.RESPONSE,
            query=queries.KEPT_RESPONSE,
            counted_as="responses",
        ),
        Operation(
            "deleteResponse",
            "DELETE",
            one,
            "Forgets a response that was kept.",
            answers.RESPONSE_DELETED,
            counted_as="responses",
        ),
        Operation(
            "listInputItems",
            "GET",
            f"{one}/input_items",
            "What was asked with a response that was kept, newest first.",
            answers.INPUT_ITEMS,
            query=queries.INPUT_ITEMS,
            counted_as="responses",
        ),
        Operation(
            "cancelResponse",
            "POST",
            f"{one}/cancel",
            "Ends a response that is running.",
            answers.RESPONSE,
            counted_as="responses",
        ),
    )


_READS: Final = (
    Operation(
        "listModels",
        "GET",
        "/v1/models",
        "The instruments, what each promises, and its market's prices; with a key, its funds too.",
        answers.MODELS,
        query=queries.MODELS,
        key="optional",
        counted_as="models",
    ),
    Operation(
        "getModel",
        "GET",
        "/v1/models/{model}",
        "One instrument, by symbol, id, or another name that stands for it.",
        answers.MODEL,
        key="optional",
        counted_as="models",
    ),
    Operation(
        "listUsage",
        "GET",
        "/v1/usage",
        "The caller's usage records, newest first, page by page.",
        answers.USAGES,
        query=queries.USAGE,
        closed_query=True,
        counted_as="usage",
    ),
    Operation(
        "summarizeUsage",
        "GET",
        "/v1/usage/summary",
        "The caller's settled calls added up, by time and by what is asked for.",
        answers.SUMMARY,
        query=queries.SUMMARY,
        closed_query=True,
        counted_as="usage",
    ),
    Operation(
        "getUsage",
        "GET",
        "/v1/usage/{request_id}",
        "One usage record, by `x-grid-request-id`, `x-request-id` or the id of the answer.",
        answers.USAGE,
        counted_as="usage",
    ),
)
_OPERATORS: Final = (
    Operation(
        "getHealth", "GET", "/healthz", "Whether the process lives.", answers.STATUS, key="none"
    ),
    Operation(
        "getReadiness",
        "GET",
        "/readyz",
        "Whether the exchange is there and the gateway is not draining.",
        answers.STATUS,
        key="none",
        statuses=(503,),
    ),
    Operation(
        "getMetrics",
        "GET",
        "/metrics",
        "The counts of all workers, as Prometheus reads them.",
        answers.STRING,
        key="none",
        content_type="text/plain",
    ),
    Operation("getDocument", "GET", "/openapi.json", "This document.", answers.OBJECT, key="none"),
)
