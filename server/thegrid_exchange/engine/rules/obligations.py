"""What a supplier owes and may owe: tokens issued and not ended, and the capacity behind them.

Weighted tokens are tokens times the instrument's weight, the unit of the one pool of a supplier.
"""

from thegrid_exchange.engine.quantities import PER_MILLE, SECOND_US
from thegrid_exchange.engine.records import Supplier
from thegrid_exchange.engine.rules.lookups import weighted_tokens
from thegrid_exchange.engine.state import State

_ENDINGS = ("retired", "bought_back", "consumed", "expired", "refunded")


def capacity_tokens(state: State, supplier: Supplier) -> int:
    """Weighted tokens that a supplier may have issued and not yet ended."""
    window_us = state.term("capacity_window_us")
    verified = supplier.verified_tokens_per_second * window_us // SECOND_US
    return verified * state.term("capacity_derating_per_mille") // PER_MILLE


def obligation_tokens(state: State, member_id: str) -> int:
    """Weighted tokens that a supplier has issued and that have not ended, unsold or sold."""
    return sum(
        weighted_tokens(state, instrument_id, outstanding_tokens(state, member_id, instrument_id))
        for instrument_id in state.indices.admissions_of[member_id]
    )


def outstanding_tokens(state: State, member_id: str, instrument_id: str) -> int:
    """Tokens of one instrument that a supplier issued and that have not ended."""
    ended = sum(state.balance(member_id, account, instrument_id) for account in _ENDINGS)
    return -state.balance(member_id, "issued", instrument_id) - ended


def unsold_tokens(state: State, member_id: str, instrument_id: str) -> int:
    """Tokens of one instrument that a supplier issued and still has, listed or not."""
    accounts = ("unsold", "listed")
    return sum(state.balance(member_id, account, instrument_id) for account in accounts)


def liability_tokens(state: State, member_id: str, instrument_id: str) -> int:
    """Tokens of one instrument that a supplier has sold and still owes."""
    outstanding = outstanding_tokens(state, member_id, instrument_id)
    return outstanding - unsold_tokens(state, member_id, instrument_id)
