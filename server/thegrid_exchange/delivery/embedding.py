"""What a call for embeddings may ask of its instrument, and what its inputs come to.
Tokens of the input are all that such a call bills; vectors are judged where answers are.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

import tiktoken

from thegrid_exchange.delivery.catalogue import Terms
from thegrid_exchange.delivery.encodings import (
    LONGEST_TOKEN_BYTES,
    Uncountable,
    UnknownEncoding,
    count,
    ready_encoding,
    spelled,
)
from thegrid_exchange.delivery.meter import OFF_LOOP_CHARACTERS
from thegrid_exchange.delivery.parts import EmbeddingAsk, Failure
from thegrid_exchange.engine.records import EmbeddingSpec

FIELD: Final = "input"


class CountedInputs(NamedTuple):
    """Inputs that may be embedded."""

    tokens: int
    """All of them, with what the policy adds for each."""
    dimensions: int
    """Length that each vector must have."""
    texts: dict[int, str]
    """What the inputs spell that came as tokens, by their places."""


async def count_inputs(ask: EmbeddingAsk, terms: Terms) -> CountedInputs | Failure:
    """The inputs with their canonical count, or why the instrument does not take them."""
    spec, embedding = terms.contract.spec, terms.contract.spec.embedding
    assert embedding is not None
    if terms.metering is None:
        return not_carried(f"version {spec.metering_policy_version}")
    refused = _refusal(ask, embedding, spec.context_tokens_min)
    if refused is not None:
        return refused
    try:
        encoding = await ready_encoding(spec.tokenizer)
    except UnknownEncoding as error:
        return not_carried(str(error))
    if sum(map(len, ask.inputs)) > OFF_LOOP_CHARACTERS:
        counted = await asyncio.to_thread(_count, ask.inputs, encoding, embedding)
    else:
        counted = _count(ask.inputs, encoding, embedding)
    if isinstance(counted, Failure):
        return counted
    tokens = sum(counted[0]) + terms.metering.input_tokens * len(ask.inputs)
    if tokens > spec.context_tokens_min:
        return _too_long(tokens, spec.context_tokens_min)
    return CountedInputs(tokens, ask.dimensions or embedding.dimensions, counted[1])


def not_carried(what: str) -> Failure:
    """The refusal of an instrument whose metering policy this exchange cannot count by."""
    return Failure(
        "CONTENT_REFUSED",
        f"the metering policy of this instrument is not carried here ({what});"
        " ask the operator to publish another version",
        "instrument",
    )


def _refusal(ask: EmbeddingAsk, embedding: EmbeddingSpec, most_tokens: int) -> Failure | None:
    """Refuse what need not be counted to be refused."""
    if len(ask.inputs) > embedding.inputs_max:
        return Failure(
            "TOO_LARGE",
            f"{len(ask.inputs)} inputs are more than {embedding.inputs_max}; send them in parts",
            FIELD,
            embedding.inputs_max,
            len(ask.inputs),
        )
    least = embedding.dimensions_min or embedding.dimensions
    if ask.dimensions is not None and not least <= ask.dimensions <= embedding.dimensions:
        range_ = f"{least} to {embedding.dimensions}" if embedding.dimensions_min else f"{least}"
        return Failure(
            "FIELD_NOT_HONOURED",
            f"vectors of this instrument have {range_} dimensions; ask for that many, or leave"
            " `dimensions` out",
            "dimensions",
            embedding.dimensions if ask.dimensions > least else least,
            ask.dimensions,
        )
    least_tokens = sum(
        len(each) // (LONGEST_TOKEN_BYTES if isinstance(each, str) else 1) for each in ask.inputs
    )
    return _too_long(least_tokens, most_tokens) if least_tokens > most_tokens else None


def _count(
    inputs: Sequence[str | Sequence[int]], encoding: tiktoken.Encoding, embedding: EmbeddingSpec
) -> tuple[list[int], dict[int, str]] | Failure:
    """The count of each input, and what those spell that are tokens."""
    counts, texts = [], {}
    for place, given in enumerate(inputs):
        field = f"{FIELD}[{place}]"
        try:
            if isinstance(given, str):
                counts.append(count(encoding, given))
            else:
                texts[place] = spelled(encoding, given)
                counts.append(len(given))
        except Uncountable as error:
            why = f"{field} cannot be counted: {error}; send other content"
            return Failure("CONTENT_REFUSED", why, field)
        if counts[-1] > embedding.input_tokens_max:
            return _too_long(counts[-1], embedding.input_tokens_max, field)
    return counts, texts


def _too_long(tokens: int, most_tokens: int, field: str = FIELD) -> Failure:
    what = "all inputs of a call together" if field == FIELD else "one input"
    return Failure(
        "CONTEXT_EXCEEDED",
        f"{field} comes to {tokens} tokens or more, and {what} may have {most_tokens};"
        " shorten it or send it in parts",
        field,
        most_tokens,
        tokens,
    )
