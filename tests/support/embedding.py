"""An embedding instrument beside the usual one: its contract, its supply, requests and vectors.
Requests and replies are the contract's messages; the engine's own builders are in `market`.
"""

from typing import Any

from tests.support.exchange import Exchange, Participant, a_spec, an_offer
from thegrid.v1 import admin_pb2, embeddings_pb2, instruments_pb2, supply_pb2

EMBED = "embed-small"
SPACE = "hashed-ngrams-1"
DIMENSIONS = 8
UNIT = 1_000_000


def embedding_spec(**vectors: Any) -> instruments_pb2.InstrumentSpec:
    """A contract for short vectors."""
    return a_spec(
        service_type="embedding",
        output_min_tokens=0,
        metering=instruments_pb2.MeteringPolicy(version=1, tokenizer="cl100k_base"),
        embedding=instruments_pb2.EmbeddingSpec(
            **{
                "space": SPACE,
                "dimensions": DIMENSIONS,
                "dimensions_min": 2,
                "input_max_tokens": 8_192,
                "inputs_max": 2_048,
                **vectors,
            }
        ),
    )


async def define_embeddings(exchange: Exchange, symbol: str = EMBED, **vectors: Any) -> None:
    """Define the instrument."""
    await exchange.define_instrument(symbol, spec=embedding_spec(**vectors))


async def offer_embeddings(
    exchange: Exchange, supplier: Participant, units: int = 20, symbol: str = EMBED
) -> None:
    """Admit a supplier to the instrument and have it offer and sell Units."""
    await exchange.admin.AdmitSupplier(
        admin_pb2.AdmitSupplierRequest(
            request_id=exchange.request_id(),
            member_id=supplier.member_id,
            instrument=symbol,
            verified_tokens_per_second=1_000_000,
        )
    )
    await supplier.supply.RegisterOffer(
        supply_pb2.RegisterOfferRequest(
            request_id=exchange.request_id(),
            instrument=symbol,
            terms=an_offer(
                model="demo-embedding",
                output_tokens=0,
                embedding_space=SPACE,
                honoured_fields=["truncate"],
            ),
        )
    )
    await supplier.supply.IssueUnits(
        supply_pb2.IssueUnitsRequest(
            request_id=exchange.request_id(), instrument=symbol, quantity_units=units
        )
    )
    await exchange.sell_issuance(supplier, units, UNIT, symbol)


def inputs(*texts: str | list[int], **fields: Any) -> embeddings_pb2.EmbeddingRequest:
    """A request for the vectors of texts, or of tokens."""
    request = embeddings_pb2.EmbeddingRequest(model=EMBED, **fields)
    for each in texts:
        if isinstance(each, str):
            request.inputs.add(text=each)
        else:
            request.inputs.add(tokens=embeddings_pb2.TokenIds(ids=each))
    return request


def vectors(
    *places: int, length: int = DIMENSIONS, value: float = 0.25
) -> embeddings_pb2.EmbeddingReply:
    """A reply with the vectors of these places."""
    reply = embeddings_pb2.EmbeddingReply(model="demo-embedding")
    for place in places:
        reply.embeddings.add(index=place, values=[value] * length)
    return reply
