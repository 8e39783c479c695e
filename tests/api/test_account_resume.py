"""The private stream resumed from behind what is kept: across a restart, and beyond the log."""

import asyncio
import base64
import itertools
from pathlib import Path

import pytest

from tests.api.test_account_stream import Followed
from tests.support.exchange import HOUR_US, SYMBOL, Exchange, Participant, running_exchange
from tests.support.refusals import refused
from thegrid.v1 import accounts_pb2, trading_pb2
from thegrid_exchange.engine.commands import Report, Reserve
from thegrid_exchange.engine.records import TokenCounts

PRICE = 1_000_000
KINDS = {"order", "fill", "cash", "units", "transfer", "lot", "usage"}
SMALL = {"subscriber_queue_messages": 16}
"""A log keeps eight times as many events."""


async def a_life(exchange: Exchange, supplier: Participant, buyer: Participant) -> None:
    """Everything that a private stream can tell of."""
    await exchange.sell_issuance(supplier, 5, PRICE)
    held = await exchange.place(buyer, side="buy", quantity_units=2, price_micros=PRICE // 2)
    await buyer.trading.AmendOrder(
        trading_pb2.AmendOrderRequest(
            request_id=exchange.request_id(),
            order=trading_pb2.OrderRef(order_id=held.order.order_id),
            quantity_units=1,
        )
    )
    await exchange.place(
        buyer, side="buy", quantity_units=2, price_micros=PRICE, auto_transfer=True
    )
    await exchange.place(buyer, side="buy", quantity_units=1, price_micros=PRICE)
    await deliver(exchange, buyer)


async def deliver(exchange: Exchange, buyer: Participant) -> None:
    """One call that uses tokens of the buyer's Lot."""
    sequencer = exchange.running.services.sequencer
    delivery_id = f"dlv_{exchange.request_id():0>26}"
    instrument_id, key_id = f"ins_{SYMBOL}", buyer.secret.partition(".")[0]
    reserve = Reserve(delivery_id, buyer.member_id, key_id, instrument_id, 1_000, 2_000)
    await sequencer.submit(reserve, actor="test")
    counts = TokenCounts(1_000, 500)
    report = Report(delivery_id, "in_spec", 1_500, canonical=counts, by_supplier=counts)
    await sequencer.submit(report, actor="test")


async def trade(exchange: Exchange, supplier: Participant, buyer: Participant, times: int) -> None:
    for _ in range(times):
        await exchange.sell_issuance(supplier, 1, PRICE)
        await exchange.place(buyer, side="buy", quantity_units=1, price_micros=PRICE)


async def read_to(stream: Followed, sequence: int) -> list[accounts_pb2.AccountEvent]:
    """Read until an event of this number, and answer all that really happened."""
    while stream.last < sequence:
        await stream.next()
    return [event for event in stream.events if event.WhichOneof("payload") in KINDS]


def last_of(exchange: Exchange, member: Participant) -> int:
    return exchange.running.services.live.totals[member.member_id]


def again(exchange: Exchange, member: Participant) -> Participant:
    """The same member in the exchange's next life."""
    return Participant(member.member_id, member.secret, exchange)


@pytest.mark.parametrize("snapshot_rows", [0, 7])
async def test_nothing_is_lost_or_changed_by_a_restart(tmp_path: Path, snapshot_rows: int) -> None:
    async with running_exchange(tmp_path, snapshot_rows=snapshot_rows) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier(issue_units=100)
        buyer = await exchange.create_member("buyer", deposit_micros=10**9)
        whole = Followed(buyer)
        [first] = await whole.next()
        await a_life(exchange, supplier, buyer)
        seen = await read_to(whole, last_of(exchange, buyer))
        assert {event.WhichOneof("payload") for event in seen} == KINDS
        await exchange.sell_issuance(supplier, 1, PRICE)
        await exchange.place(buyer, side="buy", quantity_units=1, price_micros=PRICE)
        everything = await read_to(whole, last_of(exchange, buyer))
        clock, unseen = exchange.clock, everything[len(seen) :]
    assert unseen
    async with running_exchange(tmp_path, clock=clock) as exchange:
        exchange._numbers = itertools.count(1_000)
        supplier, buyer = again(exchange, supplier), again(exchange, buyer)
        for place, event in enumerate([first, *everything[:-1]]):
            stream = Followed(buyer, event.resume_token, event.sequence)
            assert await read_to(stream, everything[-1].sequence) == everything[place:]
            stream.call.cancel()
        stream = Followed(buyer, seen[-1].resume_token, seen[-1].sequence)
        await asyncio.gather(stream.next(), trade(exchange, supplier, buyer, 3))
        await exchange.advance(4 * HOUR_US)
        got = await read_to(stream, last_of(exchange, buyer))
        assert got[: len(unseen)] == unseen
        assert len(got) > len(unseen) + 3
        beside = Followed(buyer, first.resume_token, first.sequence)
        assert await read_to(beside, got[-1].sequence) == [*seen, *got]


async def test_what_lies_far_behind_the_log_comes_whole_and_then_goes_on(tmp_path: Path) -> None:
    async with running_exchange(tmp_path, **SMALL) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier(issue_units=1_000)
        buyer = await exchange.create_member("buyer", deposit_micros=10**12)
        [first] = await Followed(buyer).next()
        await trade(exchange, supplier, buyer, 200)
        log = exchange.running.services.live.account_log(buyer.member_id)
        assert log.entries[0].sequence > first.sequence + 500
        stream = Followed(buyer, first.resume_token, first.sequence)
        await asyncio.gather(stream.next(), trade(exchange, supplier, buyer, 20))
        events = await read_to(stream, last_of(exchange, buyer))
        fills = [event.fill.trade_id for event in events if event.HasField("fill")]
        listed = await buyer.trading.ListFills(trading_pb2.ListFillsRequest(page_size=1_000))
        assert fills == [fill.trade_id for fill in listed.fills][::-1]
        assert len(fills) == 220


async def test_a_heartbeats_token_is_good_after_a_restart_too(tmp_path: Path) -> None:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier(issue_units=100)
        buyer = await exchange.create_member("buyer", deposit_micros=10**9)
        stream = Followed(buyer)
        await stream.next()
        reading = asyncio.create_task(stream.until("heartbeat"))
        while not reading.done():
            await asyncio.sleep(0.01)
            await exchange.advance(1_000_000)
        beat = await reading
        stream.call.cancel()
        await trade(exchange, supplier, buyer, 2)
        clock, last = exchange.clock, last_of(exchange, buyer)
    async with running_exchange(tmp_path, clock=clock) as exchange:
        events = await read_to(
            Followed(again(exchange, buyer), beat.resume_token, beat.sequence), last
        )
        assert [event.sequence for event in events] == list(range(beat.sequence + 1, last + 1))


async def test_two_members_who_resume_at_once_get_each_their_own(tmp_path: Path) -> None:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier(issue_units=100)
        buyers = [await exchange.create_member(each, deposit_micros=10**9) for each in ("a", "b")]
        both = [supplier, *buyers]
        streams = [Followed(each) for each in both]
        firsts = [(await stream.next())[0] for stream in streams]
        for buyer in buyers:
            await a_life(exchange, supplier, buyer)
        wanted = [
            await read_to(stream, last_of(exchange, each))
            for stream, each in zip(streams, both, strict=True)
        ]
        clock = exchange.clock
    async with running_exchange(tmp_path, clock=clock) as exchange:
        both = [again(exchange, each) for each in both]
        streams = [
            Followed(each, first.resume_token, first.sequence)
            for each, first in zip(both, firsts, strict=True)
        ]
        got = await asyncio.gather(
            *(
                read_to(stream, events[-1].sequence)
                for stream, events in zip(streams, wanted, strict=True)
            )
        )
        assert got == wanted
        for member, first in zip(both, reversed(firsts), strict=True):
            if member is not both[1]:
                await assert_refused(member, first.resume_token, "gave no such token")


async def test_a_token_that_was_tampered_with_is_refused(
    exchange: Exchange, buyer: Participant
) -> None:
    [first] = await Followed(buyer).next()
    sealed = bytearray(base64.urlsafe_b64decode(first.resume_token + "=" * 3))
    assert bytes(sealed[12:]) == b"%d/%d" % (
        first.sequence,
        exchange.running.services.live.durable.seq,
    )
    for place in (0, 11, 12, len(sealed) - 1):
        changed = sealed.copy()
        changed[place] ^= 1
        token = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        await assert_refused(buyer, token, "gave no such token")
    vault, purpose = exchange.running.services.vault, f"account\0{buyer.member_id}"
    for payload, said in (
        (b"1", "gave no such token"),
        (b"%d/9999" % (first.sequence - 1), "newer"),
        (b"%d/1" % (first.sequence + 1), "newer"),
    ):
        await assert_refused(buyer, vault.seal(purpose, payload), said)


async def test_a_token_beyond_the_limits_is_refused_by_their_names(tmp_path: Path) -> None:
    async with running_exchange(tmp_path, **SMALL) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier(issue_units=1_000)
        buyer = await exchange.create_member("buyer", deposit_micros=10**12)
        [first] = await Followed(buyer).next()
        await trade(exchange, supplier, buyer, 60)
        clock = exchange.clock
    for setting, value in (("resume_rows", 50), ("resume_events", 100)):
        async with running_exchange(tmp_path, clock=clock, **SMALL, **{setting: value}) as exchange:
            named = f"GRID_{setting.upper()}"
            await assert_refused(again(exchange, buyer), first.resume_token, named)


async def test_a_reader_who_leaves_in_between_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with running_exchange(tmp_path, **SMALL) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier(issue_units=1_000)
        buyer = await exchange.create_member("buyer", deposit_micros=10**12)
        [first] = await Followed(buyer).next()
        await trade(exchange, supplier, buyer, 200)
        for _ in range(3):
            gone = Followed(buyer, first.resume_token, first.sequence)
            await gone.next()
            gone.call.cancel()
        stream = Followed(buyer, first.resume_token, first.sequence)
        await read_to(stream, last_of(exchange, buyer))


async def assert_refused(member: Participant, token: str, said: str) -> None:
    request = accounts_pb2.StreamAccountRequest(resume_token=token)
    answer = await refused(member.accounts.StreamAccount(request).read())
    assert (answer.reason, list(answer.fields)) == ("RESUME_TOKEN_INVALID", ["resume_token"])
    assert said in answer.message
