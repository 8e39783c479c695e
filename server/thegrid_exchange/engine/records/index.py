"""Records of reference indexes: the price of what was delivered, window by window, and its inputs.

Nothing here computes; the tables that hold them are in `state`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import IndexStatus


class ReferenceIndex(NamedTuple):
    """The volume-weighted median price of the Units that were delivered in one window."""

    instrument_id: str
    window_start_us: int
    window_end_us: int
    price_micros: int | None
    """None: too few trades for an index."""
    trade_count: int
    """Trades of which tokens were delivered in the window."""
    volume_tokens: int
    """Tokens delivered in spec in the window."""
    status: IndexStatus
    method_version: int
    set_at_us: int
    carried_price_micros: int | None = None
    """This price, or where there is none that of the latest window before that had one."""


class IndexWindow(NamedTuple):
    """A window whose index is not final, or whose inputs are still to be forgotten."""

    window_id: str
    """`<instrument_id>/<window_start_us>`."""
    instrument_id: str
    start_us: int
    end_us: int
    step: IndexStatus
    """What comes next at `due_us`; `forgotten` once the index is final."""
    due_us: int
    marking_from: str | None = None
    """The supplier whose collateral is marked by the new index next; None when all are."""


class IndexInput(NamedTuple):
    """A trade's tokens that were delivered in spec in a window, at the trade's price."""

    window_id: str
    trade_id: str
    price_micros: int
    tokens: int
