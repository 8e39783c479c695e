"""What a call asks for and what its events add up to.
Nothing here calls the exchange; `aio/deliveries.py` and its twin do.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from typing import NamedTuple

from thegrid.errors import DeliveryFailed, from_status
from thegrid.identifiers import new_delivery_id
from thegrid.v1 import chat_pb2, delivery_pb2, embeddings_pb2, usage_pb2

Inputs = str | Iterable[str | list[int] | tuple[int, ...]]
"""A text, or texts each as it is or as tokens of the instrument's tokenizer."""
Request = chat_pb2.ChatRequest | embeddings_pb2.EmbeddingRequest | str | Iterable[tuple[str, str]]
"""What may be asked: a request whole, a prompt, or pairs of role and text."""

# More than any answer has: a call of its own is slowed by its stream, not by a window of ours.
WINDOW_BYTES = 64 << 20


def chat_request(
    instrument: str,
    prompt: str | Iterable[tuple[str, str]],
    max_output_tokens: int | None = None,
) -> chat_pb2.ChatRequest:
    """Return a request for a prompt, or for pairs of role and text. Raises TypeError."""
    said = [("user", prompt)] if isinstance(prompt, str) else list(prompt)
    messages = []
    for pair in said:
        if not (isinstance(pair, tuple) and len(pair) == 2):  # a user's mistake in the making
            raise TypeError('messages: write pairs of role and text, such as ("user", "Hello")')
        messages.append(chat_pb2.ChatMessage(role=pair[0], text=pair[1]))
    return chat_pb2.ChatRequest(
        model=instrument, messages=messages, max_completion_tokens=max_output_tokens
    )


def embedding_request(
    instrument: str, inputs: Inputs, dimensions: int | None = None
) -> embeddings_pb2.EmbeddingRequest:
    """Return a request for the vectors of texts, or of texts as tokens. Raises TypeError."""
    request = embeddings_pb2.EmbeddingRequest(model=instrument, dimensions=dimensions)
    for given in [inputs] if isinstance(inputs, str) else inputs:
        if isinstance(given, str):
            request.inputs.add(text=given)
        elif isinstance(given, (list, tuple)):
            request.inputs.add(tokens=embeddings_pb2.TokenIds(ids=given))
        else:  # such as the tokens of one text, which stand in a list of texts
            raise TypeError("inputs: write texts, or lists of tokens, such as [[15339, 1917]]")
    return request


def count_request(instrument: str, request: Request) -> delivery_pb2.CountTokensRequest:
    """Return the request that counts a prompt, or the inputs of a call for embeddings."""
    if isinstance(request, embeddings_pb2.EmbeddingRequest):
        return delivery_pb2.CountTokensRequest(instrument=instrument, embedding=request)
    if not isinstance(request, chat_pb2.ChatRequest):
        request = chat_request(instrument, request)
    return delivery_pb2.CountTokensRequest(instrument=instrument, request=request)


class Embeddings(NamedTuple):
    """The vectors of a call for embeddings, and what it came to."""

    vectors: list[list[float]]
    """One for each input, in their order."""
    usage: usage_pb2.UsageRecord
    """The usage record."""
    receipt: usage_pb2.Receipt | None
    """The same record, signed by the exchange; None while it is pending."""
    started: delivery_pb2.DeliveryStarted
    """What served the call."""


