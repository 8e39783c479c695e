"""A relay under test: real engine and sequencer behind it, scripted suppliers and clients before.
Frames and gRPC are not here; the same endings run through them in tests/flows.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.support.core import Core, start_core
from tests.support.market import SPEC
from thegrid.v1 import chat_pb2
from thegrid_exchange.api.chat import ChatEdits, part_of
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.delivery.call import Call
from thegrid_exchange.delivery.catalogue import Catalogue
from thegrid_exchange.delivery.limits import DEFAULT_LIMITS, DeliveryLimits
from thegrid_exchange.delivery.meter import Prompt, PromptText
from thegrid_exchange.delivery.parts import CallRequest, Ended, Failure, Offered, Started
from thegrid_exchange.delivery.relay import Relay
from thegrid_exchange.delivery.suppliers import Link
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.invariants import check
from thegrid_exchange.engine.records import TokenCounts, UsageRecord
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.journal.memory import MemoryJournal

INSTRUMENT = "ins_text-prime"
START_US = 1_780_000_200_000_000
DOLLAR = 1_000_000
PROMPT_TOKENS = 8
"""What `Pipe.request` comes to: `Say hello` and what the policy adds."""


class Client:
    """A client that keeps every word it hears."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.start: Started | None = None
        self.text = ""
        self.replies: list[chat_pb2.ChatReply] = []
        self.end: Ended | None = None
        self.failure: Failure | None = None
        self.usage: UsageRecord | None = None
        self.over = asyncio.Event()

    def started(self, started: Started) -> None:
        self.words.append("started")
        self.start = started

    def part(self, payload: Any) -> None:
        self.words.append("part")
        self.replies.append(payload)
        self.text += "".join(choice.delta.text for choice in payload.choices)

    def ended(self, ended: Ended) -> None:
        self.words.append("ended")
        self.end, self.usage = ended, ended.usage
        self.over.set()

    def failed(self, failure: Failure, usage: UsageRecord | None) -> None:
        self.words.append("failed")
        self.failure, self.usage = failure, usage
        self.over.set()


class Supplier:
    """A supplier's wire that keeps what it is handed, and says what the test tells it to."""

    def __init__(self, pipe: "Pipe", member_id: str, slots: int) -> None:
        self.member_id = member_id
        self._pipe = pipe
        self.link = Link(member_id, [INSTRUMENT], slots, self)
        self.opened: dict[int, Offered] = {}
        self.cancelled: dict[int, str] = {}
        self.granted: dict[int, int] = {}

    def open(self, number: int, offered: Offered) -> None:
        self.opened[number] = offered

    def grant(self, number: int, window_bytes: int) -> None:
        self.granted[number] = self.granted.get(number, 0) + window_bytes

    def cancel(self, number: int, reason: str) -> None:
        self.cancelled[number] = reason

    def release(self, number: int) -> None:
        pass

    def close(self, reason: str) -> None:
        pass

    def _attempt(self, number: int) -> Any:
        return self.link.attempts.get(number or max(self.opened))

    def say(self, text: str = "", number: int = 0, *, choice: int = 0, **more: Any) -> None:
        attempt = self._attempt(number)
        if attempt is not None:
            attempt.on_part(part_of(reply(text, choice, **more)))

    def end(self, number: int = 0, counts: TokenCounts | None = None) -> None:
        attempt = self._attempt(number)
        if attempt is not None:
            attempt.on_end(counts)

    def answer(self, text: str, number: int = 0) -> None:
        self.say(text, number)
        self.say(number=number, finish="stop")
        self.end(number)

    def fail(self, kind: Any = "failed", number: int = 0, message: str = "upstream") -> None:
        self._attempt(number).on_failure(kind, Failure("SUPPLIER_FAILED", message))

    def leave(self) -> None:
        self._pipe.relay.leave(self.link)


def reply(
    text: str = "", choice: int = 0, *, role: str = "", finish: str = "", reasoning: str = ""
) -> chat_pb2.ChatReply:
    """A chunk of an answer."""
    made = chat_pb2.ChatReply(id="chatcmpl-1", model="demo/model")
    chosen = made.choices.add(index=choice)
    chosen.delta.SetInParent()
    for name, value in (("text", text), ("role", role), ("reasoning", reasoning)):
        if value:
            setattr(chosen.delta, name, value)
    if finish:
        chosen.finish_reason = finish
    return made


