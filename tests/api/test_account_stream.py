"""The private stream over real gRPC: snapshot, every event in order, resume, ends."""

import asyncio
from typing import Any

import grpc
import pytest

from tests.support.exchange import SYMBOL, Exchange, Participant, running_exchange
from tests.support.refusals import refusal_of, refused
from thegrid.v1 import accounts_pb2, members_pb2


class Followed:
    """A reader that checks that sequences are contiguous."""

    def __init__(self, member: Participant, resume_token: str = "", last: int = -1) -> None:
        request = accounts_pb2.StreamAccountRequest(resume_token=resume_token)
        self.call = member.accounts.StreamAccount(request)
        self.last, self.events = last, list[accounts_pb2.AccountEvent]()

    async def next(self) -> list[accounts_pb2.AccountEvent]:
        frame = await asyncio.wait_for(self.call.read(), 5)
        for event in frame.events:
            if event.WhichOneof("payload") not in ("snapshot", "heartbeat", "stream_end"):
                assert event.sequence == self.last + 1
            self.last = event.sequence
        self.events += frame.events
        return list(frame.events)

    async def until(self, kind: str) -> accounts_pb2.AccountEvent:
        while True:
            for event in await self.next():
                if event.HasField(kind):  # type: ignore[arg-type]
                    return event


async def test_everything_that_happens_to_a_member_comes_in_order(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    stream = Followed(buyer)
    [first] = await stream.next()
    assert first.snapshot.cash.available_micros == 10_000_000_000
    await exchange.sell_issuance(supplier, 5, 1_000_000)
    placed = await exchange.place(buyer, side="buy", quantity_units=2, price_micros=1_000_000)
    made = await buyer.accounts.CreateTransfer(
        accounts_pb2.CreateTransferRequest(request_id="t", instrument=SYMBOL, quantity_units=1)
    )
    lot = await stream.until("lot")
    kinds = [event.WhichOneof("payload") for event in stream.events]
    assert kinds == ["snapshot", "order", "fill", "cash", "units", "units", "transfer", "lot"]
    assert stream.events[1].order == placed.order
    assert stream.events[2].fill == placed.fills[0]
    assert lot.lot == made.lot
    again = Followed(buyer)
    [picture] = await again.next()
    assert picture.sequence == stream.last
    assert [each.lot_id for each in picture.snapshot.lots] == [made.lot.lot_id]
    assert picture.snapshot.units[0].trading_tokens == 1_000_000


async def test_a_reader_that_was_away_gets_all_it_missed_by_its_token(
    exchange: Exchange, buyer: Participant
) -> None:
    stream = Followed(buyer)
    [first] = await stream.next()
    stream.call.cancel()
    for _ in range(3):
        await exchange.place(buyer, side="buy", quantity_units=1, price_micros=1_000)
    again = Followed(buyer, first.resume_token, first.sequence)
    while again.last < first.sequence + 6:
        await again.next()
    kinds = [event.WhichOneof("payload") for event in again.events]
    assert kinds == ["order", "cash"] * 3


async def test_tokens_of_others_and_tokens_too_old_are_refused(
    exchange: Exchange, buyer: Participant, tmp_path: Any
) -> None:
    other = await exchange.create_member("other")
    stream = Followed(other)
    [first] = await stream.next()
    for token in (first.resume_token, "nonsense", "ü"):
        request = accounts_pb2.StreamAccountRequest(resume_token=token)
        answer = await refused(buyer.accounts.StreamAccount(request).read())
        assert (answer.reason, list(answer.fields)) == ("RESUME_TOKEN_INVALID", ["resume_token"])


async def test_sequences_go_on_after_a_restart(tmp_path: Any) -> None:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        buyer = await exchange.create_member("buyer", deposit_micros=10**9)
        stream = Followed(buyer)
        await stream.next()
        await exchange.place(buyer, side="buy", quantity_units=1, price_micros=1_000)
        event = await stream.until("cash")
        clock = exchange.clock
    async with running_exchange(tmp_path, clock=clock) as exchange:
        buyer = Participant(buyer.member_id, buyer.secret, exchange)
        again = Followed(buyer, event.resume_token, event.sequence)
        await exchange.place(buyer, side="buy", quantity_units=1, price_micros=1_000)
        await again.until("order")
        assert again.events[0].sequence == event.sequence + 1


async def test_a_revoked_key_ends_its_stream(exchange: Exchange, buyer: Participant) -> None:
    stream = Followed(buyer)
    await stream.next()
    key_id = buyer.secret.partition(".")[0]
    await buyer.members.RevokeKey(members_pb2.RevokeKeyRequest(request_id="r", key_id=key_id))
    event = await stream.until("stream_end")
    ended = refusal_of(event.stream_end.status, grpc.StatusCode.OK)
    assert ended.reason == "KEY_REVOKED"


async def test_a_key_whose_time_passes_ends_its_stream_within_a_second(
    exchange: Exchange, buyer: Participant
) -> None:
    expire = exchange.clock.now_us() // 1_000_000 + 60
    made = await buyer.members.CreateKey(
        members_pb2.CreateKeyRequest(request_id="k", scopes=[1], expire_time={"seconds": expire})
    )
    stream = Followed(Participant(buyer.member_id, made.secret, exchange))
    await stream.next()
    await exchange.advance(59_000_000)
    await exchange.advance(1_000_000)
    event = await stream.until("stream_end")
    ended = refusal_of(event.stream_end.status, grpc.StatusCode.OK)
    assert ended.reason == "KEY_EXPIRED"


@pytest.mark.parametrize("what", ["lot"])
async def test_a_lot_that_expires_is_shown_closed(
    exchange: Exchange, supplier: Participant, buyer: Participant, what: str
) -> None:
    await exchange.sell_issuance(supplier, 1, 1_000_000)
    await exchange.place(
        buyer, side="buy", quantity_units=1, price_micros=1_000_000, auto_transfer=True
    )
    stream = Followed(buyer)
    [first] = await stream.next()
    assert len(first.snapshot.lots) == 1
    await exchange.advance(4 * 3_600_000_000)
    lot = (await stream.until(what)).lot
    assert (lot.free_tokens, lot.expired_tokens) == (0, 1_000_000)
    assert lot.parcels[0].ended_tokens == 1_000_000
