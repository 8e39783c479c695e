"""The life of the process around the core: belief in the clock, quiet memory, and the hard stop.
Which parts run, and in which order they start and end, stands in `app`.
"""

import gc
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from thegrid_exchange.clock import Clock

log = logging.getLogger(__name__)

FAULT_EXIT = 3
"""Exit code of a process that stopped because memory and disk may no longer agree."""


class ClockUnbelievable(Exception):
    """The machine's clock and the journal disagree too much to start without an operator."""


def fail_stop(reason: str) -> None:
    """End the process at once: going on could show something that a restart takes back."""
    log.critical("stopped: %s; start the exchange again, it recovers from its journal", reason)
    logging.shutdown()
    os._exit(FAULT_EXIT)


def require_believable_clock(
    clock: Clock, last_stamp_us: int, *, max_jump_us: int, is_accepted: bool
) -> None:
    """Raise ClockUnbelievable when the clock is too far from the last row, either way.

    A clock set years ahead would expire everything at once, and stamps never go back. The operator
    sets the clock right, or says that this time is true.
    """
    step_us = clock.now_us() - last_stamp_us
    if not last_stamp_us or abs(step_us) <= max_jump_us:
        return
    way = "after" if step_us > 0 else "before"
    message = f"the clock stands {abs(step_us) // 1_000_000} s {way} the journal's last row"
    if not is_accepted:
        raise ClockUnbelievable(
            f"{message}; set the clock right, or start with --accept-clock-jump "
            "(GRID_ACCEPT_CLOCK_JUMP=true) if it is"
        )
    log.warning("%s, accepted by the operator", message)


@contextmanager
def without_collector() -> Iterator[None]:
    """Build what will stay without the collector looking through it again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def settle_memory() -> None:
    """Tell the garbage collector that what is here now will stay.

    The state is millions of small records without cycles; walking them again and again would stop
    the loop for a tenth of a second and free nothing. It costs no time, so that each snapshot may
    repeat it; the little cyclic waste that it keeps is the price.
    """
    gc.freeze()
    gc.set_threshold(5_000, 10, 50)
