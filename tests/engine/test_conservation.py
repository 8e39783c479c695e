"""Hypothesis plays with accounts, Lots and deliveries; money and tokens never come or go.

The machine keeps its own tally of what entered and left, apart from the engine's own checks.
"""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tests.support.market import (
    DOLLAR,
    HOUR,
    INSTRUMENT,
    SECOND,
    Exchange,
    place,
    reserve,
    small_exchange,
)
from thegrid_exchange.engine import apply, commands
from thegrid_exchange.engine.quantities import CASH, TOKENS_PER_UNIT
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.engine.state import State

MEMBERS = st.integers(0, 3)
UNITS = st.integers(1, 5)
PRICES = st.sampled_from([1, 999_999, 1_000_003, 2 * DOLLAR])
VERDICTS = st.sampled_from(
    [
        "in_spec",
        "late_first_token",
        "too_slow",
        "failed",
        "cancelled_by_client",
        "client_fault",
        "venue_fault",
    ]
)
INSIDE = ("available", "held", "escrow", "withheld", "collateral", "fees", "guarantee")


class Conservation(RuleBasedStateMachine):
    """Two suppliers, a trader and an automatic buyer."""

    deliveries = Bundle("deliveries")

    def __init__(self) -> None:
        super().__init__()
        self.exchange: Exchange = small_exchange(maker_fee_bps=17, taker_fee_bps=23)
        self.members = [
            self.exchange.supplier("ann", 20, dollars=10),
            self.exchange.supplier("abe", 20, dollars=10),
            self.exchange.member("bob", dollars=100),
            self.exchange.member("auto", dollars=100, account_mode="auto"),
        ]
        self.entered_micros = 220 * DOLLAR
        self.issued_units = 40
        self.calls = 0

    def send(self, command: commands.Command) -> Any:
        reply = self.exchange.send(command)
        return None if isinstance(reply, Refusal) else reply

    @rule(member=MEMBERS, amount=st.integers(1, 50 * DOLLAR))
    def deposit(self, member: int, amount: int) -> None:
        if self.send(commands.Deposit(self.members[member], amount)):
            self.entered_micros += amount

    @rule(member=MEMBERS, amount=st.integers(1, 50 * DOLLAR))
    def withdraw(self, member: int, amount: int) -> None:
        if self.send(commands.Withdraw(self.members[member], amount)):
            self.entered_micros -= amount

    @rule(amount=st.integers(1, 10_000))
    def fund_guarantee(self, amount: int) -> None:
        if self.send(commands.FundGuarantee(amount)):
            self.entered_micros += amount

    @rule(member=st.integers(0, 1), units=UNITS)
    def issue(self, member: int, units: int) -> None:
        if self.send(commands.IssueUnits(self.members[member], INSTRUMENT, units)):
            self.issued_units += units

    @rule(member=st.integers(0, 1), units=UNITS, price=PRICES)
    def list_issuance(self, member: int, units: int, price: int) -> None:
        self.send(place(self.members[member], "sell", units, price, source="issuance"))

    @rule(
        member=MEMBERS,
        side=st.sampled_from(["buy", "sell"]),
        units=UNITS,
        price=PRICES,
        prevention=st.sampled_from(["cancel_newest", "decrement", "cancel_oldest"]),
    )
    def trade(self, member: int, side: str, units: int, price: int, prevention: str) -> None:
        self.send(place(self.members[member], side, units, price, self_trade_prevention=prevention))

    @rule(member=MEMBERS)
    def cancel_all(self, member: int) -> None:
        assert self.send(commands.CancelOrders(self.members[member]))

    @rule(member=MEMBERS, units=UNITS)
    def transfer(self, member: int, units: int) -> None:
        self.send(commands.TransferUnits(self.members[member], INSTRUMENT, units))

    @rule(
        target=deliveries,
        member=MEMBERS,
        prompt=st.integers(1, 100_000),
        output=st.integers(0, 20_000),
        choices=st.integers(1, 40),
    )
    def reserve(self, member: int, prompt: int, output: int, choices: int) -> str:
        self.calls += 1
        delivery_id = f"dlv_{self.calls}"
        self.send(reserve(delivery_id, self.members[member], prompt, output, choices=choices))
        return delivery_id

    @rule(delivery_id=deliveries, tokens=st.integers(0, 200_000))
    def mark(self, delivery_id: str, tokens: int) -> None:
        self.send(commands.Mark(delivery_id, tokens))

    @rule(delivery_id=deliveries, verdict=VERDICTS, billed=st.integers(0, 200_000), by=MEMBERS)
    def report(self, delivery_id: str, verdict: Any, billed: int, by: int) -> None:
        self.send(commands.Report(delivery_id, verdict, billed, self.members[by]))

    @rule(later=st.sampled_from([SECOND, 700 * SECOND, HOUR, 5 * HOUR]))
    def time_passes(self, later: int) -> None:
        self.exchange.later(later)
        self.exchange.tick()

    @invariant()
    def money_is_what_entered(self) -> None:
        inside = sum(
            amount
            for (_, account, asset), amount in self.exchange.state.balances.items()
            if asset == CASH and account in INSIDE
        )
        assert inside == self.entered_micros

    @invariant()
    def tokens_are_what_was_issued(self) -> None:
        inside = sum(
            amount
            for (_, account, asset), amount in self.exchange.state.balances.items()
            if asset == INSTRUMENT and account != "issued"
        )
        assert inside == self.issued_units * TOKENS_PER_UNIT

    def teardown(self) -> None:
        """The events alone lead to the same state."""
        folded = State()
        for _, at_us, outcome in self.exchange.rows:
            apply.fold(folded, at_us, outcome.events)
        assert folded.digest() == self.exchange.state.digest()


Conservation.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestConservation = Conservation.TestCase
