"""When a supplier is able to serve an instrument: connected, not draining, not suspended.

Kept as stretches of time on the up-time clock, bounded in number; who reads them are performance
and the settling of Lots that expire.
"""

from collections.abc import Iterable

from thegrid_exchange.engine import events
from thegrid_exchange.engine.records import Ability
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.state import State

_PPM = 1_000_000


def is_able(state: State, member_id: str, instrument_id: str) -> bool:
    """Whether a supplier could be handed a call of this instrument now."""
    member, supplier = state.members.get(member_id), state.suppliers.get(member_id)
    admission = state.admissions.get((member_id, instrument_id))
    if member is None or supplier is None or admission is None:
        return False
    if member.suspended or supplier.suspended or admission.suspended:
        return False
    links = (state.supplier_links[key] for key in state.indices.links_of[member_id])
    return any(link.connected and instrument_id in link.instrument_ids for link in links)


def note_abilities(
    state: State, member_id: str, instrument_ids: Iterable[str] | None = None
) -> Rule[None]:
    """Note where a supplier became able or unable; all its instruments when none are named."""
    if instrument_ids is None:
        instrument_ids = tuple(state.indices.admissions_of[member_id])
    for instrument_id in instrument_ids:
        able = is_able(state, member_id, instrument_id)
        before = state.abilities.get((member_id, instrument_id))
        if before is None:
            if able:
                now_us = state.up_us
                fresh = Ability(member_id, instrument_id, True, now_us, now_us)
                yield events.AbilityChanged(fresh)
        elif before.is_able != able:
            yield events.AbilityChanged(_turned(state, before, able=able))


def able_us(state: State, member_id: str, instrument_id: str, from_us: int, until_us: int) -> int:
    """For how long a supplier was able between two instants of the up-time clock."""
    ability = state.abilities.get((member_id, instrument_id))
    if ability is None:
        return 0
    spans = ability.spans
    if ability.is_able:
        spans = (*spans, (ability.changed_up_us, max(until_us, ability.changed_up_us)))
    return sum(max(min(end, until_us) - max(begin, from_us), 0) for begin, end in spans)


def uptime_ppm(
    state: State, member_id: str, instrument_id: str, window_us: int, now_us: int
) -> int | None:
    """Share of a window in which a supplier was able; None before it was for the first time."""
    ability = state.abilities.get((member_id, instrument_id))
    up_us = now_us - state.outage_us
    if ability is None or up_us <= ability.first_up_us:
        return None
    from_us = max(up_us - window_us, ability.first_up_us)
    return able_us(state, member_id, instrument_id, from_us, up_us) * _PPM // (up_us - from_us)


def observed_us(state: State, member_id: str, instrument_id: str) -> int:
    """How long ago a supplier was able for the first time, outages taken off."""
    ability = state.abilities.get((member_id, instrument_id))
    return 0 if ability is None else state.up_us - ability.first_up_us


def _turned(state: State, before: Ability, *, able: bool) -> Ability:
    now_us = state.up_us
    spans = before.spans
    if before.is_able and now_us > before.changed_up_us:
        spans = (*spans, (before.changed_up_us, now_us))
    oldest_us = now_us - state.term("ability_memory_us")
    spans = tuple(span for span in spans if span[1] > oldest_us)
    while len(spans) > state.term("max_able_spans"):
        # Two old stretches become one as long as both, so that sums stay what they were.
        (begin, end), (next_begin, next_end) = spans[:2]
        spans = ((next_begin - (end - begin), next_end), *spans[2:])
    return before._replace(is_able=able, changed_up_us=now_us, spans=spans)