def delivery_request(
    instrument: str,
    request: Request,
    *,
    max_output_tokens: int | None,
    max_price_micros: int | None,
    only_suppliers: Iterable[str],
    ignore_suppliers: Iterable[str],
    preferences: delivery_pb2.DeliveryPreferences | None,
    delivery_id: str,
) -> delivery_pb2.DeliverRequest:
    """Return the request that begins a call."""
    if not isinstance(request, (chat_pb2.ChatRequest, embeddings_pb2.EmbeddingRequest)):
        request = chat_request(instrument, request, max_output_tokens)
    elif max_output_tokens is not None:
        raise ValueError("max_output_tokens: set max_completion_tokens in the ChatRequest itself")
    wanted = delivery_pb2.DeliveryPreferences(
        max_price_micros=max_price_micros,
        only_supplier_ids=only_suppliers,
        ignore_supplier_ids=ignore_suppliers,
    )
    if preferences is not None:
        wanted.MergeFrom(preferences)
    opened = delivery_pb2.Open(
        delivery_id=delivery_id or new_delivery_id(),
        instrument=instrument,
        request=request if isinstance(request, chat_pb2.ChatRequest) else None,
        embedding=request if isinstance(request, embeddings_pb2.EmbeddingRequest) else None,
        window_bytes=WINDOW_BYTES,
        preferences=wanted if wanted.ListFields() else None,
        include_usage=True,
    )
    return delivery_pb2.DeliverRequest(open=opened)


class Answer:
    """What came of one call so far."""

    def __init__(self, delivery_id: str) -> None:
        self.delivery_id = delivery_id
        self.started: delivery_pb2.DeliveryStarted | None = None
        self.usage: usage_pb2.UsageRecord | None = None
        self.receipt: usage_pb2.Receipt | None = None
        self.is_over = False
        self._events: deque[delivery_pb2.DeliveryEvent] = deque()
        self._pieces: defaultdict[int, list[str]] = defaultdict(list)
        self._vectors: dict[int, list[float]] = {}

    def take(self, frame: delivery_pb2.DeliverResponse | None) -> None:
        """Take a frame, or None when the stream has ended.

        Raises DeliveryFailed when it ended without the delivery's own end.
        """
        if frame is not None:
            self._events.extend(frame.events)
        elif not self.is_over:
            raise DeliveryFailed(
                "the stream ended before the delivery did; look up its usage record",
                code="UNAVAILABLE",
                method="Deliver",
            )

    def next_event(self) -> delivery_pb2.DeliveryEvent | None:
        """Return the next event, or None when there is none yet. Raises GridError at a bad end."""
        if not self._events:
            return None
        event = self._events.popleft()
        kind = event.WhichOneof("event")
        if kind == "started":
            self.started = event.started
        elif kind == "reply":
            self._read(event.reply)
        elif kind == "embedding":
            for each in event.embedding.embeddings:
                self._vectors[each.index] = list(each.values)
        elif kind == "ended":
            self._read(event.ended.reply)
            self.usage = event.ended.usage
            if event.ended.HasField("receipt"):
                self.receipt = event.ended.receipt
            self.is_over = True
        elif kind == "failed":
            self._fail(event.failed)
        return event

    def text(self) -> str:
        """Return what the first choice says so far."""
        return "".join(self._pieces[0])

    def texts(self) -> list[str]:
        """Return what each choice says so far, by index."""
        return ["".join(self._pieces[index]) for index in sorted(self._pieces)]

    def vectors(self) -> list[list[float]]:
        """Return the vectors of a call for embeddings so far, by the places of their inputs."""
        return [self._vectors[place] for place in sorted(self._vectors)]

    def embeddings(self) -> Embeddings:
        """Return what a call for embeddings came to, once it is over."""
        assert self.usage is not None
        assert self.started is not None
        return Embeddings(self.vectors(), self.usage, self.receipt, self.started)

    def _read(self, reply: chat_pb2.ChatReply) -> None:
        for choice in reply.choices:
            said = choice.delta if choice.HasField("delta") else choice.message
            self._pieces[choice.index].append(said.text)

    def _fail(self, failed: delivery_pb2.DeliveryFailed) -> None:
        self.is_over = True
        usage = failed.usage if failed.HasField("usage") else None
        self.usage = usage
        if failed.HasField("receipt"):
            self.receipt = failed.receipt
        raise from_status(failed.status, "Deliver", self.delivery_id, usage)
