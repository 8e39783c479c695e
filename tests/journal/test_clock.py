"""Clocks: the real one moves on, the manual one stands until it is moved."""

import asyncio

from thegrid_exchange.clock import ManualClock, SystemClock


async def test_the_system_clock_counts_microseconds_since_1970() -> None:
    clock = SystemClock()
    first, steady = clock.now_us(), clock.steady_us()
    await clock.sleep(1_000)
    assert first > 1_600_000_000_000_000
    assert clock.steady_us() >= steady + 1_000


async def test_sleepers_of_a_manual_clock_wake_in_the_order_they_are_due() -> None:
    clock, woken = ManualClock(), list[int]()

    async def sleeper(span_us: int) -> None:
        await clock.sleep(span_us)
        woken.append(span_us)

    tasks = [asyncio.create_task(sleeper(span_us)) for span_us in (30, 10, 20, 40)]
    await asyncio.sleep(0)
    clock.advance(30)
    for _ in range(3):
        await asyncio.sleep(0)
    assert woken == [10, 20, 30]
    clock.advance(10)
    await asyncio.gather(*tasks)
    assert woken[-1] == 40


async def test_setting_the_wall_moves_no_span() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(10))
    await asyncio.sleep(0)
    clock.set_wall(clock.now_us() + 1_000)
    await asyncio.sleep(0)
    assert not task.done()
    clock.advance(10)
    await task
