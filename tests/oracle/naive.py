"""The naive exchange: one command after the other, each with its refusal or its answer.

It is written from the rules of the market alone and shares no line with the engine; what it cannot
do is in no command that it is given: limits of keys, notices, dead man's switches, and the
suspension of suppliers by their figures.
"""

from collections.abc import Callable
from typing import Any

from tests.oracle import auctions, clockwork, consuming, endings, supplying, trading
from tests.oracle.books import (
    HOUSE,
    Admission,
    Books,
    Market,
    Member,
    Refused,
    Supplier,
    demand,
)
from tests.oracle.orders import active


class Naive(Books):
    """The books, and what each command does to them."""

    def carry_out(self, command: Any, at: int) -> Any:
        """The answer to a command: the reason of a refusal, or what its rule tells."""
        before, down = self.now, self.clock["down"]
        self.begin(at)
        rule, most = COMMANDS[type(command).__name__], self.figure("outage_gap_us")
        gap = self.now - before if before else 0
        gap = gap if most and gap > most else 0
        answer = self.attempt(lambda: self._after_outage(gap, rule, command))
        if gap and self.clock["down"] == down:
            # Undone with the command, so the next one finds it again.
            self.now = before
        return answer.reason if isinstance(answer, Refused) else answer

    def _after_outage(self, gap: int, rule: Callable[[Books, Any], Any], command: Any) -> Any:
        if gap:
            self.was_down(gap)
        return self._with_own_due(rule, command)

    def _with_own_due(self, rule: Callable[[Books, Any], Any], command: Any) -> Any:
        owner = getattr(command, "member_id", None)
        call = self.calls.get(getattr(command, "delivery_id", ""))
        if owner is None and call is not None:
            owner = call.owner
        if owner is not None:
            clockwork.run_own(self, owner)
        return rule(self, command)


# ---- what only sets things up ------------------------------------------------------------------


def set_policy(books: Books, ask: Any) -> None:
    books.figures.update(ask.changes)


