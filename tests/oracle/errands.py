"""What suppliers, operators and accounts do on a random day, and how things that exist are named.

Trading and calls are in `day`, which stands on this.
"""

import random
from typing import Any, NamedTuple

from tests.oracle.books import UNIT, Books
from tests.support.market import DOLLAR, HOUR, SECOND, START_US
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import MarketPolicy

SYMBOLS = ("text-prime", "code-max")
MEMBERS = tuple(f"mem_{number:012d}" for number in range(1, 8))
SUPPLIERS = MEMBERS[:3]


class _Named(NamedTuple):
    """What little is known of an order that is not open."""

    name: str
    owner: str
    market: str = "mkt_text-prime"


class Errands:
    """Commands that are neither orders nor calls."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.at_us = START_US
        self.poor = seed % 2 == 1
        """Whether suppliers take out what they earn, so that there is nothing when they fail."""

    # ---- supply -------------------------------------------------------------------

    def _issue(self, books: Books) -> commands.IssueUnits:
        return commands.IssueUnits(self._supplier(), self._instrument(), self.random.randint(1, 30))

    def _retire(self, books: Books) -> commands.RetireUnits:
        return commands.RetireUnits(self._supplier(), self._instrument(), self.random.randint(0, 9))

    def _availability(self, books: Books) -> commands.Availability:
        instruments = tuple(f"ins_{symbol}" for symbol in SYMBOLS)[: self.random.randint(1, 2)]
        relay, up = self.random.choice(("relay-1", "relay-2")), self.random.random() < 0.7
        return commands.Availability(self._supplier(), relay, instruments, up)

    def _collateral(self, books: Books) -> commands.Command:
        member, amount = self._supplier(), self.random.randint(0, 9 * DOLLAR)
        if self.random.random() < (0.1 if self.poor else 0.6):
            return commands.PostCollateral(member, amount)
        return commands.WithdrawCollateral(member, amount)

    def _renewal(self, books: Books) -> commands.SetRenewal:
        return commands.SetRenewal(self._supplier(), self._instrument(), self.random.random() < 0.7)

    def _offer(self, books: Books) -> commands.Command:
        member, instrument = self._supplier(), self._instrument()
        if self.random.random() < 0.2:
            return commands.WithdrawOffer(member, instrument)
        return offer(member, instrument)

    def _suspension(self, books: Books) -> commands.Command:
        instrument = self.random.choice(("", self._instrument()))
        if self.random.random() < 0.1:
            speed = self.random.choice((0, 4_000, 40_000, 40_000))
            return commands.AdmitSupplier(self._supplier(), self._instrument(), speed)
        if self.random.random() < 0.2:
            return commands.SuspendSupplier(self._supplier(), instrument)
        return commands.ReinstateSupplier(self._supplier(), instrument)

    def _standing(self, books: Books) -> commands.Command:
        rand = self.random
        choice = rand.random()
        if choice < 0.25:
            mode: Any = rand.choice(("rates", "discount"))
            tier = rand.choice(("a", "b"))
            return commands.SetFeeTier(tier, mode, rand.randint(0, 80), rand.randint(0, 9_000) % 83)
        if choice < 0.35:
            return commands.SuspendMember(self._anyone())
        if choice < 0.6:
            return commands.ReinstateMember(self._anyone())
        return commands.UpdateMember(
            self._anyone(),
            rand.choice((None, "", "", "pair")),
            rand.choice((None, "", "a", "b")),
            affiliation_group=rand.choice((None, None, "", "kin")),
        )

    def _settings(self, books: Books) -> commands.UpdateSettings:
        rand = self.random
        return commands.UpdateSettings(
            self._anyone(),
            account_mode=rand.choice(("auto", "advanced")),
            auto_buy_ceiling_micros=rand.choice((0, 1_500_000, 9_000_000, 9_000_000)),
            auto_buy_units=rand.randint(1, 4),
            auto_transfer=rand.choice((None, None, True, False, False, False)),
            auto_buy_day_ceiling_micros=rand.choice((0, 0, 3_000_000, 20_000_000)),
            auto_buy_threshold_tokens=rand.choice((0, 0, 1_500_000)),
        )

    def _policy(self, books: Books) -> commands.Command:
        rand = self.random
        if rand.random() < 0.2:
            return self._market_policy()
        if rand.random() < 0.15:
            state: Any = rand.choice(("open",) * 9 + ("cancel_only", "halted"))
            return commands.SetMarketState(f"mkt_{rand.choice(SYMBOLS)}", state)
        changes = (
            ("retire_unsold_at_sweep", rand.randint(0, 1)),
            ("max_parcels", rand.choice((2, 5, 1_000, 1_000))),
            ("price_band_bps", rand.choice((0, 0, 0, 0, 9_000))),
            ("index_trades_min", rand.choice((1, 1, 2, 3))),
            ("index_final_after_us", rand.choice((0, HOUR // 2))),
            ("refund_index_per_mille", rand.choice((500, 1_250, 9_000, 9_000))),
            ("resale_gains_max", rand.choice((0, 0, 1, 8))),
            ("supply_penalty_per_mille", rand.choice((0, 0, 100))),
            ("collateral_escrow_per_mille", rand.choice((800, 1_000))),
            ("reserve_step_tokens", rand.choice((97, 4_096))),
        )
        return commands.SetPolicy((rand.choice(changes),))

    def _market_policy(self) -> commands.SetMarketPolicy:
        rand = self.random
        policy = MarketPolicy(
            max_move_bps=rand.choice((0, 300, 2_000)),
            max_move_window_us=rand.choice((1, 60, 900)) * SECOND,
            max_move_auction_us=rand.choice((1, 20)) * SECOND,
            sweep_auction_us=rand.choice((0, 0, 60 * SECOND)),
        )
        return commands.SetMarketPolicy(f"mkt_{rand.choice(SYMBOLS)}", policy)

    def _auction(self, books: Books) -> commands.StartAuction:
        until_us = self.at_us + self.random.randint(0, 20) * SECOND
        return commands.StartAuction(f"mkt_{self.random.choice(SYMBOLS)}", until_us)

    def _cash(self, books: Books) -> commands.Command:
        rand = self.random
        if rand.random() < 0.03:
            return commands.FundGuarantee(rand.randint(1, 3 * DOLLAR))
        member = self._supplier() if rand.random() < 0.5 else self._anyone()
        there = books.balance(member, "available")
        if there > 900 * DOLLAR or (self.poor and member in SUPPLIERS):
            return commands.Withdraw(member, rand.choice((there, there, there // 2, there + 1)))
        return commands.Deposit(member, rand.randint(0, 200 * DOLLAR))

    def _tick(self, books: Books) -> commands.Tick:
        return commands.Tick()

    def _mend(self, books: Books) -> commands.Command:
        """Open what was closed and let in who was shut out, so that the day goes on."""
        for name, market in books.markets.items():
            if market.state not in ("open", "auction"):
                return commands.SetMarketState(name, "open")
        for name, member in books.members.items():
            if member.suspended:
                return commands.ReinstateMember(name)
        for name in SUPPLIERS:
            if books.suppliers[name].suspended:
                return commands.ReinstateSupplier(name)
            if books.suppliers[name].speed < 40_000:
                return commands.AdmitSupplier(name, self._instrument(), 40_000)
            free, posted = (books.balance(name, each) for each in ("available", "collateral"))
            if posted < 60 * DOLLAR and self.random.random() < (0.02 if self.poor else 0.2):
                return commands.PostCollateral(name, free)
            if not free:
                return commands.Deposit(name, DOLLAR if self.poor else 40 * DOLLAR)
        return commands.Tick()

    # ---- naming things -------------------------------------------------------------------------

    def _anyone(self) -> str:
        return self.random.choice(MEMBERS) if self.random.random() < 0.995 else "mem_gone"

    def _owner_of(self, books: Books, account: str, asset: str) -> str:
        """Mostly somebody who has some of it."""
        owners = [
            key[0] for key in books.balances if key[1:] == (account, asset) and key[0] in MEMBERS
        ]
        return (
            self.random.choice(owners) if owners and self.random.random() < 0.97 else self._anyone()
        )

    def _supplier(self) -> str:
        return self.random.choice(MEMBERS[:4] if self.random.random() < 0.05 else SUPPLIERS)

    def _instrument(self) -> str:
        return f"ins_{self.random.choice(SYMBOLS)}"

    def _an_order(self, books: Books) -> Any:
        if books.orders and self.random.random() < 0.95:
            return self.random.choice(list(books.orders.values()))
        name, owner = self.random.choice(
            [*list(books.closed.items())[-9:], ("none", (MEMBERS[0],))]
        )
        return _Named(name, owner[0])

    def _a_call(self, books: Books) -> tuple[str, int]:
        if books.calls and self.random.random() < 0.97:
            name = self.random.choice(list(books.calls))
            return name, books.calls[name].reserved
        return self.random.choice([*list(books.settled)[-9:], "dlv_none"]), UNIT


def offer(member: str, instrument: str) -> commands.RegisterOffer:
    return commands.RegisterOffer(
        member, instrument, "demo/model", 40_000, 200_000, 64_000, 80, 400_000, 64
    )
