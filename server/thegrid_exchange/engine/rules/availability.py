"""When suppliers were able to serve: noting that it changes, and adding it up over a span.

Instants here are on the up-time clock: those of the journal less all outages before them.
"""

from bisect import bisect_right
from typing import Final

from thegrid_exchange.engine import events
from thegrid_exchange.engine.quantities import INT64_MAX
from thegrid_exchange.engine.records import AbleHistory
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.state import State

PPM: Final = 1_000_000


def is_able(state: State, member_id: str, instrument_id: str) -> bool:
    """Whether a supplier may and can serve now: not suspended, offering, connected."""
    key = (member_id, instrument_id)
    supplier, admission = state.suppliers.get(member_id), state.admissions.get(key)
    if supplier is None or supplier.suspended or admission is None or admission.suspended:
        return False
    if state.members[member_id].suspended:
        return False
    return key in state.offers and any(
        link.connected and instrument_id in link.instrument_ids
        for relay_id in state.indices.links_of[member_id]
        if (link := state.supplier_links[(member_id, relay_id)])
    )


def note_ability(state: State, member_id: str) -> Rule[None]:
    """Journal in which instruments a supplier's ability has just turned.

    Called by every rule that changes what `is_able` looks at.
    """
    changed = []
    for instrument_id in state.indices.admissions_of[member_id]:
        able = is_able(state, member_id, instrument_id)
        history = state.able_histories.get((member_id, instrument_id))
        if history is None and able:
            changed.append(AbleHistory(member_id, instrument_id, True, ((_now_us(state), 0),)))
        elif history is not None and history.is_able != able:
            changed.append(_turned(state, history))
    if changed:
        yield events.AbilityChanged(tuple(changed))


def able_us(state: State, member_id: str, instrument_id: str, from_us: int, until_us: int) -> int:
    """For how much of a span on the up-time clock a supplier was able to serve an instrument."""
    history = state.able_histories.get((member_id, instrument_id))
    if history is None:
        return 0
    return _able_by_us(history, until_us) - _able_by_us(history, from_us)


def uptime_ppm(
    state: State, member_id: str, instrument_id: str, window_us: int, now_us: int
) -> int | None:
    """Share of a window in which a supplier was able, of what is known of it; None of nothing.

    `now_us` is on the journal's clock.
    """
    history = state.able_histories.get((member_id, instrument_id))
    up_us = now_us - state.outage_us
    if history is None or up_us <= history.samples[0][0]:
        return None
    from_us = max(up_us - window_us, history.samples[0][0])
    able = able_us(state, member_id, instrument_id, from_us, up_us)
    return able * PPM // (up_us - from_us)


def observed_us(state: State, member_id: str, instrument_id: str) -> int:
    """How far back it is known whether a supplier was able."""
    history = state.able_histories.get((member_id, instrument_id))
    return 0 if history is None else _now_us(state) - history.samples[0][0]


def _able_by_us(history: AbleHistory, at_us: int) -> int:
    """Time able in all up to an instant; between two samples as if spread evenly."""
    samples = history.samples
    place = bisect_right(samples, (at_us, INT64_MAX))
    if place == 0:
        return samples[0][1]
    before_us, able_before_us = samples[place - 1]
    since_us = at_us - before_us
    if place == len(samples):
        return able_before_us + (since_us if history.is_able else 0)
    next_us, able_next_us = samples[place]
    return able_before_us + (able_next_us - able_before_us) * since_us // (next_us - before_us)


def _turned(state: State, history: AbleHistory) -> AbleHistory:
    now_us, samples = _now_us(state), history.samples
    if samples[-1][0] != now_us:
        samples = (*samples, (now_us, _able_by_us(history, now_us)))
    horizon_us = now_us - _remembered_us(state)
    while len(samples) > 1 and samples[1][0] <= horizon_us:
        samples = samples[1:]
    if len(samples) > state.term("availability_samples_max"):
        # Who turns this often has its oldest turns told by their sum alone.
        samples = (samples[0], *samples[2:])
    return history._replace(is_able=not history.is_able, samples=samples)


def _remembered_us(state: State) -> int:
    """As far back as an open Lot may have been minted, and as uptime is asked for."""
    terms = ("lot_window_us", "reservation_grace_us", "reservation_window_us")
    return max(sum(state.term(name) for name in terms), state.term("ability_memory_us"))


def _now_us(state: State) -> int:
    return state.now_us - state.outage_us
