"""A day of a whole market on the virtual clock: suppliers, consumers, faults, kills and sweeps.

Sequencer, journal in SQLite, read models and relay are real; suppliers and clients stand in them.
What happens is drawn from a seed, and what must hold at the end is proved in `day_proof`.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.delivery.pipe import Client, Pipe, Supplier, turns
from tests.support.core import start_core
from tests.support.market import DOLLAR, HOUR, MARKET, SECOND, SPEC, START_US
from tests.support.steady_journal import Inline, SteadyJournal
from thegrid_exchange.api.chat import ChatEdits
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.delivery.catalogue import Catalogue
from thegrid_exchange.delivery.parts import Offered
from thegrid_exchange.delivery.relay import Relay
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.invariants import check
from thegrid_exchange.engine.quantities import CASH
from thegrid_exchange.engine.records import TokenCounts
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.ticker import Ticker
from thegrid_exchange.views.projector import Projector

INSTRUMENT: Final = "ins_text-prime"
BEAT_US: Final = 300 * SECOND
OUTAGE_GAP_US: Final = 600 * SECOND
"""Beats are no outages; the times after most kills are."""
FAULTS: Final = (
    "refuses", "fails", "ends halfway", "stalls", "stalls halfway", "talks nonsense", "lies",
    "ends twice", "floods", "dies",
)  # fmt: skip
WORDS: Final = (5, 5, 40, 40, 200, 200, 3_000)


class Vendor(Supplier):
    """A supplier that does what its mood says as soon as it is handed a call."""

    def __init__(self, day: "Day", member_id: str, faulty_per_mille: int) -> None:
        super().__init__(day, member_id, 8)
        self.day, self.faulty_per_mille = day, faulty_per_mille

    def open(self, number: int, offered: Offered) -> None:
        super().open(number, offered)
        chance = self.day.chance
        mood = "serves"
        if chance.randrange(1_000) < self.faulty_per_mille:
            mood = chance.choice(FAULTS)
        self.day.totals[f"supplier {mood}"] += 1
        words = chance.choice(WORDS)
        asyncio.get_running_loop().call_soon(self._act, number, mood, words)

    def _act(self, number: int, mood: str, words: int) -> None:
        if self._attempt(number) is None or mood == "stalls":
            return
        if mood in ("refuses", "fails"):
            self.fail("refused" if mood == "refuses" else "failed", number)
            return
        self.say("well", number)
        if mood == "dies":
            self.day.lose(self)
        elif mood == "talks nonsense":
            self.say("wrong", number, choice=7)
        elif mood == "floods":
            self.say("x. " * 100_000, number)
        elif mood != "stalls halfway":
            self._finish(number, mood, words)

    def _finish(self, number: int, mood: str, words: int) -> None:
        for _ in range(0, words, 500):
            self.say(" word" * min(words, 500), number)
        if mood != "ends halfway":
            self.say(number=number, finish="stop")
        told = 10**9 if mood == "lies" else words + 1
        self.end(number, TokenCounts(told, told))
        if mood == "ends twice":
            self.end(number, TokenCounts(told, told))

    def _attempt(self, number: int) -> Any:
        return self.link.attempts.get(number)


class Caller(Client):
    """A client that reads at some pace, or leaves; `delivery_id` is what it asked for."""

    def __init__(self, delivery_id: str, pace: str) -> None:
        super().__init__()
        self.delivery_id, self.pace = delivery_id, pace
        self.was_killed = False
        self.call: Any = None


class Day(Pipe):
    """One seed, one day; `run` lives it."""

    def __init__(self, seed: int, folder: Path, *, suppliers: int, consumers: int) -> None:
        self.chance = random.Random(seed)
        self.folder = folder
        super().__init__(None, None, ManualClock(START_US))  # type: ignore[arg-type]
        self.wanted = suppliers, consumers
        self.totals: Counter[str] = Counter()
        self.sellers: dict[str, int] = {}
        """Suppliers with their faults in a thousand calls."""
        self.buyers: list[str] = []
        self.vendors: dict[str, Vendor] = {}
        self.away: list[Vendor] = []
        self.callers: list[Caller] = []
        self.live: list[Caller] = []
        self.orphans: list[str] = []
        """Deliveries that a kill left open, whose reports come late."""
        self.listed_us = 0

    # ---- lives ---------------------------------------------------------------------------------

    async def begin_life(self) -> None:
        """Recover, connect the suppliers, and catch up with what is overdue."""
        journal = SteadyJournal(self.folder, self.clock)
        projector = Projector(journal.url, journal.partition)
        self.core = await start_core(
            journal,  # type: ignore[arg-type]
            self.clock,
            projector=projector,
            snapshot_rows=4_000,
        )
        await journal.load(projector)
        self.orphans += sorted(set(self.state.reservations) - set(self.orphans))
        sequencer = self.core.sequencer
        catalogue = Catalogue(sequencer.state)
        for reads in (catalogue.fold, lambda rows: _forget(projector, rows)):
            sequencer.subscribe(reads)
        self.relay = Relay(sequencer, catalogue, self.clock, ChatEdits())
        self.ticker = Ticker(sequencer, self.clock)
        await self.ticker.catch_up()
        await self.relay.start()
        self.vendors = {
            member_id: Vendor(self, member_id, faulty) for member_id, faulty in self.sellers.items()
        }
        for vendor in self.vendors.values():
            self.relay.join(vendor.link)
        self.away = []

    async def end_life(self) -> None:
        """Stop in good order."""
        await self.relay.drain(0)
        await self.quiet()
        await self.core.stop()

    async def kill(self) -> None:
        """End as a killed process does, with calls under way, and come back some time later."""
        for caller in self.live:
            caller.was_killed = not caller.over.is_set()
        self.live = []
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.core.crash()
        self.totals["kills"] += 1
        self.clock.advance(self.chance.randrange(60, 1_800) * SECOND)
        await self.begin_life()

    def lose(self, vendor: Vendor) -> None:
        """A supplier's link is gone, until some later beat."""
        if vendor not in self.away:
            self.away.append(vendor)
            self.relay.leave(vendor.link)
            self.totals["links lost"] += 1

    # ---- the day -------------------------------------------------------------------------------

    async def run(self, beats: int = 24 * HOUR // BEAT_US) -> None:
        """Live so many beats, with a kill in every sixth of them."""
        asyncio.get_running_loop().set_default_executor(Inline())
        await self.begin_life()
        await self._admit()
        kills = {part * beats // 6 + self.chance.randrange(beats // 6) for part in range(6)}
        for beat in range(beats):
            await self._list_units()
            await self._trade()
            await self._call(80 if beat in kills else 50)
            if beat in kills:
                await turns(self.chance.randrange(1, 60))
                await self.kill()
            await self._see_calls_through()
            await self._report_late()
            for vendor in self.away[:]:
                self.away.remove(vendor)
                again = self.vendors[vendor.member_id] = Vendor(
                    self, vendor.member_id, vendor.faulty_per_mille
                )
                self.relay.join(again.link)
            await self.pass_time(BEAT_US)
            if beat % 12 == 0:
                check(self.state)
        # What a kill left open ends when its time is over, and its report comes after that.
        while self.state.reservations or self.orphans:
            await self.pass_time(BEAT_US)
            await self._report_late()

    async def pass_time(self, span_us: int) -> None:
        """Move time; the ticker does what is due."""
        self.clock.advance(span_us)
        await self.quiet()
        await self.ticker.catch_up()

    async def quiet(self) -> None:
        """Let the loop turn until nothing more is written."""
        seen = -1
        while seen != len(self.core.rows):
            seen = len(self.core.rows)
            await turns(60)

    async def _admit(self) -> None:
        await self.do(commands.SetPolicy((("outage_gap_us", OUTAGE_GAP_US),)))
        await self.do(commands.DefineInstrument("text-prime", "Text Prime", SPEC))
        await self.do(commands.FundGuarantee(10_000 * DOLLAR))
        suppliers, consumers = self.wanted
        made = await asyncio.gather(
            *[self.supplier(f"supplier-{number}", units=0) for number in range(suppliers)]
        )
        for number, supplier in enumerate(made):
            self.relay.leave(supplier.link)
            await self.do(commands.PostCollateral(supplier.member_id, 300 * DOLLAR))
            self.sellers[supplier.member_id] = 900 if number % 17 == 3 else 15
        self.buyers = await asyncio.gather(*[self._consumer(n) for n in range(consumers)])
        await self.quiet()
        for member_id, faulty in self.sellers.items():
            vendor = self.vendors[member_id] = Vendor(self, member_id, faulty)
            self.relay.join(vendor.link)
        await self.quiet()

    async def _consumer(self, number: int) -> str:
        """Every second one leaves buying to auto mode."""
        if number % 2:
            return await self.member(
                f"consumer-{number}", account_mode="auto", auto_buy_ceiling_micros=2 * DOLLAR
            )
        return await self.member(f"consumer-{number}")

    async def _try(self, name: str, command: Any) -> None:
        reply = (await self.core.submit(command)).reply
        refused = isinstance(reply, Refusal)
        self.totals[f"refused {reply.reason}" if refused else name] += 1

    async def _list_units(self) -> None:
        """After each sweep suppliers issue anew and put it on sale."""
        slot_us = self.state.markets[MARKET].next_sweep_us
        if slot_us == self.listed_us:
            return
        self.listed_us = slot_us
        level = self.chance.randrange(900, 1_100)
        issues: list[Any] = []
        for member_id in self.sellers:
            # Who serves badly sells much and cheaply, or nobody would ever call on it.
            is_bad = self.sellers[member_id] > 100
            units, spread = (60, (-200, -100)) if is_bad else (15, (-50, 300))
            issues.append(("issues", commands.IssueUnits(member_id, INSTRUMENT, 2 * units)))
            for _ in range(2):
                price = (level + self.chance.randrange(*spread)) * 1_000
                issues.append(("listings", self._sell(member_id, units, price, "issuance")))
        await asyncio.gather(*[self._try(*issue) for issue in issues])

    def _sell(self, member_id: str, units: int, price: int, source: Any) -> commands.PlaceOrder:
        return commands.PlaceOrder(member_id, MARKET, "sell", "limit", units, price, source=source)

    async def _trade(self) -> None:
        """Orders, transfers and cancels of consumers who do not leave it to auto mode."""
        await asyncio.gather(*[self._try(*self._wish()) for _ in range(self.chance.randrange(20))])

    def _wish(self) -> tuple[str, Any]:
        chance = self.chance
        member_id = self.buyers[2 * chance.randrange(len(self.buyers) // 2)]
        price, units = chance.randrange(850, 1_500) * 1_000, chance.randint(1, 3)
        luck = chance.random()
        if luck < 0.5:
            buy = commands.PlaceOrder(member_id, MARKET, "buy", "limit", units, price)
            return "buys", buy._replace(auto_transfer=chance.random() < 0.5)
        if luck < 0.65:
            return "sells", self._sell(member_id, units, price, "trading")
        if luck < 0.85:
            return "transfers", commands.TransferUnits(member_id, INSTRUMENT, units)
        return "cancel-alls", commands.CancelOrders(member_id)

    async def _call(self, most: int) -> None:
        for _ in range(self.chance.randint(1, most)):
            pace = self.chance.choice(("at once",) * 12 + ("slow", "stops reading", "leaves"))
            request = self.request(
                member_id=self.chance.choice(self.buyers),
                output_cap_tokens=self.chance.choice((50, 1_000, 8_000)),
                window_bytes=1_000_000 if pace == "at once" else 200,
            )
            caller = Caller(request.delivery_id, pace)
            caller.call = self.relay.open(request, caller)
            self.callers.append(caller)
            self.live.append(caller)
        await self.quiet()

    async def _see_calls_through(self) -> None:
        """Time passes for those that wait: readers go on or not, deadlines come."""
        for turn in range(100):
            self.live = [caller for caller in self.live if not caller.over.is_set()]
            for caller in self.live:
                if caller.pace == "slow" and caller.call is not None:
                    caller.call.grant(20_000)
                elif caller.pace == "leaves" and caller.call is not None:
                    caller.call.end("client_left")
            await self.quiet()
            if self.relay.open_calls == 0:
                return
            await self.pass_time((3 if turn < 6 else 40) * SECOND)
        raise AssertionError(f"{self.relay.open_calls} calls never end")

    async def _report_late(self) -> None:
        for delivery_id in self.orphans[:]:
            closed = self.state.closed_deliveries.get(delivery_id)
            if closed is not None:
                self.orphans.remove(delivery_id)
                report = commands.Report(delivery_id, "in_spec", 20)
                await self._try("late reports", report)

    # ---- totals --------------------------------------------------------------------------------

    def count(self, events: Sequence[Any]) -> None:
        """Add what the events of a row tell to the totals."""
        for event in events:
            kind = type(event).__name__
            self.totals[f"event {kind}"] += 1
            if kind == "UsageRecorded":
                self.totals[f"verdict {event.usage.verdict}"] += 1
                self.totals["billed tokens"] += event.usage.billed_tokens
            elif kind == "Posted" and event.cause == "refund":
                self.totals["refunded micros"] += sum(
                    max(line.amount, 0) for line in event.postings if line.asset == CASH
                )
            elif kind == "StandingSet" and event.change is not None:
                self.totals[f"standing {event.standing.status}"] += 1


def _forget(projector: Projector, rows: Sequence[Any]) -> None:
    """Nobody follows the feed here, so what rows touched is let go."""
    for row in rows:
        projector.take(row.seq)
