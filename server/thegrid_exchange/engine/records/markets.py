"""Records of instruments, the versions of their contracts, and their markets.

Nothing here computes; the tables that hold them are in `state`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import AuctionCause, MarketState


class FirstTokenBand(NamedTuple):
    """Prompts of up to `prompt_tokens_max` tokens must see a first token within this time."""

    prompt_tokens_max: int
    first_token_us_max: int


class EmbeddingSpec(NamedTuple):
    """What the vectors of an embedding instrument are."""

    space: str
    """Name of the vector space: vectors of one space may be compared, whoever made them."""
    dimensions: int
    input_tokens_max: int
    """Greatest length of one input."""
    inputs_max: int
    dimensions_min: int = 0
    """Shortest vector that a call may ask for; 0 where it may ask for no other."""


class InstrumentSpec(NamedTuple):
    """The quality contract: what any model delivering this instrument must reach."""

    service_type: str
    """What is delivered, such as `text`, `code` or `agent`."""
    quality_index: str
    """Name of the index that `quality_score_min` is read on."""
    quality_score_min: int
    """Least score on the index, in thousandths of a point."""
    first_token_bands: tuple[FirstTokenBand, ...]
    """Ascending by `prompt_tokens_max`; the last band holds for all longer prompts."""
    tokens_per_second_min: int
    context_tokens_min: int
    """Prompt and output together, or all inputs, that must be accepted."""
    output_tokens_min: int
    """The longest output that must be possible; 0 for embeddings."""
    availability_ppm_min: int
    error_rate_ppm_max: int
    tokenizer: str
    """Canonical tokenizer's name, such as `o200k_base`."""
    metering_policy_version: int
    capabilities: tuple[str, ...] = ()
    """Capabilities every offer must have, such as `tools` or `json_schema`."""
    unseen_reasoning_allowed: bool = True
    capacity_weight_per_mille: int = 1_000
    """How heavily one token of this instrument weighs in a supplier's capacity pool."""
    embedding: EmbeddingSpec | None = None
    """None for an instrument whose calls are chats."""


class SpecVersion(NamedTuple):
    """One version of an instrument's contract, in force from `effective_at_us` to the next."""

    instrument_id: str
    version: int
    spec: InstrumentSpec
    effective_at_us: int
    published_at_us: int


class SpecReview(NamedTuple):
    """How far the offers of an instrument were compared with the contract in force."""

    instrument_id: str
    version: int
    """The last version that all offers were compared with."""
    after_member_id: str = ""
    """Where the comparison with the next version goes on; empty when it has not begun."""


class Instrument(NamedTuple):
    """A tradable quality contract; its versions lie in their own table."""

    instrument_id: str
    symbol: str
    name: str
    market_id: str
    latest_version: int
    created_at_us: int


class MarketTerms(NamedTuple):
    """What orders of a market must obey and what they pay."""

    tick_micros: int = 1
    quantity_units_min: int = 1
    quantity_units_max: int = 10_000
    quantity_units_step: int = 1
    maker_fee_bps: int = 0
    taker_fee_bps: int = 0
    price_micros_max: int = 1_000_000_000_000


class MarketPolicy(NamedTuple):
    """The figures of one market that its operator may change at any time."""

    max_move_bps: int = 0
    """How far a trade may lie from the reference price before the market halts; 0 = any."""
    max_move_window_us: int = 300_000_000
    """How long a reference price holds; the next is the last price when it is needed."""
    max_move_auction_us: int = 60_000_000
    """How long orders collect after such a halt before the market reopens."""
    sweep_auction_us: int = 0
    """How long before each sweep orders collect for an auction; 0 = no auction."""


class Market(NamedTuple):
    """The one market of an instrument."""

    market_id: str
    instrument_id: str
    symbol: str
    terms: MarketTerms
    state: MarketState
    state_reason: str
    next_sweep_us: int
    """From this instant on no order is taken until the sweep of this slot has finished."""
    sweep_id: str = ""
    """The unfinished sweep, or empty."""
    last_trade_price_micros: int = 0
    """Price of the last trade that counts for statistics; 0 before the first."""
    auction_id: str = ""
    """The call auction under way, or empty."""
    policy: MarketPolicy = MarketPolicy()
    reference_price_micros: int = 0
    """What the max-move breaker measures from; 0 while none was set."""
    reference_at_us: int = 0
    """When that reference was set."""


class Auction(NamedTuple):
    """A call auction: orders collect until it ends, then trade at one price."""

    auction_id: str
    market_id: str
    cause: AuctionCause
    opened_at_us: int
    ends_at_us: int
    """From this instant on no order is taken until the auction has finished."""
    reference_micros: int
    """The last price before it, to which the auction's price keeps near; 0 when there was none."""
    price_micros: int = 0
    """The price that its orders trade at; 0 until it ends, and when nothing traded."""
    volume_units: int = 0
    """Units traded in it so far."""
