"""The named figures that the rules read, their defaults and their ranges.

They are state, changed by journaled `SetPolicy` commands alone; this module only says what exists.
"""

from typing import Final

from thegrid_exchange.engine.policy_of_quality import QUALITY_TERMS, PolicyTerm
from thegrid_exchange.engine.quantities import HOUR_US, INT64_MAX, SECOND_US

POLICY_TERMS: Final[dict[str, PolicyTerm]] = {
    "max_events": PolicyTerm(2_000, 1_000, 100_000, "Events one command may bring about."),
    "max_parcels": PolicyTerm(
        1_000, 1, 10_000, "Parcels moved into one Lot, or bound by one sell."
    ),
    "max_batch_items": PolicyTerm(500, 1, 10_000, "Order commands in one batch."),
    "max_open_orders": PolicyTerm(5_000, 1, INT64_MAX, "Open orders of one member."),
    "cancel_timer_least_us": PolicyTerm(
        SECOND_US, 1, HOUR_US, "Shortest span of a dead man's switch."
    ),
    "cancel_timer_most_us": PolicyTerm(
        24 * HOUR_US, SECOND_US, 8_760 * HOUR_US, "Longest span of a dead man's switch."
    ),
    "max_fee_tiers": PolicyTerm(1_000, 0, 100_000, "Fee tiers there may be."),
    "max_keys": PolicyTerm(100, 1, 100_000, "Keys of one member that are not revoked."),
    "max_key_depth": PolicyTerm(8, 1, 64, "Keys in a line, each below the one before."),
    "key_rotation_grace_us": PolicyTerm(
        24 * HOUR_US, 0, 8_760 * HOUR_US, "Longest time a key's secret works after its rotation."
    ),
    "spend_notice_per_mille": PolicyTerm(
        900, 1, 1_000, "Share of a spend limit at which a notice is given."
    ),
    "spend_retry_us": PolicyTerm(
        SECOND_US, 0, HOUR_US, "Wait advised when open calls hold the rest of a spend limit."
    ),
    "max_webhooks": PolicyTerm(10, 0, 10_000, "Webhooks of one member."),
    "max_due_items": PolicyTerm(16, 0, 1_000, "Own due items a member's command runs first."),
    "price_band_bps": PolicyTerm(0, 0, 1_000_000, "Allowed distance from the last price; 0 = off."),
    "lot_window_us": PolicyTerm(4 * HOUR_US, SECOND_US, 8_760 * HOUR_US, "Life of a Lot."),
    "sweep_interval_us": PolicyTerm(
        4 * HOUR_US, 60 * SECOND_US, 8_760 * HOUR_US, "Distance of sweep slots, counted from 1970."
    ),
    "retire_unsold_at_sweep": PolicyTerm(1, 0, 1, "1: a sweep retires unsold Units; 0: they stay."),
    "reserve_step_tokens": PolicyTerm(
        4_096, 1, INT64_MAX, "Output reserved at a time, per choice."
    ),
    "reservation_window_us": PolicyTerm(
        600 * SECOND_US, SECOND_US, 24 * HOUR_US, "Time until the next mark or the report is due."
    ),
    "reservation_grace_us": PolicyTerm(
        600 * SECOND_US, 0, 24 * HOUR_US, "How long a reservation may outlive its Lot."
    ),
    "max_draws": PolicyTerm(256, 1, 256, "Parcels one call may draw from."),
    "max_choices": PolicyTerm(128, 1, 10_000, "Choices of one call."),
    "outage_gap_us": PolicyTerm(
        60 * SECOND_US, 0, 8_760 * HOUR_US, "Gap between stamps that counts as outage; 0 = never."
    ),
    "closed_order_memory_us": PolicyTerm(
        24 * HOUR_US, 0, 8_760 * HOUR_US, "How long closed orders and client order ids are kept."
    ),
    "closed_delivery_memory_us": PolicyTerm(
        HOUR_US, 0, 8_760 * HOUR_US, "How long settled deliveries are remembered."
    ),
    "max_metering_policies": PolicyTerm(1_000, 1, 1_000, "Versions of the metering policy."),
    "dispute_window_us": PolicyTerm(
        168 * HOUR_US, 0, 8_760 * HOUR_US, "How long after its settlement a call can be disputed."
    ),
    "max_open_disputes": PolicyTerm(100, 0, 100_000, "Open disputes of one member."),
    "index_window_us": PolicyTerm(
        HOUR_US, 60 * SECOND_US, 8_760 * HOUR_US, "Length of a reference index's windows."
    ),
    "index_final_after_us": PolicyTerm(
        1_800 * SECOND_US, 0, 8_760 * HOUR_US, "From a window's end until its index is final."
    ),
    "index_trades_min": PolicyTerm(
        5, 1, 1_000_000, "Trades delivered in a window below which there is no index."
    ),
    "availability_samples_max": PolicyTerm(
        64, 4, 10_000, "Turns remembered of a supplier's ability to serve an instrument."
    ),
    "refund_index_per_mille": PolicyTerm(
        1_250, 0, 100_000, "Share of the index up to which a refund may go above the first price."
    ),
    "resale_gains_max": PolicyTerm(8, 0, 64, "Resales of a parcel whose gains are withheld."),
    "supply_penalty_per_mille": PolicyTerm(
        0, 0, 10_000, "Penalty on refunds of failed calls, and the same on top of collateral."
    ),
    "collateral_escrow_per_mille": PolicyTerm(
        1_000, 0, 1_000, "Share of its escrow that counts towards a supplier's collateral."
    ),
    "capacity_window_us": PolicyTerm(
        4 * HOUR_US,
        SECOND_US,
        8_760 * HOUR_US,
        "Time over which verified speed counts as capacity.",
    ),
    "capacity_derating_per_mille": PolicyTerm(
        800, 0, 1_000, "Share of verified capacity that may be issued."
    ),
    **QUALITY_TERMS,
}
"""Every figure there is; `SetPolicy` refuses any other name."""

POLICY_DEFAULTS: Final[dict[str, int]] = {name: term.default for name, term in POLICY_TERMS.items()}
"""The figures of an exchange whose operator has set none."""