def define_instrument(books: Books, ask: Any) -> None:
    interval = books.figure("sweep_interval_us")
    next_sweep = (books.now // interval + 1) * interval
    books.markets[f"mkt_{ask.symbol}"] = Market(f"ins_{ask.symbol}", ask.terms, next_sweep)


def create_member(books: Books, ask: Any) -> None:
    books.members[books.next("mem")] = Member(
        ask.roles,
        ask.affiliation_group,
        ask.prevention_group,
        ask.fee_tier,
        ask.account_mode,
        ask.auto_buy_ceiling_micros,
    )


def update_member(books: Books, ask: Any) -> None:
    demand(ask.member_id in books.members, "MEMBER_NOT_FOUND")
    demand(not ask.fee_tier or ask.fee_tier in books.tiers, "FEE_TIER_NOT_FOUND")
    _replace(
        books,
        ask.member_id,
        party=ask.prevention_group,
        tier=ask.fee_tier,
        group=ask.affiliation_group,
    )


def update_settings(books: Books, ask: Any) -> None:
    _replace(
        books,
        ask.member_id,
        mode=ask.account_mode,
        ceiling=ask.auto_buy_ceiling_micros,
        size=ask.auto_buy_units,
        transfers=ask.auto_transfer,
        prevention=ask.self_trade_prevention,
        day_ceiling=ask.auto_buy_day_ceiling_micros,
        threshold=ask.auto_buy_threshold_tokens,
    )


def _replace(books: Books, member: str, **given: Any) -> None:
    demand(member in books.members, "MEMBER_NOT_FOUND")
    changes = {name: value for name, value in given.items() if value is not None}
    books.members[member] = books.members[member]._replace(**changes)


def suspend_member(books: Books, ask: Any) -> None:
    """Stop a member; its orders are cancelled."""
    demand(ask.member_id in books.members, "MEMBER_NOT_FOUND")
    if not books.members[ask.member_id].suspended:
        _replace(books, ask.member_id, suspended=True)
        supplying.note_turns(books, ask.member_id)
        trading.cancel_matching(books, ask.member_id, "", "")


def cancel_orders(books: Books, ask: Any) -> list[str]:
    demand(ask.member_id in books.members, "MEMBER_NOT_FOUND")
    return trading.cancel_matching(books, ask.member_id, ask.market_id, ask.tag)


def reinstate_member(books: Books, ask: Any) -> None:
    _replace(books, ask.member_id, suspended=False)
    supplying.note_turns(books, ask.member_id)


def set_fee_tier(books: Books, ask: Any) -> None:
    books.tiers[ask.fee_tier] = (ask.mode, ask.maker_bps, ask.taker_bps)


def admit_supplier(books: Books, ask: Any) -> None:
    active(books, ask.member_id, "supplier")
    key, speed = (ask.member_id, ask.instrument_id), ask.verified_tokens_per_second
    known = books.suppliers.get(ask.member_id, Supplier(speed))
    books.suppliers[ask.member_id] = known._replace(speed=speed or known.speed)
    admission = books.admissions.get(key, Admission())
    books.admissions[key] = admission._replace(suspended=speed == 0)
    supplying.note_turns(books, ask.member_id)


def register_offer(books: Books, ask: Any) -> None:
    active(books, ask.member_id, "supplier")
    books.offers[ask.member_id, ask.instrument_id] = True
    supplying.note_turns(books, ask.member_id)


def withdraw_offer(books: Books, ask: Any) -> None:
    key = (ask.member_id, ask.instrument_id)
    demand(key in books.offers, "OFFER_NOT_FOUND")
    del books.offers[key]
    supplying.note_turns(books, ask.member_id)


# ---- money -------------------------------------------------------------------------------------


def deposit(books: Books, ask: Any) -> int:
    demand(ask.member_id in books.members, "MEMBER_NOT_FOUND")
    demand(ask.amount_micros > 0, "INVALID_ARGUMENT")
    books.pay("deposit", (HOUSE, "external"), (ask.member_id, "available"), ask.amount_micros)
    return books.balance(ask.member_id, "available")


def withdraw(books: Books, ask: Any) -> int:
    """Pay money out; a supplier's earnings stay where collateral is missing."""
    member, amount = ask.member_id, ask.amount_micros
    demand(member in books.members, "MEMBER_NOT_FOUND")
    demand(amount > 0, "INVALID_ARGUMENT")
    there = books.balance(member, "available")
    demand(amount <= there, "INSUFFICIENT_FUNDS")
    missing = supplying.missing(books, member) if member in books.suppliers else 0
    demand(not missing or amount <= there - missing, "COLLATERAL_SHORT")
    books.pay("withdrawal", (member, "available"), (HOUSE, "external"), amount)
    return books.balance(member, "available")


def fund_guarantee(books: Books, ask: Any) -> int:
    demand(ask.amount_micros > 0, "INVALID_ARGUMENT")
    books.pay("guarantee", (HOUSE, "external"), (HOUSE, "guarantee"), ask.amount_micros)
    return books.balance(HOUSE, "guarantee")


def dispute(books: Books, ask: Any) -> None:
    """Open the one dispute that a usage record may have."""
    demand(ask.member_id in books.members, "MEMBER_NOT_FOUND")
    there = [each for each in books.disputes.values() if each[0].usage_id == ask.usage_id]
    demand(not there, "DISPUTE_EXISTS")
    in_time = books.now - ask.settled_at_us <= books.figure("dispute_window_us")
    demand(in_time, "DISPUTE_TOO_LATE")
    mine = [asked for asked, is_open in books.disputes.values() if is_open]
    demand(sum(each.member_id == ask.member_id for each in mine) < 100, "DISPUTE_LIMIT")
    books.disputes[books.next("dsp")] = (ask, True)


def resolve(books: Books, ask: Any) -> None:
    """Pay back up to the cost of a call, by the waterfall or from the guarantee."""
    demand(ask.dispute_id in books.disputes, "DISPUTE_NOT_FOUND")
    asked, is_open = books.disputes[ask.dispute_id]
    demand(is_open, "DISPUTE_CLOSED")
    demand(0 <= ask.refund_micros <= asked.cost_micros, "INVALID_ARGUMENT")
    books.disputes[ask.dispute_id] = (asked, False)
    owner = (asked.member_id, "available")
    if ask.payer == "supplier" and asked.supplier_id in books.members:
        claims = endings.Claims()
        claims.add(asked.supplier_id, ask.refund_micros, 0)
        endings.settle(books, asked.member_id, claims, "dispute")
        return
    paid = min(ask.refund_micros, books.balance(HOUSE, "guarantee"))
    books.pay("dispute_guarantee", (HOUSE, "guarantee"), owner, paid)


COMMANDS: dict[str, Callable[[Books, Any], Any]] = {
    "SetPolicy": set_policy,
    "DefineInstrument": define_instrument,
    "SetMarketState": auctions.set_state,
    "SetMarketPolicy": auctions.set_policy,
    "StartAuction": auctions.start,
    "CreateMember": create_member,
    "UpdateMember": update_member,
    "CreateKey": lambda books, ask: None,
    "RegisterReceiptKey": lambda books, ask: None,
    "UpdateSettings": update_settings,
    "SuspendMember": suspend_member,
    "ReinstateMember": reinstate_member,
    "SetFeeTier": set_fee_tier,
    "AdmitSupplier": admit_supplier,
    "SuspendSupplier": lambda books, ask: supplying.suspend(books, ask, True),
    "ReinstateSupplier": lambda books, ask: supplying.suspend(books, ask, False),
    "RegisterOffer": register_offer,
    "WithdrawOffer": withdraw_offer,
    "Availability": supplying.availability,
    "Deposit": deposit,
    "Withdraw": withdraw,
    "FundGuarantee": fund_guarantee,
    "PostCollateral": supplying.post_collateral,
    "WithdrawCollateral": supplying.withdraw_collateral,
    "IssueUnits": supplying.issue,
    "RetireUnits": supplying.retire,
    "SetRenewal": supplying.renew,
    "PlaceOrder": trading.place,
    "AmendOrder": trading.amend,
    "CancelOrder": trading.cancel,
    "CancelOrders": cancel_orders,
    "BatchOrders": lambda books, ask: trading.batch(books, ask.items, all_or_none=ask.all_or_none),
    "ReplaceQuotes": trading.quotes,
    "TransferUnits": consuming.transfer,
    "Reserve": consuming.reserve,
    "Mark": consuming.mark,
    "Report": consuming.report,
    "DisputeUsage": dispute,
    "ResolveDispute": resolve,
    "Tick": lambda books, ask: clockwork.tick(books),
}
