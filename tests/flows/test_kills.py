"""kill -9 of the whole exchange under load: all that was answered is there, and nothing twice.

Lives are short; snapshots come every few rows, and the clock of each life is set so that a sweep
falls into it, or into its start.
"""

import asyncio
import time
from pathlib import Path

import pytest

from tests.support.load import Load, verify
from tests.support.whole import Whole, free_port

SWEEP_S = 60


class Clocks:
    """Offsets for the clocks of lives: each a little before a sweep slot, later than the last."""

    def __init__(self) -> None:
        self._offset_s = 0

    def before_slot(self, margin_s: float) -> int:
        """An offset with which the next slot is `margin_s` away; never less than the last."""
        now_s = time.time()
        wanted = SWEEP_S - (now_s + self._offset_s + margin_s) % SWEEP_S
        self._offset_s += int(wanted)
        return self._offset_s


async def killed_lives(folder: Path, kills: int, seed: int) -> dict[str, int]:
    """Kill so many lives at random moments; answers what was proved in the end."""
    load, clocks, port = Load(seed), Clocks(), free_port()
    settings = {
        "snapshot_rows": 60,
        "request_horizon_s": 86_400,
        "requests_per_second_per_key": 1_000_000,
    }
    whole = await Whole.start(folder, port, **settings)
    await load.set_up(whole)
    await whole.kill()
    for number in range(kills):
        offset_s = clocks.before_slot(load.chance.choice([0.5, 1.5, 2.5]))
        whole = await Whole.spawn(folder, port, clock_offset_s=offset_s, **settings)
        if number % 5 == 4:
            await asyncio.sleep(load.chance.uniform(0.5, 1.2))  # while it recovers and sweeps
            await whole.kill()
            continue
        await whole.ready()
        await load.live(whole, load.chance.uniform(0.1, 1.6))
    offset_s = clocks.before_slot(30)
    whole = await Whole.start(folder, port, clock_offset_s=offset_s, **settings)
    proved = await load.prove(whole)
    said = await verify(whole)  # beside the running exchange
    assert " 0 snapshots" not in said
    assert await whole.stop() == 0
    await verify(whole)
    return proved


async def test_three_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    proved = await killed_lives(tmp_path / "data", kills=3, seed=11)
    assert proved["placed"] > 20
    assert proved["used"] > 3


@pytest.mark.slow
async def test_fifty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    proved = await killed_lives(tmp_path / "data", kills=50, seed=2_026)
    print(f"50 kills: {proved}")
    assert proved["placed"] > 500
    assert proved["repeated"] > 10
