"""The one loop that all deadlines share: what is due is done, first things first.

What is due when, and what is then to be done, is told by whoever calls.
"""

from collections.abc import Callable

from thegrid_exchange.engine.ordered import SortedKeys
from thegrid_exchange.engine.quality_indices import Deadline
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule
from thegrid_exchange.engine.state import State


def run_due(
    state: State,
    deadlines: SortedKeys[Deadline],
    by_us: int,
    work: Callable[[str], Rule[object]],
) -> Rule[int]:
    """Do the work of everything due by an instant, as far as one Tick goes; answers how many.

    `by_us` is of the clock that the deadlines are of; the work takes its own deadline away.
    """
    done = 0
    while state.work_left() >= WORK_MARGIN:
        first = deadlines.first()
        if first is None or first[0] > by_us:
            break
        yield from work(first[1])
        done += 1
    return done
