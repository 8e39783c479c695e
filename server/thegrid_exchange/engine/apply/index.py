"""What events of reference indexes write.

As in the whole of this package, nothing is decided or worked out here.
"""

from collections.abc import Callable
from typing import Any, Final

from thegrid_exchange.engine import events
from thegrid_exchange.engine.state import State


def _inputs_set(state: State, event: events.IndexInputsSet) -> None:
    if event.window is not None:
        state.put("index_windows", event.window.window_id, event.window)
    for each in event.inputs:
        state.put("index_inputs", (each.window_id, each.trade_id), each)


def _index_set(state: State, event: events.ReferenceIndexSet) -> None:
    state.put("index_windows", event.window.window_id, event.window)
    state.put("reference_indexes", event.latest.instrument_id, event.latest)


def _inputs_forgotten(state: State, event: events.IndexInputsForgotten) -> None:
    for trade_id in event.trade_ids:
        state.delete("index_inputs", (event.window_id, trade_id))
    if event.is_last:
        state.delete("index_windows", event.window_id)


APPLIERS: Final[dict[type[Any], Callable[[State, Any], None]]] = {
    events.IndexInputsSet: _inputs_set,
    events.ReferenceIndexSet: _index_set,
    events.IndexInputsForgotten: _inputs_forgotten,
}
