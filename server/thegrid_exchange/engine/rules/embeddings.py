"""Embedding instruments: what their contracts, offers and reservations must keep to.

Their calls bill input alone; how inputs are counted and vectors judged is the relay's.
"""

from typing import Final

from thegrid_exchange.engine.records import EmbeddingSpec, InstrumentSpec, Offer
from thegrid_exchange.engine.refusals import refuse, refuse_outside

_DIMENSIONS_MAX: Final = 16_384
_INPUTS_MAX: Final = 65_536


def output_tokens_least(spec: InstrumentSpec) -> int:
    """The least output that a contract must promise; embeddings have none."""
    return 0 if spec.embedding is not None else 1


def check_embedding(spec: InstrumentSpec) -> None:
    """Refuse an embedding contract that cannot be kept."""
    embedding = spec.embedding
    if embedding is None:
        return
    if not embedding.space:
        refuse("INVALID_ARGUMENT", "spec.embedding.space", "must name the vector space")
    if spec.output_tokens_min:
        refuse(
            "INVALID_ARGUMENT",
            "spec.output_tokens_min",
            "must be 0: embeddings have no output",
            limit=0,
            value=spec.output_tokens_min,
        )
    refuse_outside(embedding, _ranges(spec, embedding), "spec.embedding")


def _ranges(spec: InstrumentSpec, embedding: EmbeddingSpec) -> dict[str, tuple[int, int]]:
    return {
        "dimensions": (1, _DIMENSIONS_MAX),
        "dimensions_min": (0, embedding.dimensions),
        "input_tokens_max": (1, spec.context_tokens_min),
        "inputs_max": (1, _INPUTS_MAX),
    }


def check_successor(before: InstrumentSpec, after: InstrumentSpec) -> None:
    """Refuse a version whose Units would be of another kind, or whose vectors compare no more."""
    old, new = before.embedding, after.embedding
    if (old is None) != (new is None) or (old and new and old.space != new.space):
        refuse(
            "INVALID_ARGUMENT",
            "spec.embedding",
            "must stay what it was, and of the same space; define another instrument",
        )


def check_space(offer: Offer, spec: InstrumentSpec) -> None:
    """Refuse a model whose vectors are not of the contract's space."""
    space = spec.embedding.space if spec.embedding is not None else ""
    if offer.embedding_space != space:
        must = f"must be `{space}`" if space else "must be empty: the instrument answers chats"
        refuse("OFFER_BELOW_SPEC", "embedding_space", must)


def check_reserved_output(spec: InstrumentSpec, max_output_tokens: int) -> None:
    """Refuse to set output aside where none can be billed."""
    if spec.embedding is not None and max_output_tokens:
        refuse(
            "WRONG_REQUEST_KIND",
            "max_output_tokens",
            "the instrument answers embeddings, which have no output; ask for them instead",
            limit=0,
            value=max_output_tokens,
        )
