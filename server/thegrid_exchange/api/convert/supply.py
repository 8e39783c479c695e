"""Offers and supply positions.

Frames of the stream over which calls are served are not here.
"""

from thegrid.v1 import supply_pb2
from thegrid_exchange.api.convert.common import time_of
from thegrid_exchange.engine.commands import RegisterOffer
from thegrid_exchange.engine.records import Offer
from thegrid_exchange.views.supply import CollateralFigures, SupplyFigures


def offer_command(
    terms: supply_pb2.OfferTerms, member_id: str, instrument_id: str
) -> RegisterOffer:
    """What a supplier promises, as the engine takes it."""
    return RegisterOffer(
        member_id=member_id,
        instrument_id=instrument_id,
        model=terms.model,
        quality_score=terms.quality_milli,
        context_tokens=terms.context_tokens,
        output_tokens=terms.output_tokens,
        tokens_per_second=terms.throughput_tokens_per_second,
        first_token_us=terms.first_token_us,
        concurrent_deliveries=terms.concurrent_deliveries,
        capabilities=tuple(terms.capabilities),
        honoured_fields=tuple(terms.honoured_fields),
        region=terms.region,
        data_policy=terms.data_policy,
        embedding_space=terms.embedding_space,
    )


def offer_message(offer: Offer, symbol: str) -> supply_pb2.Offer:
    """A model that serves an instrument."""
    return supply_pb2.Offer(
        instrument_id=offer.instrument_id,
        symbol=symbol,
        terms=supply_pb2.OfferTerms(
            model=offer.model,
            capabilities=offer.capabilities,
            context_tokens=offer.context_tokens,
            output_tokens=offer.output_tokens,
            concurrent_deliveries=offer.concurrent_deliveries,
            throughput_tokens_per_second=offer.tokens_per_second,
            region=offer.region,
            data_policy=offer.data_policy,
            embedding_space=offer.embedding_space,
            quality_milli=offer.quality_score,
            first_token_us=offer.first_token_us,
            honoured_fields=offer.honoured_fields,
        ),
        update_time=time_of(offer.registered_at_us),
        spec_version=offer.spec_version,
        shortfalls=offer.shortfalls,
    )


def supply_message(figures: SupplyFigures, symbol: str) -> supply_pb2.SupplyPosition:
    """What a supplier issued of one instrument, and what became of it."""
    return supply_pb2.SupplyPosition(
        instrument_id=figures.instrument_id,
        symbol=symbol,
        issued_tokens=figures.issued_tokens,
        retired_tokens=figures.retired_tokens,
        unsold_tokens=figures.unsold_tokens,
        bought_back_tokens=figures.bought_back_tokens,
        outstanding_tokens=figures.outstanding_tokens,
        consumed_tokens=figures.consumed_tokens,
        expired_tokens=figures.expired_tokens,
        refunded_tokens=figures.refunded_tokens,
        headroom_tokens=figures.headroom_tokens,
        escrow_micros=figures.escrow_micros,
        index_price_micros=figures.index_price_micros or None,
        renews_unsold=figures.renews_unsold,
    )


def collateral_message(figures: CollateralFigures | None) -> supply_pb2.Collateral | None:
    """How a supplier's collateral stands; None for a member that is no supplier."""
    if figures is None:
        return None
    return supply_pb2.Collateral(
        required_micros=figures.required_micros,
        posted_micros=figures.posted_micros,
        missing_micros=figures.missing_micros,
        escrow_micros=figures.escrow_micros,
        guarantee_debt_micros=figures.guarantee_debt_micros,
        uncovered_micros=figures.uncovered_micros,
        mark_time=time_of(figures.marked_at_us) if figures.marked_at_us else None,
    )
