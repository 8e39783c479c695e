"""Process life: the clock is believed or not, and the hard stop ends with its own exit code."""

import subprocess
import sys

import pytest

from thegrid_exchange.clock import ManualClock
from thegrid_exchange.process import ClockUnbelievable, require_believable_clock

DAY_US = 86_400_000_000


@pytest.mark.parametrize("last_stamp_us", [0, 100 * DAY_US, 94 * DAY_US, 106 * DAY_US])
def test_a_clock_near_the_last_row_is_believed(last_stamp_us: int) -> None:
    require_believable_clock(
        ManualClock(100 * DAY_US), last_stamp_us, max_jump_us=7 * DAY_US, is_accepted=False
    )


@pytest.mark.parametrize(
    ("last_stamp_us", "said"),
    [(92 * DAY_US, "691200 s after"), (108 * DAY_US, "691200 s before")],
)
def test_a_clock_far_from_the_last_row_needs_the_operator(last_stamp_us: int, said: str) -> None:
    clock = ManualClock(100 * DAY_US)
    with pytest.raises(ClockUnbelievable) as caught:
        require_believable_clock(clock, last_stamp_us, max_jump_us=7 * DAY_US, is_accepted=False)
    assert said in str(caught.value)
    assert "--accept-clock-jump" in str(caught.value)
    require_believable_clock(clock, last_stamp_us, max_jump_us=7 * DAY_US, is_accepted=True)


def test_a_fail_stop_exits_with_three_after_one_line() -> None:
    program = "from thegrid_exchange.process import fail_stop; fail_stop('the disk is full')"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 3
    assert ended.stderr.splitlines() == [
        "stopped: the disk is full; start the exchange again, it recovers from its journal"
    ]
