"""What suppliers offer, issued and owe, from the durable balances.

What they may issue is decided by the engine, whose own figures of capacity are shown.
"""

from collections.abc import Mapping
from typing import NamedTuple

from thegrid_exchange.engine.quantities import CASH, TOKENS_PER_UNIT
from thegrid_exchange.engine.records import Offer, Shortfall
from thegrid_exchange.engine.rules.collateral import missing_micros, required_micros
from thegrid_exchange.engine.rules.lookups import weighted_tokens
from thegrid_exchange.engine.rules.obligations import capacity_tokens, obligation_tokens
from thegrid_exchange.engine.rules.reference_index import index_price_micros
from thegrid_exchange.engine.state import State


class SupplyFigures(NamedTuple):
    """Tokens of one issuer and instrument; all that is issued is in exactly one of the others."""

    instrument_id: str
    issued_tokens: int
    retired_tokens: int
    unsold_tokens: int
    bought_back_tokens: int
    outstanding_tokens: int
    consumed_tokens: int
    expired_tokens: int
    refunded_tokens: int
    headroom_tokens: int
    escrow_micros: int = 0
    index_price_micros: int = 0
    """0 before the first index."""
    renews_unsold: bool = False


class CollateralFigures(NamedTuple):
    """A supplier's collateral as it stands, and what its failures cost others."""

    required_micros: int
    posted_micros: int
    missing_micros: int
    escrow_micros: int
    guarantee_debt_micros: int
    uncovered_micros: int
    marked_at_us: int | None


def supply_of(state: State, member_id: str, instrument_id: str) -> SupplyFigures:
    """What the member issued of an instrument and what became of it."""
    figures = _figures(state.balances, member_id, instrument_id)
    admission = state.admissions.get((member_id, instrument_id))
    return figures._replace(
        headroom_tokens=_headroom_tokens(state, member_id, instrument_id),
        escrow_micros=state.indices.sold_micros[(member_id, instrument_id)],
        index_price_micros=index_price_micros(state, instrument_id),
        renews_unsold=admission is not None and admission.renews_unsold,
    )


def collateral_of(state: State, member_id: str) -> CollateralFigures | None:
    """How a supplier's collateral stands; None for a member that was never admitted."""
    if member_id not in state.suppliers:
        return None
    marked = state.collateral_marks.get(member_id)
    debt = state.shortfalls.get(member_id) or Shortfall(member_id)
    return CollateralFigures(
        required_micros=required_micros(state, member_id),
        posted_micros=state.balance(member_id, "collateral", CASH),
        missing_micros=missing_micros(state, member_id),
        escrow_micros=state.balance(member_id, "escrow", CASH),
        guarantee_debt_micros=debt.guarantee_micros,
        uncovered_micros=debt.uncovered_micros,
        marked_at_us=marked.marked_at_us if marked is not None else None,
    )


def supplies_of(state: State, member_id: str) -> list[SupplyFigures]:
    """One entry per instrument that the member ever issued or offers, by instrument."""
    return [
        supply_of(state, member_id, instrument_id)
        for instrument_id in sorted(state.instruments)
        if (member_id, instrument_id) in state.offers
        or (member_id, "issued", instrument_id) in state.balances
    ]


def offers_of(state: State, member_id: str, after: str, limit: int) -> list[Offer]:
    """The member's offers for instruments that come after the given id, by instrument."""
    return [
        state.offers[(member_id, instrument_id)]
        for instrument_id in sorted(state.instruments)
        if instrument_id > after and (member_id, instrument_id) in state.offers
    ][:limit]


def _figures(
    balances: Mapping[tuple[str, str, str], int], member_id: str, instrument_id: str
) -> SupplyFigures:
    def amount(account: str) -> int:
        return balances.get((member_id, account, instrument_id), 0)

    issued = -amount("issued")
    unsold = amount("unsold") + amount("listed")
    consumed, expired, refunded = amount("consumed"), amount("expired"), amount("refunded")
    retired, bought_back = amount("retired"), amount("bought_back")
    ended = consumed + expired + refunded
    return SupplyFigures(
        instrument_id=instrument_id,
        issued_tokens=issued,
        retired_tokens=retired,
        unsold_tokens=unsold,
        bought_back_tokens=bought_back,
        outstanding_tokens=issued - retired - unsold - bought_back - ended,
        consumed_tokens=consumed,
        expired_tokens=expired,
        refunded_tokens=refunded,
        headroom_tokens=0,
    )


def _headroom_tokens(state: State, member_id: str, instrument_id: str) -> int:
    """Tokens of the instrument that the pool of verified capacity still has room for."""
    supplier = state.suppliers.get(member_id)
    if supplier is None or supplier.suspended:
        return 0
    left = capacity_tokens(state, supplier) - obligation_tokens(state, member_id)
    weight = weighted_tokens(state, instrument_id, TOKENS_PER_UNIT)
    return max(0, left * TOKENS_PER_UNIT // max(1, weight))
