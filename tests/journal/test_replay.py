"""Private events made again from the journal, against those that a log kept since they happened."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.exchange import Exchange, running_exchange
from tests.support.market import START_US
from tests.support.until import until
from tests.support.world import World
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.engine import events
from thegrid_exchange.journal.protocol import StoredRow
from thegrid_exchange.replay import SLICE_ROWS, OutOfReach, Place, ReplayLimits
from thegrid_exchange.views import touched
from thegrid_exchange.views.feed import Entry
from thegrid_exchange.views.part import TESTS, Part

MEMBERS = [f"mem_{number:012d}" for number in range(1, 6)]
Kept = defaultdict[str, list[Entry]]


def listen(exchange: Exchange) -> dict[str, Any]:
    """Have a log of every member kept."""
    live = exchange.running.services.live
    return {member_id: live.account_log(member_id) for member_id in MEMBERS}


async def live_on(exchange: Exchange, world: World, kept: Kept, count: int) -> None:
    """Send random commands, and keep every private event as it was published."""
    sequencer, logs = exchange.running.services.sequencer, listen(exchange)
    ends = {member_id: log.end for member_id, log in logs.items()}
    for _ in range(count):
        command, at_us = world.next(sequencer.state)
        exchange.clock.advance(max(0, at_us - exchange.clock.now_us()))
        await sequencer.submit(command, actor="world")
    for member_id, log in logs.items():
        kept[member_id] += [log.at(place) for place in range(ends[member_id], log.end)]


async def past(exchange: Exchange, member_id: str, place: Place) -> list[Entry]:
    found = await exchange.running.services.replayer.after(member_id, place)
    taken = []
    while found:
        taken += found.take(100)
    return taken


def a_world(folder: Path, clock: ManualClock, **settings: Any) -> Any:
    return running_exchange(
        folder, clock=clock, outages=True, subscriber_queue_messages=100_000, **settings
    )


@asynccontextmanager
async def lived(folder: Path, seed: int) -> AsyncIterator[tuple[Exchange, Kept]]:
    """An exchange on which eighty random things have happened."""
    world, kept = World(seed), Kept(list)
    async with a_world(folder, ManualClock(START_US)) as exchange:
        for command in world.opening():
            await exchange.running.services.sequencer.submit(command, actor="world")
        await live_on(exchange, world, kept, 80)
        yield exchange, kept


def first_of(kept: Kept) -> tuple[str, list[Entry], Place]:
    """A member, all its events, and the place of the first of them."""
    member_id, entries = next(iter(kept.items()))
    return member_id, entries, place_of(entries[0])


def place_of(entry: Entry) -> Place:
    return Place(entry.sequence, entry.content.row_seq)


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_is_made_again_is_what_was_published(tmp_path: Path, seed: int) -> None:
    world, kept, clock = World(seed), Kept(list), ManualClock(START_US)
    async with a_world(tmp_path, clock, snapshot_rows=150) as exchange:
        for command in world.opening():
            await exchange.running.services.sequencer.submit(command, actor="world")
        await live_on(exchange, world, kept, 400)
    async with a_world(tmp_path, clock, snapshot_rows=150) as exchange:
        await live_on(exchange, world, kept, 200)
        assert len(await exchange.running.services.sequencer._journal.snapshots()) > 1
        every = [entry for entries in kept.values() for entry in entries]
        kinds = {entry.content.kind for entry in every}
        every_life = {"order", "fill", "cash", "units", "transfer", "lot", "usage", "notice"}
        assert every_life <= kinds <= every_life | {"dispute", "late_report"}
        assert any(e.content.record.outage_us for e in every if e.content.kind == "lot")
        for member_id, entries in kept.items():
            numbers = [entry.sequence for entry in entries]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            for at in (*world.random.sample(range(len(entries)), 8), 0, len(entries) - 1):
                got = await past(exchange, member_id, place_of(entries[at]))
                assert got == entries[at + 1 :]


async def test_readers_who_wait_together_share_one_reading(tmp_path: Path) -> None:
    async with lived(tmp_path, 3) as (exchange, kept):
        replayer, readings = exchange.running.services.replayer, []
        replay = replayer._replay

        async def counted(group: list[Any]) -> None:
            if not readings:  # the first reading begins when everybody waits
                await until(lambda: len(group) + len(replayer._waiting) == len(firsts))
            readings.append(sorted(wanted.member_id for wanted in group))
            await replay(group)

        replayer._replay = counted
        firsts = {member_id: entries[0] for member_id, entries in kept.items() if entries}
        assert len(firsts) > 1
        got = await asyncio.gather(
            *(past(exchange, member_id, place_of(first)) for member_id, first in firsts.items())
        )
        assert got == [kept[member_id][1:] for member_id in firsts]
        assert sum(map(len, readings)) == len(firsts)
        assert len(readings) < len(firsts)


async def test_what_would_cost_too_much_is_refused_by_the_name_of_the_limit(tmp_path: Path) -> None:
    async with lived(tmp_path, 4) as (exchange, kept):
        replayer, head = exchange.running.services.replayer, exchange.running.services.live.durable
        member_id, entries, place = first_of(kept)
        for limits, said in (
            (ReplayLimits(head.seq - 1, 1_000), rf"{head.seq} rows .*GRID_RESUME_ROWS"),
            (ReplayLimits(1_000, 1), "GRID_RESUME_EVENTS"),
        ):
            replayer._limits = limits
            with pytest.raises(OutOfReach, match=said):
                await past(exchange, member_id, place)
        replayer._limits = ReplayLimits(head.seq, entries[-1].sequence)
        assert await past(exchange, member_id, place) == entries[1:]
        for wrong, said in (
            (Place(entries[-1].sequence + 1, head.seq), "newer"),
            (place._replace(row_seq=head.seq + 1), "newer"),
            (place._replace(row_seq=head.seq), "does not fit"),
            (Place(0, place.row_seq), "does not fit"),
        ):
            with pytest.raises(OutOfReach, match=said):
                await past(exchange, member_id, wrong)


async def test_a_member_holds_one_past_at_a_time(tmp_path: Path) -> None:
    async with lived(tmp_path, 5) as (exchange, kept):
        replayer = exchange.running.services.replayer
        member_id, entries, place = first_of(kept)
        first = await replayer.after(member_id, place)
        second = asyncio.create_task(replayer.after(member_id, place))
        await asyncio.sleep(0.05)
        assert not second.done()
        first.close()
        assert len(await second) == len(entries) - 1


async def test_a_reading_that_nobody_waits_for_ends(tmp_path: Path) -> None:
    async with lived(tmp_path, 5) as (exchange, kept):
        replayer = exchange.running.services.replayer
        member_id, entries, place = first_of(kept)
        begun, go, rows = asyncio.Event(), asyncio.Event(), list[int]()
        begin, take = replayer._begin, replayer._take

        async def held(*arguments: Any) -> int:
            begun.set()
            await go.wait()
            return await begin(*arguments)

        def counted(stored: StoredRow, *arguments: Any) -> None:
            rows.append(stored.seq)
            take(stored, *arguments)

        replayer._begin, replayer._take = held, counted
        gone = asyncio.create_task(replayer.after(member_id, place))
        await begun.wait()
        running = replayer._running
        gone.cancel()
        go.set()
        await asyncio.gather(gone, running, return_exceptions=True)
        assert len(rows) == SLICE_ROWS < exchange.running.services.live.durable.seq
        assert await past(exchange, member_id, place) == entries[1:]


def test_a_part_looks_at_every_event_that_touches_a_member() -> None:
    public = {
        events.MarketStateChanged,
        events.SweepStarted,
        events.SweepFinished,
        events.InstrumentDefined,
        events.MarketPolicyChanged,
        events.AuctionOpened,
        events.AuctionChanged,
        events.AuctionClosed,
        events.ReferenceIndexSet,
    }
    assert set(touched._NOTES) - public == set(TESTS) - {events.OutageRecorded}


async def test_an_event_that_a_part_overlooks_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lived(tmp_path, 4) as (exchange, kept):
        member_id, _, place = first_of(kept)
        monkeypatch.setitem(TESTS, events.Posted, lambda part, event: False)
        with pytest.raises(OutOfReach, match="does not fit"):
            await past(exchange, member_id, place)
    assert Part(("mem",)).pick(()) == []