class Pipe:
    """One relay with members, Lots and suppliers."""

    def __init__(self, core: Core, relay: Relay, clock: ManualClock) -> None:
        self.core, self.relay, self.clock = core, relay, clock
        self._numbers = itertools.count(1)
        self.consumer_id = ""

    @property
    def state(self) -> Any:
        return self.core.sequencer.state

    async def do(self, command: Any) -> Any:
        reply = (await self.core.submit(command)).reply
        assert not isinstance(reply, Refusal), reply
        return reply

    async def member(self, handle: str, dollars: int = 1_000, **settings: Any) -> str:
        roles = ("trader", "consumer", "supplier")
        made = await self.do(commands.CreateMember(handle, roles, **settings))
        member_id = str(made.member.member_id)
        await self.do(commands.Deposit(member_id, dollars * DOLLAR))
        return member_id

    async def supplier(
        self, handle: str, *, units: int = 100, slots: int = 64, price: int = DOLLAR, **offer: Any
    ) -> Supplier:
        """A supplier with an offer, Units on sale and a link."""
        member_id = await self.member(handle)
        await self.do(commands.AdmitSupplier(member_id, INSTRUMENT, 10_000_000))
        terms = {
            "model": f"{handle}/model",
            "quality_score": 40_000,
            "context_tokens": 200_000,
            "output_tokens": 64_000,
            "tokens_per_second": 80,
            "first_token_us": 400_000,
            "concurrent_deliveries": 1_000,
        }
        await self.do(commands.RegisterOffer(member_id, INSTRUMENT, **{**terms, **offer}))
        if units:
            await self.do(commands.IssueUnits(member_id, INSTRUMENT, units))
            await self.do(
                commands.PlaceOrder(
                    member_id, "mkt_text-prime", "sell", "limit", units, price, source="issuance"
                )
            )
        supplier = Supplier(self, member_id, slots)
        self.relay.join(supplier.link)
        return supplier

    async def lot(self, units: int, member_id: str = "") -> None:
        """Give the consumer a Lot of Units bought at the market."""
        owner_id = member_id or self.consumer_id
        await self.do(
            commands.PlaceOrder(
                owner_id, "mkt_text-prime", "buy", "market", units, time_in_force="ioc",
                auto_transfer=True,
            )
        )  # fmt: skip

    def request(self, **changes: Any) -> CallRequest:
        number = next(self._numbers)
        request = CallRequest(
            delivery_id=f"dlv_{number:026d}",
            member_id=self.consumer_id,
            key_id="key_1",
            instrument="text-prime",
            requested_model="text-prime",
            prompt=Prompt([PromptText("messages[0].content", "Say hello")], messages=1),
            fields=frozenset(),
            capabilities=frozenset(),
            choices=1,
            output_cap_tokens=1_000,
            payload=chat_pb2.ChatRequest(),
            payload_bytes=100,
            window_bytes=1_000_000,
        )
        return request._replace(**changes)

    def open(self, **changes: Any) -> tuple[Call, Client]:
        client = Client()
        call = self.relay.open(self.request(**changes), client)
        assert call is not None
        return call, client

    async def serving(self, supplier: Supplier, **changes: Any) -> tuple[Call, Client]:
        """A call that the supplier has been handed."""
        before = len(supplier.opened)
        call, client = self.open(**changes)
        await until(lambda: len(supplier.opened) > before or client.over.is_set())
        assert client.failure is None, client.failure
        return call, client

    async def settled(self) -> None:
        """Every call is over, every law holds, nothing is reserved and nothing is left behind."""
        await until(lambda: self.relay.open_calls == 0)
        check(self.state)
        assert not self.state.reservations
        relay = self.relay
        assert not relay._calls_of
        assert not any(relay.suppliers._busy.values())
        assert not relay.suppliers.waiting
        assert not any(link.attempts for link in relay.suppliers.links())
        assert not any(timer.action for _, _, timer in relay.timers._heap)

    def tokens(self, account: str) -> int:
        """Tokens on accounts of this kind, over all owners."""
        return sum(
            amount
            for (_, kind, asset), amount in self.state.balances.items()
            if kind == account and asset == INSTRUMENT
        )

    def usages(self) -> list[UsageRecord]:
        return [
            event.usage
            for row in self.core.rows
            for event in row.events
            if type(event).__name__ == "UsageRecorded"
        ]


async def turns(count: int) -> None:
    """Let the loop turn so often."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(holds: Any, turns: int = 20_000) -> None:
    """Let the loop turn until something holds; time stands still."""
    for _ in range(turns):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to hold")


@asynccontextmanager
async def running_pipe(
    limits: DeliveryLimits = DEFAULT_LIMITS, policy: Sequence[tuple[str, int]] = ()
) -> AsyncIterator[Pipe]:
    """A relay over a fresh exchange with one instrument and one consumer."""
    clock = ManualClock(START_US)
    core = await start_core(MemoryJournal(), clock)
    catalogue = Catalogue(core.sequencer.state)
    core.sequencer.subscribe(catalogue.fold)
    relay = Relay(core.sequencer, catalogue, clock, ChatEdits(), limits=limits)
    pipe = Pipe(core, relay, clock)
    await pipe.do(commands.SetPolicy((("outage_gap_us", 0), *policy)))
    await pipe.do(commands.DefineInstrument("text-prime", "Text Prime", SPEC))
    pipe.consumer_id = await pipe.member("consumer")
    await relay.start()
    try:
        yield pipe
    finally:
        await relay.drain(0)
        await core.stop()
