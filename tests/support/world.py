"""A seeded stream of commands over the whole vocabulary, some of them sure to be refused.

It looks at the state only to name things that exist; what becomes of a command is not its business.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tests.support.market import (
    DOLLAR,
    HOUR,
    MARKET,
    SECOND,
    SPEC,
    START_US,
    Exchange,
    place,
    reserve,
)
from tests.support.world_controls import key_command, webhook_command
from tests.support.world_of_quality import OPENING_FIGURES, offer_of, quality_command
from tests.support.world_of_supply import (
    SUPPLY,
    SYMBOLS,
    Supplying,
    numbered_member,
    supply_policies,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import MarketPolicy, MarketTerms, TokenCounts
from thegrid_exchange.engine.rules.metering import FIRST_POLICY
from thegrid_exchange.engine.state import State

VERDICTS: Final = (
    "in_spec",
    "in_spec",
    "in_spec",
    "late_first_token",
    "too_slow",
    "failed",
    "cancelled_by_client",
    "client_fault",
    "venue_fault",
)


class World:
    """Chooses the next command and its instant from a seed and the state so far."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.at_us = START_US
        self.deliveries = 0
        self.ticks_due = 0
        self.choices: list[tuple[int, Callable[[State], commands.Command]]] = [
            (30, self._place),
            (6, self._amend),
            (8, self._cancel),
            (2, self._cancel_all),
            (3, self._batch),
            (6, self._transfer),
            (14, self._reserve),
            (10, self._mark),
            (12, self._report),
            (6, lambda state: commands.Tick()),
            (2, self._cash),
            (2, self._settings),
            (1, self._market_state),
            (1, self._policy),
            (1, lambda state: quality_command(self.random, state)),
            (3, self._quotes),
            (2, self._timer),
            (1, self._auction),
            (1, self._market_policy),
            (1, self._classify),
            (4, lambda state: key_command(self.random, self.at_us, state)),
            (1, lambda state: webhook_command(self.random, state)),
            (3, self._dispute),
            (2, self._resolve),
            (1, self._late_report),
            (1, self._counting),
            *((weight, partial(self._of_supply, make)) for weight, make in SUPPLY),
        ]

    def opening(self) -> list[commands.Command]:
        """Commands that make a small exchange with two markets, suppliers and members."""
        terms = MarketTerms(maker_fee_bps=10, taker_fee_bps=35)
        opening: list[commands.Command] = [
            commands.SetPolicy(OPENING_FIGURES),
            commands.FundGuarantee(1_000),
        ]
        opening += [commands.DefineInstrument(name, name, SPEC, terms) for name in SYMBOLS]
        for number in range(1, 6):
            roles = ("trader", "consumer", "supplier")
            group = "kin" if number > 3 else ""
            mode: Any = "auto" if number == 5 else "advanced"
            opening.append(commands.CreateMember(f"member-{number}", roles, group, mode))
            opening.append(commands.Deposit(numbered_member(number), 3_000 * DOLLAR))
        for number in (1, 2):
            for symbol in SYMBOLS:
                opening.append(
                    commands.AdmitSupplier(numbered_member(number), f"ins_{symbol}", 20_000)
                )
                opening.append(offer_of(numbered_member(number), f"ins_{symbol}"))
                opening.append(commands.IssueUnits(numbered_member(number), f"ins_{symbol}", 60))
            both = tuple(f"ins_{symbol}" for symbol in SYMBOLS)
            opening.append(commands.Availability(numbered_member(number), "relay-1", both, True))
        return opening

    def next(self, state: State) -> tuple[commands.Command, int]:
        """The next command and its stamp; now and then hours pass."""
        rand = self.random
        leap = rand.random()
        if leap < 0.004:
            self.at_us += rand.randrange(5 * HOUR)
            self.ticks_due = 3
        elif leap < 0.06:
            self.at_us += rand.randrange(90 * SECOND)
        else:
            self.at_us += rand.randrange(SECOND)
        if self.ticks_due and rand.random() < 0.8:
            self.ticks_due -= 1
            return commands.Tick(), self.at_us
        weights = [weight for weight, _ in self.choices]
        make = rand.choices([choice for _, choice in self.choices], weights)[0]
        return make(state), self.at_us

    # ---- trading -------------------------------------------------------------------------------

    def _place(self, state: State) -> commands.PlaceOrder:
        rand = self.random
        side = rand.choice(("buy", "sell"))
        time_in_force = rand.choice(("gtc", "gtc", "gtc", "ioc", "fok", "gtd", "gts"))
        price = None if rand.random() < 0.15 else rand.randint(1, 40) * 50_001
        more: dict[str, Any] = {}
        if time_in_force == "gtd":
            more["expires_at_us"] = self.at_us + rand.randint(-SECOND, HOUR)
        member_id = self._someone()
        if side == "sell":
            more["source"] = rand.choice(("issuance", "trading"))
            if more["source"] == "issuance":
                member_id = numbered_member(rand.randint(1, 2))
        elif rand.random() < 0.3:
            more["auto_transfer"] = True
        if price is None and rand.random() < 0.5:
            more["max_average_price_micros"] = rand.randint(1, 40) * 50_001
            if side == "buy":
                more["max_spend_micros"] = rand.randint(1, 10 * DOLLAR)
        elif price is not None and rand.random() < 0.1:
            more["post_only"] = True
            more["post_only_mode"] = rand.choice(("reject", "slide"))
        return place(
            member_id,
            side,
            rand.randint(1, 8),
            price,
            market_id=f"mkt_{rand.choice(SYMBOLS)}",
            time_in_force=time_in_force,
            self_trade_prevention=rand.choice(
                ("cancel_newest", "cancel_oldest", "cancel_both", "decrement", None)
            ),
            client_order_id=rand.choice(("", "", f"c{rand.randrange(50)}")),
            max_slippage_bps=rand.choice((None, None, 0, 2_000)),
            validate_only=rand.random() < 0.05,
            tag=rand.choice(("", "a")),
            **more,
        )

    def _amend(self, state: State) -> commands.AmendOrder:
        member_id, order_id = self._some_order(state)
        price = self.random.choice((None, self.random.randint(1, 40) * 50_001))
        return commands.AmendOrder(
            member_id,
            order_id,
            price_micros=price,
            quantity_units=self.random.choice((None, self.random.randint(1, 10))),
        )

    def _cancel(self, state: State) -> commands.CancelOrder:
        return commands.CancelOrder(*self._some_order(state))

    def _cancel_all(self, state: State) -> commands.CancelOrders:
        return commands.CancelOrders(self._someone(), tag=self.random.choice(("", "a")))

    def _batch(self, state: State) -> commands.BatchOrders:
        member_id = self._someone()
        items: list[Any] = [
            self._place(state)._replace(member_id=member_id)
            for _ in range(self.random.randint(1, 5))
        ]
        items.append(commands.CancelOrder(member_id, self._some_order(state)[1]))
        return commands.BatchOrders(member_id, tuple(items), self.random.random() < 0.5)

    # ---- consumption ---------------------------------------------------------------------------

    def _transfer(self, state: State) -> commands.TransferUnits:
        symbol = self.random.choice(SYMBOLS)
        return commands.TransferUnits(self._someone(), f"ins_{symbol}", self.random.randint(1, 3))

    def _reserve(self, state: State) -> commands.Command:
        self.deliveries += 1
        prompt = self.random.choice((10, 5_000, 60_000))
        keys = list(state.keys.values())
        key = self.random.choice(keys) if keys and self.random.random() < 0.7 else None
        output = self.random.choice((0, 300, 20_000, 60_000))
        command: commands.Command = reserve(
            f"dlv_{self.deliveries:06d}",
            key.member_id if key else self._someone(),
            prompt,
            output,
            instrument_id=f"ins_{self.random.choice(SYMBOLS)}",
            choices=self.random.choice((1, 1, 40)),
            max_price_micros=self.random.choice((None, 900_000)),
            key_id=key.key_id if key else "key_none",
        )
        return command

    def _mark(self, state: State) -> commands.Mark:
        delivery_id = self._some_delivery(state)
        reservation = state.reservations.get(delivery_id)
        top = reservation.reserved_tokens if reservation else 1_000
        return commands.Mark(delivery_id, self.random.randint(0, top))

    def _report(self, state: State) -> commands.Report:
        rand = self.random
        delivery_id = self._some_delivery(state)
        reservation = state.reservations.get(delivery_id)
        top = reservation.reserved_tokens if reservation else 1_000
        return commands.Report(
            delivery_id,
            rand.choice(VERDICTS),  # type: ignore[arg-type]
            rand.randint(0, top),
            supplier_id=rand.choice(("", numbered_member(1), numbered_member(2))),
            canonical=TokenCounts(rand.randint(0, top), rand.randint(0, top)),
        )

    def _dispute(self, state: State) -> commands.DisputeUsage:
        rand = self.random
        settled = [*state.closed_deliveries.values()]
        closed = rand.choice(settled) if settled else None
        return commands.DisputeUsage(
            closed.member_id if closed else self._someone(),
            closed.usage_id if closed else "usg_none",
            rand.choice((numbered_member(1), numbered_member(2), "mem_gone")),
            f"ins_{rand.choice(SYMBOLS)}",
            rand.choice(("wrong_count", "other")),
            rand.randint(0, 5 * DOLLAR),
            closed.closed_at_us if closed else 0,
        )

    def _resolve(self, state: State) -> commands.ResolveDispute:
        rand = self.random
        dispute_id = rand.choice([*state.disputes, "dsp_none"])
        dispute = state.disputes.get(dispute_id)
        most = dispute.cost_micros if dispute else DOLLAR
        return commands.ResolveDispute(
            dispute_id,
            rand.choice((0, most, rand.randint(0, most), most + 1)),
            rand.choice(("supplier", "venue")),
            "looked at",
        )

    def _late_report(self, state: State) -> commands.Report:
        waiting = [each for each, it in state.closed_deliveries.items() if it.awaits_report]
        report = self._report(state)
        return report._replace(delivery_id=self.random.choice(waiting)) if waiting else report

    def _counting(self, state: State) -> commands.Command:
        rand = self.random
        if rand.random() < 0.5:
            return commands.RegisterReceiptKey(rand.choice(("rck_a", "rck_b")), "00")
        return commands.DefineMeteringPolicy(
            FIRST_POLICY._replace(message_tokens=rand.choice((0, 7, -1)))
        )

    # ---- the rest ------------------------------------------------------------------------------

    def _of_supply(self, make: Supplying, state: State) -> commands.Command:
        return make(self.random)

    def _cash(self, state: State) -> commands.Command:
        amount = self.random.randint(1, 900 * DOLLAR)
        if self.random.random() < 0.5:
            return commands.Deposit(self._someone(), amount)
        return commands.Withdraw(self._someone(), amount)

    def _settings(self, state: State) -> commands.UpdateSettings:
        rand = self.random
        return commands.UpdateSettings(
            self._someone(),
            account_mode=rand.choice(("auto", "advanced")),
            auto_buy_ceiling_micros=rand.choice((0, 1_500_000)),
            auto_buy_units=rand.randint(1, 4),
            auto_buy_day_ceiling_micros=rand.choice((0, 0, 40_000_000)),
            auto_buy_threshold_tokens=rand.choice((0, 1_500_000)),
            notice_cash_micros=rand.choice((0, 2_990 * DOLLAR)),
            notice_tokens=rand.choice((0, 1_000_000)),
            notice_lot_lead_us=rand.choice((0, 2 * HOUR)),
            notice_key_lead_us=rand.choice((0, HOUR)),
        )

    def _market_state(self, state: State) -> commands.SetMarketState:
        states = ("open",) * 12 + ("cancel_only", "halted")
        market_state: Any = self.random.choice(states)
        return commands.SetMarketState(MARKET, market_state)

    def _policy(self, state: State) -> commands.SetPolicy:
        changes = self.random.choice(
            (
                ("retire_unsold_at_sweep", self.random.randint(0, 1)),
                ("max_events", 1_000 + self.random.randint(0, 100)),
                ("max_parcels", self.random.choice((2, 1_000))),
                ("outage_gap_us", self.random.choice((0, 60 * SECOND))),
                ("price_band_bps", self.random.choice((0, 9_000))),
                ("standing_enforced", self.random.randint(0, 1)),
                *supply_policies(self.random),
                ("dispute_window_us", self.random.choice((30 * SECOND, 168 * HOUR))),
            )
        )
        return commands.SetPolicy((changes,))

    def _quotes(self, state: State) -> commands.ReplaceQuotes:
        rand = self.random
        member_id, market_id = numbered_member(rand.randint(1, 2)), f"mkt_{rand.choice(SYMBOLS)}"
        quotes = [
            place(
                member_id,
                side,
                rand.randint(1, 3),
                rand.randint(1, 40) * 50_001,
                market_id=market_id,
                tag="q",
                post_only=rand.random() < 0.5,
                source="issuance" if side == "sell" else "trading",
            )
            for side in rand.choices(("buy", "sell"), k=rand.randint(0, 3))
        ]
        return commands.ReplaceQuotes(member_id, market_id, "q", tuple(quotes))

    def _timer(self, state: State) -> commands.CancelAllAfter:
        return commands.CancelAllAfter(self._someone(), self.random.choice((0, 1, 9)) * SECOND)

    def _auction(self, state: State) -> commands.StartAuction:
        market_id = f"mkt_{self.random.choice(SYMBOLS)}"
        return commands.StartAuction(market_id, self.at_us + self.random.randint(0, 40) * SECOND)

    def _market_policy(self, state: State) -> commands.SetMarketPolicy:
        rand = self.random
        policy = MarketPolicy(
            max_move_bps=rand.choice((0, 500, 3_000)),
            max_move_window_us=rand.choice((1, 60)) * SECOND,
            max_move_auction_us=rand.choice((1, 30)) * SECOND,
            sweep_auction_us=rand.choice((0, HOUR)),
        )
        return commands.SetMarketPolicy(f"mkt_{rand.choice(SYMBOLS)}", policy)

    def _classify(self, state: State) -> commands.Command:
        rand = self.random
        if rand.random() < 0.3:
            mode = rand.choice(("rates", "discount"))
            return commands.SetFeeTier(
                rand.choice(("a", "b")), mode, rand.randint(0, 80), rand.randint(0, 80)
            )
        return commands.UpdateMember(
            self._someone(),
            rand.choice((None, "", "pair")),
            rand.choice((None, "", "a", "b")),
            affiliation_group=rand.choice((None, None, "", "kin")),
        )

    def _someone(self) -> str:
        return numbered_member(self.random.randint(1, 5))

    def _some_order(self, state: State) -> tuple[str, str]:
        if not state.orders or self.random.random() < 0.05:
            return self._someone(), f"ord_{self.random.randrange(100):012d}"
        order = state.orders[self.random.choice(sorted(state.orders))]
        return order.member_id, order.order_id

    def _some_delivery(self, state: State) -> str:
        if not state.reservations or self.random.random() < 0.05:
            closed = sorted(state.closed_deliveries)
            return self.random.choice(closed or [f"dlv_{self.random.randrange(100):06d}"])
        return self.random.choice(sorted(state.reservations))


def lived_through(seed: int, length: int, *, checked: bool = False) -> Exchange:
    """An exchange after its opening and so many random commands; its rows tell them."""
    world = World(seed)
    exchange = Exchange(checked=checked, outages=True)
    for command in world.opening():
        exchange.ok(command)
    for _ in range(length):
        command, exchange.at_us = world.next(exchange.state)
        exchange.send(command)
    return exchange
