"""Requests of probes, in the shape in which members' requests come.

When they are sent is the relay's affair; a supplier cannot tell them from any other.
"""

import random
from typing import Final

from thegrid.identifiers import new_delivery_id
from thegrid.v1 import chat_pb2, embeddings_pb2
from thegrid_exchange.api.openings import asked_of
from thegrid_exchange.api.secrets import Vault
from thegrid_exchange.delivery.catalogue import Terms
from thegrid_exchange.delivery.parts import CallRequest
from thegrid_exchange.delivery.probe_texts import synthetic_prompt

_WINDOW_BYTES: Final = 64 * 1024 * 1024
"""More than any answer to a probe: nothing waits for a reader."""


class ProbeDrafts:
    """Makes requests out of a secret and their ids, so that one can be made again to look at."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def draft(self, terms: Terms, prompt_tokens: int, output_tokens: int) -> CallRequest:
        """A request of the kind that the instrument answers."""
        delivery_id, symbol = new_delivery_id(), terms.instrument.symbol
        rand = random.Random(self._vault.probe_seed(delivery_id))
        embedding = terms.contract.spec.embedding
        payload = (
            _chat(rand, symbol, prompt_tokens, output_tokens)
            if embedding is None
            else _inputs(rand, symbol, min(prompt_tokens, embedding.input_tokens_max))
        )
        return CallRequest(
            delivery_id=delivery_id,
            member_id="",
            key_id="",
            instrument=symbol,
            requested_model=symbol,
            payload=payload,
            payload_bytes=payload.ByteSize(),
            window_bytes=_WINDOW_BYTES,
            traceparent=rand.choice(("", _traceparent(rand))),
            **asked_of(payload),
        )


def _traceparent(rand: random.Random) -> str:
    """A trace of nobody's, as clients that trace their calls send one."""
    return f"00-{rand.getrandbits(128):032x}-{rand.getrandbits(64):016x}-00"


def _chat(
    rand: random.Random, symbol: str, prompt_tokens: int, output_tokens: int
) -> chat_pb2.ChatRequest:
    """Of one user, now and then with a system message, streamed or not."""
    chat = chat_pb2.ChatRequest(model=symbol)
    if rand.random() < 0.5:
        chat.messages.add(role="system", text="You are a helpful assistant.")
    chat.messages.add(role="user", text=synthetic_prompt(rand, prompt_tokens))
    setattr(chat, rand.choice(("max_tokens", "max_completion_tokens")), output_tokens)
    if rand.random() < 0.7:
        chat.stream = True
    if rand.random() < 0.5:
        chat.temperature = rand.choice((0.0, 0.2, 0.7, 1.0))
    return chat


def _inputs(
    rand: random.Random, symbol: str, prompt_tokens: int
) -> embeddings_pb2.EmbeddingRequest:
    """Of one text."""
    text = embeddings_pb2.EmbeddingInput(text=synthetic_prompt(rand, prompt_tokens))
    return embeddings_pb2.EmbeddingRequest(model=symbol, inputs=[text])
