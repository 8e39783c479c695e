"""Builders for tests of the engine: a small exchange with members, and commands in one line.

It drives the engine through `step` alone, and checks every law after each command.
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from thegrid_exchange.engine import commands, replies
from thegrid_exchange.engine.events import Event
from thegrid_exchange.engine.invariants import check
from thegrid_exchange.engine.quantities import CASH, TOKENS_PER_UNIT
from thegrid_exchange.engine.records import (
    EmbeddingSpec,
    FirstTokenBand,
    InstrumentSpec,
    MarketTerms,
    Order,
)
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.engine.state import State
from thegrid_exchange.engine.step import Outcome, step

START_US = 1_780_000_200_000_000
"""Some instant of 2026, half an hour after a sweep slot."""
SECOND = 1_000_000
HOUR = 3_600 * SECOND
DOLLAR = 1_000_000

INSTRUMENT = "ins_text-prime"
MARKET = "mkt_text-prime"

SPEC = InstrumentSpec(
    service_type="text",
    quality_index="intelligence",
    quality_score_min=38_000,
    first_token_bands=(FirstTokenBand(8_192, 4_620_000), FirstTokenBand(128_000, 20_000_000)),
    tokens_per_second_min=40,
    context_tokens_min=128_000,
    output_tokens_min=30_000,
    availability_ppm_min=990_000,
    error_rate_ppm_max=10_000,
    tokenizer="o200k_base",
    metering_policy_version=1,
)

EMBED, EMBED_MARKET = "ins_embed-small", "mkt_embed-small"
VECTORS = EmbeddingSpec("hashed-1", dimensions=384, input_tokens_max=8_192, inputs_max=2_048)
EMBED_SPEC = SPEC._replace(
    service_type="embedding",
    output_tokens_min=0,
    context_tokens_min=300_000,
    tokenizer="cl100k_base",
    embedding=VECTORS,
)

EventT = TypeVar("EventT")


class Exchange:
    """A state under test, its clock, and all rows since its beginning."""

    ann: str
    abe: str
    bob: str
    bea: str
    """Members that a test may name."""

    def __init__(self, *, checked: bool = True, outages: bool = False) -> None:
        self.state = State()
        self.at_us = START_US
        self.checked = checked
        self.rows: list[tuple[commands.Command, int, Outcome]] = []
        self.outcome = Outcome((), replies.TickReply(0, False))
        if not outages:
            self.policy(outage_gap_us=0)

    # ---- driving -------------------------------------------------------------------------------

    def send(self, command: commands.Command) -> Any:
        """Carry out a command now and answer its reply."""
        self.outcome = step(self.state, command, self.at_us)
        self.rows.append((command, self.at_us, self.outcome))
        if self.checked:
            check(self.state)
        return self.outcome.reply

    def ok(self, command: commands.Command) -> Any:
        """Carry out a command that must not be refused."""
        reply = self.send(command)
        assert not isinstance(reply, Refusal), reply
        return reply

    def refused(self, command: commands.Command) -> Refusal:
        """Carry out a command that must be refused, and must change nothing."""
        before = self.state.digest()
        reply = self.send(command)
        assert isinstance(reply, Refusal), reply
        assert self.outcome.events == ()
        assert self.state.digest() == before
        return reply

    def later(self, microseconds: int) -> None:
        """Move time on; nothing happens by itself."""
        self.at_us += microseconds

    def tick(self) -> int:
        """Send Ticks until nothing is due, and answer how many it took."""
        for count in range(1, 1_000):
            if not self.ok(commands.Tick()).more_due:
                return count
        raise AssertionError("Ticks never come to an end")

    def events(self, kind: type[EventT]) -> list[EventT]:
        """Events of one kind in the last command."""
        return [event for event in self.outcome.events if isinstance(event, kind)]

    def all_events(self, kind: type[EventT]) -> list[EventT]:
        """Events of one kind since the beginning."""
        return [event for event in self._every_event() if isinstance(event, kind)]

    def _every_event(self) -> Iterable[Event]:
        for _, _, outcome in self.rows:
            yield from outcome.events

    # ---- setting up ----------------------------------------------------------------------------

    def policy(self, **changes: int) -> None:
        """Set figures of the policy."""
        self.ok(commands.SetPolicy(tuple(changes.items())))

    def instrument(self, symbol: str = "text-prime", **terms: int) -> None:
        """Define an instrument with its market."""
        self.ok(commands.DefineInstrument(symbol, symbol, SPEC, MarketTerms(**terms)))

    def member(self, handle: str, dollars: int = 1_000_000, **settings: Any) -> str:
        """Create a member with every role and some money; answers its id."""
        roles = ("trader", "consumer", "supplier")
        settings.setdefault("auto_buy_ceiling_micros", 1_000 * DOLLAR)
        member_id: str = self.ok(commands.CreateMember(handle, roles, **settings)).member.member_id
        if dollars:
            self.ok(commands.Deposit(member_id, dollars * DOLLAR))
        return member_id

    def supplier(
        self, handle: str, units: int = 0, *, symbol: str = "text-prime", **settings: Any
    ) -> str:
        """Create a supplier admitted to an instrument, with an offer and issued Units."""
        member_id = self.member(handle, **settings)
        instrument_id = f"ins_{symbol}"
        self.ok(commands.AdmitSupplier(member_id, instrument_id, 10_000_000))
        self.offer(member_id, instrument_id)
        self.connect(member_id, instrument_id)
        if units:
            self.ok(commands.IssueUnits(member_id, instrument_id, units))
        return member_id

    def connect(self, member_id: str, *instrument_ids: str, connected: bool = True) -> None:
        """Let a supplier's link come up or go down."""
        named = instrument_ids or (INSTRUMENT,)
        self.ok(commands.Availability(member_id, "relay-1", named, connected))

    def offer(self, member_id: str, instrument_id: str = INSTRUMENT) -> None:
        """Register an offer that meets the contract."""
        self.ok(
            commands.RegisterOffer(
                member_id=member_id,
                instrument_id=instrument_id,
                model="demo/model",
                quality_score=40_000,
                context_tokens=200_000,
                output_tokens=64_000,
                tokens_per_second=80,
                first_token_us=400_000,
                concurrent_deliveries=64,
            )
        )

    # ---- trading -------------------------------------------------------------------------------

    def order(self, member_id: str, side: str, units: int, price: int | None, **more: Any) -> Order:
        """Place an order that must be taken; `price` in micro-dollars, None for market."""
        order: Order = self.ok(place(member_id, side, units, price, **more)).order
        return order

    def issue_and_sell(self, member_id: str, units: int, price: int | None, **more: Any) -> Order:
        """List issued Units."""
        return self.order(member_id, "sell", units, price, source="issuance", **more)

    def bought(self, supplier_id: str, buyer_id: str, units: int, price: int, **more: Any) -> Order:
        """Let a buyer take Units of a supplier's issuance at a price."""
        where = {"market_id": more["market_id"]} if "market_id" in more else {}
        self.issue_and_sell(supplier_id, units, price, **where)
        return self.order(buyer_id, "buy", units, price, **more)

    def ladder(self, market_id: str = MARKET) -> dict[str, list[tuple[int, int]]]:
        """The book as prices with quantities, best first."""
        book = self.state.indices.books[market_id]
        return {
            name: [(price, level.quantity_units) for price, level in side.walk()]
            for name, side in (("buy", book.buy), ("sell", book.sell))
        }

    # ---- balances ------------------------------------------------------------------------------

    def cash(self, owner: str, account: str = "available") -> int:
        """Micro-dollars on an account."""
        return self.state.balance(owner, account, CASH)

    def tokens(self, owner: str, account: str, instrument_id: str = INSTRUMENT) -> int:
        """Tokens on an account."""
        return self.state.balance(owner, account, instrument_id)

    def units(self, owner: str, account: str, instrument_id: str = INSTRUMENT) -> int:
        """Whole Units on an account."""
        return self.tokens(owner, account, instrument_id) // TOKENS_PER_UNIT


