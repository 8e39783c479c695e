"""Instruments, specifications and markets.

Books and trades are in `market_data`.
"""

from collections.abc import Sequence
from typing import Final

from thegrid.v1 import instruments_pb2, market_data_pb2
from thegrid_exchange.api.convert.common import Names, time_of
from thegrid_exchange.engine.records import (
    EmbeddingSpec,
    FirstTokenBand,
    Instrument,
    InstrumentSpec,
    Market,
    MarketPolicy,
    MarketTerms,
    SpecVersion,
)
from thegrid_exchange.views.auctions import Indication

MARKET_STATES: Final = Names(
    market_data_pb2.MarketState,
    "MARKET_STATE",
    ("open", "cancel_only", "halted", "auction", "sweeping"),
)

AUCTION_CAUSES: Final = Names(
    market_data_pb2.AuctionCause, "AUCTION_CAUSE", ("operator", "max_move", "sweep")
)


def spec_record(spec: instruments_pb2.InstrumentSpec) -> InstrumentSpec:
    """The contract's specification as the engine's record."""
    return InstrumentSpec(
        service_type=spec.service_type,
        quality_index=spec.quality_index,
        quality_score_min=spec.quality_min_milli,
        first_token_bands=tuple(
            FirstTokenBand(band.prompt_max_tokens, band.first_token_max_us)
            for band in spec.first_token_bands
        ),
        tokens_per_second_min=spec.throughput_min_tokens_per_second,
        context_tokens_min=spec.context_min_tokens,
        output_tokens_min=spec.output_min_tokens,
        availability_ppm_min=spec.availability_min_ppm,
        error_rate_ppm_max=spec.error_rate_max_ppm,
        tokenizer=spec.metering.tokenizer,
        metering_policy_version=spec.metering.version,
        capabilities=tuple(spec.capabilities),
        unseen_reasoning_allowed=spec.metering.bills_hidden_reasoning,
        capacity_weight_per_mille=spec.capacity_weight_milli or 1_000,
        embedding=_embedding_record(spec.embedding) if spec.HasField("embedding") else None,
    )


def _embedding_record(spec: instruments_pb2.EmbeddingSpec) -> EmbeddingSpec:
    return EmbeddingSpec(
        space=spec.space,
        dimensions=spec.dimensions,
        input_tokens_max=spec.input_max_tokens,
        inputs_max=spec.inputs_max,
        dimensions_min=spec.dimensions_min,
    )


def _embedding_message(spec: EmbeddingSpec) -> instruments_pb2.EmbeddingSpec:
    return instruments_pb2.EmbeddingSpec(
        space=spec.space,
        dimensions=spec.dimensions,
        input_max_tokens=spec.input_tokens_max,
        inputs_max=spec.inputs_max,
        dimensions_min=spec.dimensions_min,
    )


def spec_message(version: SpecVersion) -> instruments_pb2.InstrumentSpec:
    """A published version of a specification."""
    spec = version.spec
    return instruments_pb2.InstrumentSpec(
        version=version.version,
        effective_time=time_of(version.effective_at_us),
        service_type=spec.service_type,
        quality_index=spec.quality_index,
        quality_min_milli=spec.quality_score_min,
        first_token_bands=[
            instruments_pb2.FirstTokenBand(
                prompt_max_tokens=band.prompt_tokens_max, first_token_max_us=band.first_token_us_max
            )
            for band in spec.first_token_bands
        ],
        throughput_min_tokens_per_second=spec.tokens_per_second_min,
        context_min_tokens=spec.context_tokens_min,
        output_min_tokens=spec.output_tokens_min,
        availability_min_ppm=spec.availability_ppm_min,
        error_rate_max_ppm=spec.error_rate_ppm_max,
        metering=instruments_pb2.MeteringPolicy(
            version=spec.metering_policy_version,
            tokenizer=spec.tokenizer,
            bills_hidden_reasoning=spec.unseen_reasoning_allowed,
        ),
        capabilities=spec.capabilities,
        capacity_weight_milli=spec.capacity_weight_per_mille,
        embedding=_embedding_message(spec.embedding) if spec.embedding is not None else None,
    )


def instrument_message(
    instrument: Instrument, versions: Sequence[SpecVersion], in_force: SpecVersion
) -> instruments_pb2.Instrument:
    """An instrument with all its versions, oldest first."""
    return instruments_pb2.Instrument(
        instrument_id=instrument.instrument_id,
        symbol=instrument.symbol,
        name=instrument.name,
        market_id=instrument.market_id,
        spec=spec_message(in_force),
        versions=[spec_message(version) for version in versions],
        create_time=time_of(instrument.created_at_us),
    )


def terms_record(terms: market_data_pb2.MarketTerms) -> MarketTerms:
    """A market's terms; what is 0 for "not said" takes the engine's default."""
    defaults = MarketTerms()
    return MarketTerms(
        tick_micros=terms.tick_size_micros,
        quantity_units_min=terms.quantity_min_units,
        quantity_units_max=terms.quantity_max_units,
        quantity_units_step=terms.quantity_step_units or defaults.quantity_units_step,
        maker_fee_bps=terms.maker_fee_bps,
        taker_fee_bps=terms.taker_fee_bps,
        price_micros_max=terms.price_max_micros or defaults.price_micros_max,
    )


def terms_message(terms: MarketTerms) -> market_data_pb2.MarketTerms:
    """A market's terms."""
    return market_data_pb2.MarketTerms(
        tick_size_micros=terms.tick_micros,
        quantity_min_units=terms.quantity_units_min,
        quantity_max_units=terms.quantity_units_max,
        quantity_step_units=terms.quantity_units_step,
        maker_fee_bps=terms.maker_fee_bps,
        taker_fee_bps=terms.taker_fee_bps,
        price_max_micros=terms.price_micros_max,
    )


def policy_record(policy: market_data_pb2.MarketPolicy) -> MarketPolicy:
    """A market's own figures as the engine's record."""
    return MarketPolicy(
        policy.max_move_bps,
        policy.max_move_window_us,
        policy.max_move_auction_us,
        policy.sweep_auction_us,
    )


def auction_message(shown: Indication) -> market_data_pb2.Auction:
    """A call auction as it stands or as it ended; empty when there is none."""
    auction = shown.auction
    if auction is None:
        return market_data_pb2.Auction()
    return market_data_pb2.Auction(
        auction_id=auction.auction_id,
        cause=AUCTION_CAUSES.wire(auction.cause),
        end_time=time_of(auction.ends_at_us),
        reference_price_micros=auction.reference_micros or None,
        price_micros=shown.price_micros or None,
        volume_units=shown.volume_units,
        surplus_units=shown.surplus_units,
        finished=shown.is_finished,
    )


def market_message(
    market: Market,
    best_bid_micros: int | None,
    best_ask_micros: int | None,
    auction: Indication,
) -> market_data_pb2.Market:
    """A market as it stands; while its sweep is unfinished its state is `sweeping`."""
    return market_data_pb2.Market(
        market_id=market.market_id,
        instrument_id=market.instrument_id,
        symbol=market.symbol,
        state=MARKET_STATES.wire("sweeping" if market.sweep_id else market.state),
        state_reason=market.state_reason,
        terms=terms_message(market.terms),
        last_price_micros=market.last_trade_price_micros or None,
        best_bid_micros=best_bid_micros,
        best_ask_micros=best_ask_micros,
        next_sweep_time=time_of(market.next_sweep_us),
        policy=market_data_pb2.MarketPolicy(**market.policy._asdict()),
        auction=auction_message(auction) if auction.auction else None,
    )
