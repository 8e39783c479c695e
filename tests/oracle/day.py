"""A seeded stream of commands that trade, consume, fail and expire as much as they can.

It looks at the naive books only to name things that are there; what becomes of a command is not
its business, and many are sure to be refused.
"""

from typing import Any

from tests.oracle.books import Books
from tests.oracle.errands import MEMBERS, SUPPLIERS, SYMBOLS, Errands, offer
from tests.support.market import DOLLAR, HOUR, SECOND, SPEC, place, reserve
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import MarketTerms, TokenCounts

VERDICTS = ("in_spec",) * 6 + (
    *("late_first_token", "too_slow", "failed", "failed", "failed"),
    *("cancelled_by_client", "client_fault", "venue_fault"),
)


class Day(Errands):
    """Chooses the next command and its instant from a seed and the naive books."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.calls = 0
        self.follows: list[Any] = []
        """Commands that come next, whatever chance says."""
        self.falters = seed % 4 > 1
        """Whether a minute without a command counts as an outage."""
        # Outages prolong Lots, so a day that is full of them needs shorter ones to see any expire.
        windows = (HOUR // 3,) if self.falters else (HOUR, 2 * HOUR, 4 * HOUR)
        self.window = self.random.choice(windows)
        self.middle = dict.fromkeys(SYMBOLS, 2 * DOLLAR)
        self.choices: list[tuple[int, Any]] = [
            *(
                (46, self._place),
                (6, self._resell),
                (7, self._amend),
                (5, self._cancel),
                (1, self._cancel_all),
            ),
            *((2, self._batch), (3, self._quotes), (5, self._transfer), (13, self._reserve)),
            *((6, self._mark), (14, self._report), (7, self._tick), (4, self._cash)),
            *((11, self._issue), (1, self._retire), (2, self._availability), (2, self._collateral)),
            *((1, self._renewal), (1, self._offer), (1, self._suspension), (1, self._standing)),
            *(
                (2, self._settings),
                (2, self._policy),
                (1, self._auction),
                (2, self._dispute),
                (2, self._resolve),
            ),
            (4, self._mend),
        ]

    def opening(self) -> list[Any]:
        """A small exchange with two markets, three suppliers and four consumers."""
        figures = {"capacity_derating_per_mille": 1_000}
        figures |= {"outage_gap_us": 60 * SECOND if self.falters else 0}
        figures |= {"standing_enforced": 0, "availability_samples_max": 10_000}
        if self.poor:
            # Then nothing is withheld of resales, and the index allows for high refunds.
            figures |= {"resale_gains_max": 0, "refund_index_per_mille": 9_000}
        elif self.falters:
            figures |= {"resale_gains_max": 1}
        figures |= {"lot_window_us": self.window, "sweep_interval_us": self.window}
        opening: list[Any] = [
            commands.SetPolicy(tuple(figures.items())),
            commands.FundGuarantee((400 if self.poor else 5) * DOLLAR),
        ]
        fees = MarketTerms(maker_fee_bps=11, taker_fee_bps=37)
        opening += [commands.DefineInstrument(name, name, SPEC, fees) for name in SYMBOLS]
        roles = ("trader", "consumer", "supplier")
        for number, member in enumerate(MEMBERS):
            group = "kin" if number in (2, 5) else ""
            opening.append(commands.CreateMember(f"member-{number}", roles, group))
            opening.append(commands.Deposit(member, (20 if number < 3 else 300) * DOLLAR))
        for member in SUPPLIERS:
            for name in (f"ins_{symbol}" for symbol in SYMBOLS):
                opening.append(commands.AdmitSupplier(member, name, 40_000))
                opening.append(offer(member, name))
                opening.append(commands.IssueUnits(member, name, 20))
            instruments = tuple(f"ins_{symbol}" for symbol in SYMBOLS)
            opening.append(commands.Availability(member, "relay-1", instruments, True))
        return opening

    def next(self, books: Books) -> tuple[Any, int]:
        """The next command and its stamp; hours that pass are followed by a Tick."""
        rand = self.random
        if self.follows:
            return self.follows.pop(0), self.at_us
        leap = rand.random()
        if leap < 0.002:
            self.at_us += rand.randrange(2 * self.window)
            return commands.Tick(), self.at_us
        if leap < 0.02:
            self.at_us = self._instant(books)
        elif leap < 0.15:
            self.at_us += rand.randrange((64 if self.falters else 90) * SECOND)
        elif leap < 0.8:
            self.at_us += rand.randrange(SECOND)
        weights = [weight for weight, _ in self.choices]
        make = rand.choices([choice for _, choice in self.choices], weights)[0]
        return make(books), self.at_us

    def _instant(self, books: Books) -> int:
        """The very instant, or the one before it, at which something is due next."""
        due = [call.deadline for call in books.calls.values()]
        due += [lot.expires for lot in books.lots.values()]
        due += [order.expires for order in books.orders.values() if order.expires]
        due += [market.next_sweep for market in books.markets.values()]
        due += [market.ends for market in books.markets.values() if market.auction]
        soon = [at for at in due if self.at_us < at < self.at_us + 600 * SECOND]
        return min(soon, default=self.at_us + 1) - self.random.randint(0, 1)

    # ---- trading -------------------------------------------------------------------------------

    def _place(self, books: Books) -> commands.PlaceOrder:
        rand = self.random
        symbol, member = rand.choice(SYMBOLS), self._anyone()
        side = rand.choice(("buy", "buy", "sell", "sell", "sell"))
        price = self._price(symbol) if rand.random() < 0.88 else None
        lasts = rand.choice(("gtc",) * 5 + ("ioc", "ioc", "fok", "gtd", "gts"))
        if price is None and rand.random() < 0.9:
            lasts = rand.choice(("gtc", "ioc", "fok"))
        slippage = rand.choice((None,) * 20 + (0, 250, 250, 500, 20_000))
        more: dict[str, Any] = {"max_slippage_bps": slippage}
        if side == "sell":
            more["source"] = rand.choice(("issuance", "trading"))
            account = "unsold" if more["source"] == "issuance" else "trading"
            member = self._owner_of(books, account, f"ins_{symbol}")
        else:
            more["auto_transfer"] = rand.choice((None,) * 6 + (True, False))
        if lasts == "gtd" or rand.random() < 0.01:
            more["expires_at_us"] = self.at_us + rand.randint(-SECOND, 400 * SECOND)
        if price is None or rand.random() < 0.01:
            more |= self._caps(symbol, side)
        if rand.random() < (0.2 if lasts == "gtc" else 0.02):
            more |= {"post_only": True, "post_only_mode": rand.choice(("reject", "slide"))}
        return place(
            member,
            side,
            rand.randint(1, 9) if rand.random() < 0.99 else 0,
            price,
            market_id=f"mkt_{symbol}",
            time_in_force=lasts,
            self_trade_prevention=rand.choice(
                ("cancel_newest", "cancel_oldest", "cancel_both", "decrement", None)
            ),
            validate_only=rand.random() < 0.04,
            tag=rand.choice(("", "a")),
            **more,
        )

    def _resell(self, books: Books) -> commands.PlaceOrder:
        """Bought Units once more, mostly dearer, to somebody who buys them at once."""
        rand = self.random
        symbol = rand.choice(SYMBOLS)
        price = self.middle[symbol] * rand.randint(90, 140) // 100
        market, units = f"mkt_{symbol}", rand.randint(1, 4)
        buyer, seller = self._anyone(), self._owner_of(books, "trading", f"ins_{symbol}")
        self.follows.append(place(buyer, "buy", units, price, market_id=market, source="trading"))
        return place(seller, "sell", units, price, market_id=market, source="trading")

    def _price(self, symbol: str) -> int:
        """Near a middle that wanders, with digits that round badly, a few levels of it."""
        rand = self.random
        if rand.random() < 0.03:
            self.middle[symbol] = rand.choice((DOLLAR // 20, rand.randint(DOLLAR // 5, 5 * DOLLAR)))
        if rand.random() < 0.01:
            return 0
        spread = max(self.middle[symbol] // 40, 1)
        beside = rand.choice((-1, 1)) if rand.random() < 0.1 else 0
        return self.middle[symbol] + spread * rand.randint(-4, 4) + beside

    def _caps(self, symbol: str, side: str) -> dict[str, int]:
        caps = {"max_average_price_micros": self._price(symbol) + 1}
        if side == "buy" or self.random.random() < 0.1:
            caps["max_spend_micros"] = self.random.randint(1, 20 * DOLLAR)
        return dict(self.random.sample(sorted(caps.items()), self.random.randint(0, len(caps))))

    def _amend(self, books: Books) -> commands.AmendOrder:
        order = self._an_order(books)
        rand = self.random
        price = rand.choice((None, self._price(order.market[4:]) + 1))
        quantity = rand.choice((None, rand.randint(1, 10)))
        return commands.AmendOrder(
            order.owner, order.name, price_micros=price, quantity_units=quantity
        )

    def _cancel(self, books: Books) -> commands.CancelOrder:
        order = self._an_order(books)
        return commands.CancelOrder(order.owner, order.name)

    def _cancel_all(self, books: Books) -> commands.CancelOrders:
        market = self.random.choice(("", f"mkt_{self.random.choice(SYMBOLS)}"))
        return commands.CancelOrders(self._anyone(), market, self.random.choice(("", "a")))

    def _batch(self, books: Books) -> commands.BatchOrders:
        member = self._anyone()
        items: list[Any] = [
            self._place(books)._replace(member_id=member, source="trading")
            for _ in range(self.random.randint(1, 4))
        ]
        items.append(commands.CancelOrder(member, self._an_order(books).name))
        return commands.BatchOrders(member, tuple(items), self.random.random() < 0.4)

    def _quotes(self, books: Books) -> commands.ReplaceQuotes:
        rand = self.random
        member, symbol = rand.choice(SUPPLIERS), rand.choice(SYMBOLS)
        market, sides = f"mkt_{symbol}", rand.choices(("buy", "sell"), k=rand.randint(0, 4))
        quotes = tuple(
            place(
                member,
                side,
                rand.randint(1, 3),
                self._price(symbol),
                market_id=market,
                tag="q",
                source="issuance" if side == "sell" else "trading",
            )
            for side in sides
        )
        return commands.ReplaceQuotes(member, market, "q", quotes)

    # ---- consuming -----------------------------------------------------------------------------

    def _transfer(self, books: Books) -> commands.TransferUnits:
        instrument = self._instrument()
        owner = self._owner_of(books, "trading", instrument)
        return commands.TransferUnits(owner, instrument, self.random.randint(0, 3))

    def _reserve(self, books: Books) -> commands.Command:
        self.calls += 1
        rand = self.random
        lots = [(lot.owner, lot.instrument) for lot in books.lots.values()]
        owner, instrument = self._anyone(), self._instrument()
        if lots and rand.random() < 0.7:
            owner, instrument = rand.choice(lots)
        command: commands.Command = reserve(
            f"dlv_{self.calls:06d}",
            owner,
            rand.choice((1, 10, 5_003, 60_001, 99_999)),
            rand.choice((0, 300, 20_000, 28_001)),
            instrument_id=instrument,
            choices=rand.choice((1, 1, 1, 7, 7, 40, 128)) if rand.random() < 0.99 else 200,
            max_price_micros=rand.choice((None, None, 2 * DOLLAR)),
        )
        return command

    def _mark(self, books: Books) -> commands.Mark:
        name, tokens = self._a_call(books)
        return commands.Mark(name, self.random.randint(-1, tokens))

    def _report(self, books: Books) -> commands.Report:
        rand = self.random
        name, tokens = self._a_call(books)
        return commands.Report(
            name,
            rand.choice(VERDICTS),
            rand.choice((tokens, rand.randint(-1, tokens + 9))),
            supplier_id=rand.choice(("", "mem_gone", *MEMBERS[:4])),
            canonical=TokenCounts(rand.randint(0, tokens), rand.randint(0, tokens)),
        )

    def _dispute(self, books: Books) -> commands.DisputeUsage:
        rand = self.random
        names = list(books.settled)[-20:] or ["none"]
        return commands.DisputeUsage(
            self._anyone(),
            f"usg_{rand.choice(names)}",
            rand.choice(("mem_gone", *MEMBERS[:4])),
            self._instrument(),
            "wrong_count",
            rand.randint(0, DOLLAR),
            self.at_us - rand.choice((0, SECOND, 24 * 8 * HOUR)),
        )

    def _resolve(self, books: Books) -> commands.ResolveDispute:
        rand = self.random
        name = rand.choice([*list(books.disputes)[-5:], "dsp_none"])
        payer: Any = rand.choice(("supplier", "supplier", "venue"))
        return commands.ResolveDispute(name, rand.randint(0, DOLLAR), payer, "looked at")
