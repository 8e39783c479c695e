"""Cash: money in and out of the exchange, and the shapes of postings that other rules share.

Every movement is one `Posted` event; Units in tokens move through the same event.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import CASH, HOUSE, INT64_MAX
from thegrid_exchange.engine.records import Posting
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.collateral import check_withdrawal
from thegrid_exchange.engine.rules.lookups import the_member
from thegrid_exchange.engine.state import State


def deposit(state: State, command: commands.Deposit) -> Rule[replies.CashReply]:
    """Credit a member with money that came from outside."""
    member = the_member(state, command.member_id)
    _check_amount(state, command.amount_micros)
    yield cash_in(member.member_id, "available", command.amount_micros, command.reference)
    return _cash_reply(state, member.member_id, command.amount_micros)


def withdraw(state: State, command: commands.Withdraw) -> Rule[replies.CashReply]:
    """Pay a member's available money out; what orders hold is not available.

    Of a supplier, what must stand in for missing collateral stays.
    """
    member = the_member(state, command.member_id)
    amount_micros = command.amount_micros
    _check_amount(state, amount_micros)
    require_cash(state, member.member_id, amount_micros, field="amount_micros")
    check_withdrawal(state, member.member_id, amount_micros)
    yield events.Posted(
        (
            Posting(member.member_id, "available", CASH, -amount_micros),
            Posting(HOUSE, "external", CASH, amount_micros),
        ),
        "withdrawal",
        command.reference,
    )
    return _cash_reply(state, member.member_id, amount_micros)


def fund_guarantee(state: State, command: commands.FundGuarantee) -> Rule[replies.CashReply]:
    """Credit the house's guarantee with money that came from outside."""
    _check_amount(state, command.amount_micros)
    yield cash_in(HOUSE, "guarantee", command.amount_micros, command.reference)
    guarantee_micros = state.balance(HOUSE, "guarantee", CASH)
    return replies.CashReply(HOUSE, command.amount_micros, guarantee_micros)


def cash_in(owner: str, account: str, amount_micros: int, reference: str) -> events.Posted:
    """The posting of money that came from outside."""
    return events.Posted(
        (
            Posting(HOUSE, "external", CASH, -amount_micros),
            Posting(owner, account, CASH, amount_micros),
        ),
        "guarantee" if owner == HOUSE else "deposit",
        reference,
    )


def require_cash(state: State, member_id: str, amount_micros: int, *, field: str) -> None:
    """Refuse unless the member's available cash covers an amount."""
    available_micros = state.balances.get((member_id, "available", CASH), 0)
    if available_micros < amount_micros:
        refuse(
            "INSUFFICIENT_FUNDS",
            field,
            f"needs {amount_micros} micro-dollars, {available_micros} are available; deposit more",
            limit=available_micros,
            value=amount_micros,
        )


def moved(
    owner: str, asset: str, amount: int, account_from: str, account_to: str, cause: str, of: str
) -> events.Posted:
    """An amount that goes from one account of an owner to another of the same owner.

    `of` names the order, lot or delivery for which it goes.
    """
    return events.Posted(
        (Posting(owner, account_from, asset, -amount), Posting(owner, account_to, asset, amount)),
        cause,
        of,
    )


def _check_amount(state: State, amount_micros: int) -> None:
    # What is outside may never leave 64 bits, so neither can any balance inside.
    inside_micros = -state.balance(HOUSE, "external", CASH)
    most_micros = INT64_MAX - inside_micros
    if not 0 < amount_micros <= most_micros:
        refuse(
            "INVALID_ARGUMENT",
            "amount_micros",
            f"must be 1 to {most_micros} micro-dollars",
            limit=most_micros,
            value=amount_micros,
        )


def _cash_reply(state: State, member_id: str, amount_micros: int) -> replies.CashReply:
    available_micros = state.balance(member_id, "available", CASH)
    return replies.CashReply(member_id, amount_micros, available_micros)
