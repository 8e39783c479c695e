"""Every row of the table of endings, run through a real exchange with a scripted supplier.

A row is played as a stage that is reached and a cause that then strikes; what follows is compared
with the row itself, at the client, in the usage record and in the ledger.
"""

import asyncio
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from google.rpc.error_details_pb2 import ErrorInfo

from tests.flows.endings_page import PAGE, made, page
from tests.flows.marketplace import PROMPT_TOKENS, UNIT, Marketplace, marketplace
from tests.support.supplier import ScriptedCall, ScriptedSupplier, chat, chunk, delivery_id, serving
from thegrid.v1 import admin_pb2, delivery_pb2, members_pb2, usage_pb2
from thegrid.v1.delivery_pb2_grpc import DeliveryServiceStub
from thegrid_exchange.delivery.endings import endings
from thegrid_exchange.engine.commands import Report, Reserve, Tick

TABLE = Path(__file__).with_name("endings.toml")
ROWS: list[dict[str, Any]] = tomllib.loads(TABLE.read_text())["ending"]
SAID = "one two three"
SAID_TOKENS = 3


class Play:
    """One call on its way to an ending."""

    def __init__(self, market: Marketplace, supplier: ScriptedSupplier, stage: str) -> None:
        self.market, self.supplier, self.stage = market, supplier, stage
        self.number = 0
        self.delivery_id = ""
        self.call: ScriptedCall | None = None
        self.blocker: ScriptedCall | None = None
        self.said_tokens = 0

    async def reach(self, **request: Any) -> None:
        """Bring the call to its stage."""
        secret = self.market.consumer.secret
        request.setdefault("max_tokens", 1_000)
        if self.stage == "admitted":
            await self._block()
        self.delivery_id = delivery_id()
        window_bytes = request.pop("window_bytes", 1_000_000)
        self.number, self.call = await self.market.session.open(
            secret, chat(**request), delivery_id=self.delivery_id, window_bytes=window_bytes
        )
        if self.stage == "admitted":
            await self._wait_for_room()
            return
        await self.supplier.handed(1)
        if self.stage in ("accepted", "streaming"):
            await self.supplier.say(1, chunk(role="assistant"))
        if self.stage == "accepted":
            await self._until(lambda: self._attempt().accepted)
        if self.stage == "streaming":
            await self.say(SAID, SAID_TOKENS)

    async def say(self, text: str, tokens: int) -> None:
        assert self.call is not None
        call, before = self.call, len(self.call.events)
        await self.supplier.say(1, chunk(text))
        self.said_tokens += tokens
        await call.until(lambda: len(call.events) > before)

    async def _block(self) -> None:
        """Take the supplier's only slot with a call of the same member."""
        _, self.blocker = await self.market.session.open(self.market.consumer.secret)
        await self.supplier.handed(1)

    async def _wait_for_room(self) -> None:
        room = self.market.exchange.running.services.relay.suppliers.room
        await self._until(lambda: room.waiting("ins_text-prime") == 1)

    async def free(self) -> None:
        """Let the blocking call end."""
        await self.supplier.answer(1)

    def _attempt(self) -> Any:
        relay = self.market.exchange.running.services.relay
        (link,) = relay.suppliers.links()
        return link.attempts[1]

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.002)


# ---- causes ------------------------------------------------------------------------------------


async def completed(play: Play) -> None:
    await play.supplier.say(1, chunk(finish="stop"))
    await play.supplier.end(1, prompt_tokens=9, completion_tokens=3)


async def cut_at_cap(play: Play) -> None:
    await play.supplier.say(1, chunk(" four five six seven eight"))
    play.said_tokens = 5


async def extension_refused(play: Play) -> None:
    await play.supplier.say(1, chunk(" word" * 700))
    play.said_tokens = 1_000
    await play.supplier.say(1, chunk(" word" * 700))


async def too_slow(play: Play) -> None:
    play.market.exchange.clock.advance(30_000_000)
    await play.say(" word" * 100, 100)
    await completed(play)


async def client_left(play: Play) -> None:
    await play.market.session.cancel(play.number)


async def session_lost(play: Play) -> None:
    play.market.session.lose()


async def key_revoked(play: Play) -> None:
    consumer = play.market.consumer
    await consumer.members.RevokeKey(
        members_pb2.RevokeKeyRequest(
            request_id=play.market.exchange.request_id(),
            key_id=consumer.secret.partition(".")[0],
        )
    )
    secret = await play.market.exchange.create_key(consumer.member_id, ("TRADE_READ",))
    consumer.secret = secret


