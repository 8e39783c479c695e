"""The reference index: per instrument and window, the median price of what was delivered in spec.

Each trade's price weighs as many tokens as were delivered of it; method version 1 takes the least
price at which half of all tokens are reached. What is between affiliated parties is left out.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from thegrid_exchange.engine import commands, events
from thegrid_exchange.engine.quantities import IndexStatus
from thegrid_exchange.engine.records import (
    IndexInput,
    IndexWindow,
    ReferenceIndex,
    Reservation,
    UsedDraw,
)
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule
from thegrid_exchange.engine.rules.lookups import are_affiliated
from thegrid_exchange.engine.state import State

METHOD_VERSION: Final = 1
Marks = Callable[[State, IndexWindow, IndexWindow], events.CollateralMarked]
_FORGOTTEN_PER_EVENT: Final = 500


# ---- inputs ------------------------------------------------------------------------------------


def note_delivered(
    state: State, reservation: Reservation, report: commands.Report, used: Iterable[UsedDraw]
) -> Rule[None]:
    """Count the tokens of a delivery in spec for the trades that its owner bought them by.

    It counts in the window in which it was opened, or in the present one if that is final.
    """
    if report.verdict != "in_spec":
        return
    counted = [draw for draw in used if _counts(state, reservation, report, draw)]
    if not counted:
        return
    window = _window_of(state, reservation.instrument_id, reservation.opened_at_us)
    window_id = window.window_id
    inputs: dict[str, IndexInput] = {}
    for draw in counted:
        trade_id = draw.cost_trade_id
        known = inputs.get(trade_id) or state.index_inputs.get((window_id, trade_id))
        tokens = draw.tokens + (known.tokens if known else 0)
        inputs[trade_id] = IndexInput(window_id, trade_id, draw.cost_price_micros, tokens)
    is_new = window_id not in state.index_windows
    yield events.IndexInputsSet(tuple(inputs.values()), window if is_new else None)


def _counts(
    state: State, reservation: Reservation, report: commands.Report, draw: UsedDraw
) -> bool:
    if state.lot_parcels[(draw.lot_id, draw.number)].parcel.cost_affiliated:
        return False
    owner_id, server_id = reservation.member_id, report.supplier_id or draw.issuer_id
    parties = (draw.issuer_id, server_id)
    return not any(are_affiliated(state, owner_id, each) for each in parties)


def _window_of(state: State, instrument_id: str, opened_at_us: int) -> IndexWindow:
    window = _window_at(state, instrument_id, opened_at_us)
    known = state.index_windows.get(window.window_id)
    if known is not None:
        is_open = known.step != "forgotten"
    else:
        latest = state.reference_indexes.get(instrument_id)
        is_past = latest is not None and latest.window_start_us >= window.start_us
        is_open = not is_past and _final_us(state, window) > state.now_us
    return known or window if is_open else _window_at(state, instrument_id, state.now_us)


def _window_at(state: State, instrument_id: str, at_us: int) -> IndexWindow:
    length_us = state.term("index_window_us")
    start_us = at_us // length_us * length_us
    end_us = start_us + length_us
    window_id = f"{instrument_id}/{start_us}"
    return IndexWindow(window_id, instrument_id, start_us, end_us, "provisional", end_us)


def _final_us(state: State, window: IndexWindow) -> int:
    return window.end_us + state.term("index_final_after_us")


# ---- the index ---------------------------------------------------------------------------------


def index_price_micros(state: State, instrument_id: str) -> int:
    """The latest price of an instrument's index; 0 while there was none."""
    latest = state.reference_indexes.get(instrument_id)
    return (latest.carried_price_micros or 0) if latest is not None else 0


def weighted_median(weights: Iterable[tuple[int, int]]) -> int:
    """Of prices with the tokens at each, the least at which half of all tokens are reached."""
    ordered = sorted(weights)
    twice_left = sum(tokens for _, tokens in ordered)
    for price_micros, tokens in ordered:
        twice_left -= 2 * tokens
        if twice_left <= 0:
            return price_micros
    raise ValueError("there is no median of nothing")


def indices_due(state: State) -> bool:
    """Whether an index waits to be set."""
    first = state.indices.index_deadlines.first()
    return first is not None and first[0] <= state.now_us


def run_indices(state: State, mark: Marks) -> Rule[int]:
    """Set the indexes that are due, mark collateral by each, and forget inputs of final ones.

    `mark` answers the event that marks the next suppliers of a window.
    """
    done = 0
    while indices_due(state) and state.work_left() >= WORK_MARGIN:
        first = state.indices.index_deadlines.first()
        assert first is not None
        window = state.index_windows[first[1]]
        if window.marking_from is not None:
            then = window._replace(marking_from=None, due_us=_due_us(state, window))
            yield mark(state, window, then)
        elif window.step == "forgotten":
            yield _forgotten(state, window)
        else:
            yield _index_set(state, window)
        done += 1
    return done


def _index_set(state: State, window: IndexWindow) -> events.ReferenceIndexSet:
    prices = state.indices.index_prices[window.window_id]
    trades = len(state.indices.index_trades[window.window_id])
    latest = state.reference_indexes.get(window.instrument_id)
    price_micros = None
    if trades >= state.term("index_trades_min"):
        price_micros = weighted_median(prices.items())
    carried_micros = price_micros
    if carried_micros is None and latest is not None:
        carried_micros = latest.carried_price_micros
    index = ReferenceIndex(
        instrument_id=window.instrument_id,
        window_start_us=window.start_us,
        window_end_us=window.end_us,
        price_micros=price_micros,
        trade_count=trades,
        volume_tokens=sum(prices.values()),
        status=window.step,
        method_version=METHOD_VERSION,
        set_at_us=state.now_us,
        carried_price_micros=carried_micros,
    )
    is_latest = latest is None or latest.window_start_us <= window.start_us
    step: IndexStatus = "final" if window.step == "provisional" else "forgotten"
    after = window._replace(step=step, marking_from="")
    return events.ReferenceIndexSet(index, after, index if is_latest or not latest else latest)


def _due_us(state: State, window: IndexWindow) -> int:
    return _final_us(state, window) if window.step == "final" else window.due_us


def _forgotten(state: State, window: IndexWindow) -> events.IndexInputsForgotten:
    trades = state.indices.index_trades[window.window_id]
    first = tuple(islice(trades, _FORGOTTEN_PER_EVENT))
    return events.IndexInputsForgotten(window.window_id, first, len(first) == len(trades))
