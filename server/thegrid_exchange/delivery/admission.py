"""What must hold before tokens are set aside for a call: contract, fields, suppliers, counts, caps.
Refusals here leave no record; whether the tokens are there is for the engine to say.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from thegrid_exchange.delivery.catalogue import Catalogue, Terms
from thegrid_exchange.delivery.eligibility import Wants, contradiction
from thegrid_exchange.delivery.embedding import FIELD, count_inputs, not_carried
from thegrid_exchange.delivery.encodings import UnknownEncoding
from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.meter import (
    ContextExceeded,
    Prompt,
    PromptRefused,
    count_prompt,
    spell_prompt,
)
from thegrid_exchange.delivery.parts import CallRequest, Failure
from thegrid_exchange.delivery.suppliers import Suppliers


class Admitted(NamedTuple):
    """A call that may be reserved for."""

    terms: Terms
    wants: Wants
    prompt_tokens: int
    cap_tokens: int
    """Greatest output per choice."""
    dimensions: int = 0
    """Length of the vectors; 0 for a chat."""
    texts: Mapping[int, str] = MappingProxyType({})
    """What inputs spell that came as tokens, by their places."""


async def admit(
    request: CallRequest,
    catalogue: Catalogue,
    suppliers: Suppliers,
    limits: DeliveryLimits,
    now_us: int,
) -> Admitted | Failure:
    """The call with its counts, or why it is refused."""
    terms = catalogue.terms(request.instrument, now_us)
    if terms is None:
        return Failure(
            "INSTRUMENT_NOT_FOUND",
            f"there is no instrument {request.instrument!r}; list the instruments for their names",
            "instrument",
        )
    wants = Wants(
        terms.instrument.instrument_id, request.fields, request.capabilities, request.preferences
    )
    refused = wrong_kind(terms, is_embedding=request.embedding is not None) or _supply_refusal(
        request, wants, suppliers, limits
    )
    return await counted(request, terms, wants) if refused is None else refused


async def counted(request: CallRequest, terms: Terms, wants: Wants) -> Admitted | Failure:
    """The call with what its prompt or its inputs come to, or why it is too much."""
    if request.embedding is not None:
        inputs = await count_inputs(request.embedding, terms)
        if isinstance(inputs, Failure):
            return inputs
        return Admitted(terms, wants, inputs.tokens, 0, inputs.dimensions, inputs.texts)
    tokens = await count(request.prompt, terms, terms.contract.spec.context_tokens_min)
    if isinstance(tokens, Failure):
        return tokens
    cap = _cap_tokens(request, terms, tokens)
    if isinstance(cap, Failure):
        return cap
    try:
        texts = await spell_prompt(request.prompt, terms.contract.spec.tokenizer)
    except PromptRefused as error:
        return _refused(error)
    return Admitted(terms, wants, tokens, cap, texts=texts)


def wrong_kind(terms: Terms, *, is_embedding: bool) -> Failure | None:
    """The refusal of a request that is not of the kind that the instrument answers."""
    if is_embedding == (terms.contract.spec.embedding is not None):
        return None
    answers, door = ("chats", "a chat") if is_embedding else ("embeddings", "embeddings")
    return Failure(
        "WRONG_REQUEST_KIND",
        f"{terms.instrument.symbol} answers {answers} alone; ask it for {door}, or choose another"
        " instrument",
        FIELD if is_embedding else "messages",
    )


def _supply_refusal(
    request: CallRequest, wants: Wants, suppliers: Suppliers, limits: DeliveryLimits
) -> Failure | None:
    """Refuse at once what nobody can serve, so that it costs no journal row."""
    impossible = contradiction(wants.preferences)
    if impossible is not None:
        return impossible
    if not suppliers.could_serve(wants):
        return suppliers.why_none(wants, limits.retry_us)
    return suppliers.room.refusal(wants.instrument_id, request.member_id)


async def count(prompt: Prompt, terms: Terms, most_tokens: int) -> int | Failure:
    """Canonical tokens of a prompt; one that is surely above `most_tokens` is not counted out."""
    spec = terms.contract.spec
    if terms.metering is None:
        return not_carried(f"version {spec.metering_policy_version}")
    try:
        return await count_prompt(prompt, spec.tokenizer, terms.metering, most_tokens)
    except PromptRefused as error:
        return _refused(error)
    except ContextExceeded as error:
        return _context_exceeded(terms, error.least_tokens, prompt.field)
    except UnknownEncoding as error:
        return not_carried(str(error))


def _refused(error: PromptRefused) -> Failure:
    return Failure("CONTENT_REFUSED", f"{error.message}; send other content", error.field)


def _cap_tokens(request: CallRequest, terms: Terms, prompt_tokens: int) -> int | Failure:
    """Greatest output per choice that the call may have."""
    spec = terms.contract.spec
    room_tokens = spec.context_tokens_min - prompt_tokens
    asked_tokens = request.output_cap_tokens
    if asked_tokens is None:
        if room_tokens < 1:
            return _context_exceeded(terms, prompt_tokens, request.prompt.field)
        return min(spec.output_tokens_min, room_tokens)
    if asked_tokens > spec.output_tokens_min:
        return Failure(
            "CONTEXT_EXCEEDED",
            f"this instrument gives at most {spec.output_tokens_min} output tokens; ask for less",
            request.output_cap_field,
            spec.output_tokens_min,
            asked_tokens,
        )
    if asked_tokens > room_tokens:
        return _context_exceeded(terms, prompt_tokens + asked_tokens, request.prompt.field)
    return asked_tokens


def _context_exceeded(terms: Terms, tokens: int, field: str) -> Failure:
    limit = terms.contract.spec.context_tokens_min
    return Failure(
        "CONTEXT_EXCEEDED",
        f"prompt and output come to {tokens} tokens or more, and the context window of"
        f" {terms.instrument.symbol} is {limit}; shorten the prompt or ask for less output",
        field,
        limit,
        tokens,
    )