async def cancelled(play: Play) -> None:
    stub = play.market.exchange.stub(DeliveryServiceStub, play.market.consumer.secret)
    answer = await stub.CancelDelivery(delivery_pb2.CancelDeliveryRequest(id=play.delivery_id))
    assert answer.usage_id == "usg_" + play.delivery_id.removeprefix("dlv_")


async def supplier_refused(play: Play) -> None:
    await play.supplier.fail(1, "REFUSED")


async def supplier_failed(play: Play) -> None:
    await play.supplier.fail(1, "FAILED")


async def client_fault(play: Play) -> None:
    await play.supplier.fail(1, "CLIENT_FAULT", "your schema is wrong")


async def protocol_broken(play: Play) -> None:
    await play.supplier.end(1)


async def supplier_lost(play: Play) -> None:
    play.supplier.lose()


async def no_supplier(play: Play) -> None:
    """The last one that could serve leaves in good order while the call waits."""
    await play.supplier.send(draining=True)


async def saturated(play: Play) -> None:
    assert play.blocker is not None
    await play.supplier.say(1, chunk("busy"))
    await play.blocker.until(lambda: "reply" in play.blocker.kinds)
    play.market.exchange.clock.advance(play_wait_us(play))


async def supplier_silent(play: Play) -> None:
    play.market.exchange.clock.advance(60_000_000)


async def client_silent(play: Play) -> None:
    """The client's window is closed by what it has seen, and more has come."""
    await play.supplier.say(1, chunk(" four five"))
    await play._until(lambda: play._attempt()._host._answer.kept_waiting_us() == 0)
    await play._until(lambda: bool(play._attempt()._host._answer._queue))
    for _ in range(5):
        play.market.exchange.clock.advance(59_000_000)
        await play.supplier.say(1, chunk(" more"))
        await asyncio.sleep(0.01)
    play.market.exchange.clock.advance(5_000_000)


async def first_token_late(play: Play) -> None:
    play.market.exchange.clock.advance(2_000_000)


async def reservation_ended(play: Play) -> None:
    """The reservation was made to end before anything else does."""
    play.market.exchange.clock.advance(900_000)


async def report_lost(play: Play) -> None:
    """The Tick comes first; what the relay reports afterwards moves nothing."""
    if play.stage == "streaming":
        await play.say(" word" * 700, 700)
        reserved = play.market.exchange.running.services.live.state.reservations
        await play._until(lambda: reserved[play.delivery_id].marked_tokens > 0)
    play.market.exchange.clock.advance(700_000_000)
    await play.market.exchange.running.services.sequencer.submit(Tick(), actor="test")


async def drained(play: Play) -> None:
    relay = play.market.exchange.running.services.relay
    await relay.drain(0)


def play_wait_us(play: Play) -> int:
    return int(play.market.exchange.running.services.relay.limits.wait_us)


CAUSES: dict[str, Callable[[Play], Awaitable[None]]] = {
    each.__name__: each
    for each in (
        completed, cut_at_cap, extension_refused, too_slow, client_left, session_lost, key_revoked,
        cancelled,
        supplier_refused, supplier_failed, client_fault, protocol_broken, supplier_lost,
        no_supplier, saturated, supplier_silent, client_silent, first_token_late,
        reservation_ended, report_lost, drained,
    )
}  # fmt: skip


# ---- the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['stage']}-{row['cause']}" for row in ROWS])
async def test_ending(row: dict[str, Any], tmp_path: Path) -> None:
    async with marketplace(tmp_path) as market:
        slots = 1 if row["stage"] == "admitted" else 8
        async with serving(market.exchange, market.suppliers[0], slots=slots) as supplier:
            play = Play(market, supplier, row["stage"])
            await _prepare(market, row)
            await play.reach(**_request(row))
            await CAUSES[row["cause"]](play)
            await _compare(play, row)
        await market.check()


def _request(row: dict[str, Any]) -> dict[str, Any]:
    special: dict[str, dict[str, Any]] = {
        "cut_at_cap": {"max_tokens": 5},
        "extension_refused": {"max_tokens": 2_000},
        "report_lost": {"max_tokens": 2_000},
        "client_silent": {"window_bytes": chunk(role="assistant").ByteSize() + 1},
    }
    return special.get(row["cause"], {})


async def _prepare(market: Marketplace, row: dict[str, Any]) -> None:
    """Policy under which the row can happen within the test's moves of the clock."""
    changes: dict[str, int] = {}
    if row["cause"] == "report_lost":
        changes["reserve_step_tokens"] = 1_000
    if row["cause"] == "extension_refused":
        # A Lot of one Unit holds one step of 999,000 tokens and no second one.
        changes["reserve_step_tokens"] = 1_000
    if row["cause"] == "reservation_ended":
        changes["reservation_window_us"] = 1_000_000
    if changes:
        await _policy(market, changes)
    if row["cause"] == "extension_refused":
        await _use_up(market)