def place(
    member_id: str, side: Any, units: int, price: int | None, **more: Any
) -> commands.PlaceOrder:
    """An order command with the usual things filled in."""
    more.setdefault("market_id", MARKET)
    more.setdefault("type", "limit" if price is not None else "market")
    return commands.PlaceOrder(
        member_id=member_id, side=side, quantity_units=units, price_micros=price, **more
    )


def reserve(delivery_id: str, member_id: str, prompt: int, output: int, **more: Any) -> Any:
    """A Reserve command with the usual things filled in."""
    more.setdefault("instrument_id", INSTRUMENT)
    more.setdefault("key_id", "key_1")
    return commands.Reserve(
        delivery_id=delivery_id,
        member_id=member_id,
        prompt_tokens=prompt,
        max_output_tokens=output,
        **more,
    )


def embedding_offer(member_id: str, **terms: Any) -> commands.RegisterOffer:
    """An offer that meets `EMBED_SPEC`."""
    return commands.RegisterOffer(
        **{
            "member_id": member_id,
            "instrument_id": EMBED,
            "model": "demo/embed",
            "quality_score": 40_000,
            "context_tokens": 300_000,
            "output_tokens": 0,
            "tokens_per_second": 80,
            "first_token_us": 400_000,
            "concurrent_deliveries": 64,
            "embedding_space": "hashed-1",
            **terms,
        }
    )


def report(delivery_id: str, verdict: Any, billed: int, **more: Any) -> commands.Report:
    """A Report command by what most tests look at."""
    return commands.Report(delivery_id, verdict, billed, **more)


def small_exchange(**terms: int) -> Exchange:
    """An exchange with one instrument."""
    exchange = Exchange()
    exchange.instrument(**terms)
    return exchange


def consuming_exchange() -> Exchange:
    """A small exchange in which ann issues at 2 dollars and bob has three Units in one Lot."""
    exchange = small_exchange()
    exchange.ann = exchange.supplier("ann", 100)
    exchange.abe = exchange.supplier("abe", 100)
    exchange.bob = exchange.member("bob")
    exchange.bought(exchange.ann, exchange.bob, 3, 2 * DOLLAR, auto_transfer=True)
    return exchange