async def _policy(market: Marketplace, changes: dict[str, int]) -> None:
    await market.exchange.admin.SetPolicy(
        admin_pb2.SetPolicyRequest(
            request_id=market.exchange.request_id(),
            changes=[
                admin_pb2.PolicyValue(name=name, value=value) for name, value in changes.items()
            ],
        )
    )


async def _use_up(market: Marketplace) -> None:
    """Leave the consumer too little for a second step, by reservations that stay open."""
    sequencer = market.exchange.running.services.sequencer
    await _policy(market, {"reserve_step_tokens": 1_000_000})
    left = UNIT - PROMPT_TOKENS - 1_000 - 100
    number = 0
    while left > 0:
        number += 1
        output = min(left - 1, 120_000)
        command = Reserve(
            f"dlv_{'z' * 24}{number:02d}", market.consumer.member_id, "key_x", "ins_text-prime",
            1, output, 1,
        )  # fmt: skip
        await sequencer.submit(command, actor="test")
        left -= output + 1
        if left <= 1:
            break
    await _policy(market, {"reserve_step_tokens": 1_000})


async def _release(market: Marketplace) -> None:
    state = market.exchange.running.services.live.state
    for reserved in [each for each in state.reservations if each.startswith("dlv_zzz")]:
        await market.exchange.running.services.sequencer.submit(
            Report(reserved, "client_fault", 0), actor="test"
        )


async def _compare(play: Play, row: dict[str, Any]) -> None:
    assert play.call is not None
    call, market = play.call, play.market
    if row["client_sees"] != "nothing":
        last = await call.done()
        if row["client_sees"] == "ended":
            assert call.kinds[-1] == "ended", last
        else:
            assert _reason(last.failed.status) == row["client_sees"], last
    state = market.exchange.running.services.live.state
    await play._until(lambda: play.delivery_id in state.closed_deliveries)
    usage = await market.usage(play.delivery_id)
    assert (usage.stage, usage.cause) == (row["stage"], row["cause"])
    assert usage.verdict == usage_pb2.Verdict.Value(f"VERDICT_{row['verdict'].upper()}")
    billed = {
        "nothing": 0,
        "prompt": PROMPT_TOKENS,
        "delivered": PROMPT_TOKENS + play.said_tokens,
        "marked": PROMPT_TOKENS + play.said_tokens,
    }[row["billed"]]
    assert usage.billed_tokens == billed
    assert (usage.status == usage_pb2.USAGE_STATUS_FINAL) == (row["record"] == "final")
    if row["client_sees"] == "ended":
        shown = call.last.ended.reply.usage
        assert shown.total_tokens == billed
        assert call.last.ended.usage == usage
        assert all(choice.finish_reason for choice in call.last.ended.reply.choices)
    assert not any(c.finish_reason for e in call.events for c in e.reply.choices)
    await _free_all(play, row)
    balance = await market.balance()
    assert balance.consumed_tokens - play_blocked_tokens(play) == billed
    assert balance.lot_tokens + balance.consumed_tokens == UNIT


def play_blocked_tokens(play: Play) -> int:
    """What the call that took the only slot was billed."""
    if play.blocker is None or not play.blocker.events:
        return 0
    last = play.blocker.last
    usage = last.ended.usage if last.WhichOneof("event") == "ended" else last.failed.usage
    return int(usage.billed_tokens)


async def _free_all(play: Play, row: dict[str, Any]) -> None:
    await _release(play.market)
    is_gone = row["cause"] in ("session_lost", "key_revoked", "drained")
    if play.blocker is not None and not is_gone and not play.blocker.over.is_set():
        await play.free()
        await play.blocker.done()


def _reason(status: Any) -> str:
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    return info.reason


def test_every_stage_and_cause_is_described_and_published() -> None:
    table = tomllib.loads(TABLE.read_text())
    assert {row["stage"] for row in ROWS} == set(table["stages"])
    assert {row["cause"] for row in ROWS} == set(table["causes"])
    assert PAGE.read_text() == made(), "the page is stale; run make proto"
    planted = {**table, "ending": [{**ROWS[0], "billed": "delivered"}, *ROWS[1:]]}
    assert page(planted) != made()


def test_the_table_is_the_one_that_the_relay_reads() -> None:
    keys = {(row["stage"], row["cause"]) for row in ROWS}
    assert keys == set(endings())
    assert {cause for _, cause in keys} == set(CAUSES)
