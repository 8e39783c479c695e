"""Collateral: what stands behind sold Units beside their escrow, and when it does not suffice.

Required is the dearer of first price and index for all that is owed, and a penalty on top, less the
escrow that counts. It is marked anew at each index; a supplier that is short issues nothing.
"""

from typing import Final

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import (
    CASH,
    HOUSE,
    INT64_MAX,
    PER_MILLE,
    TOKENS_PER_UNIT,
    value_micros,
)
from thegrid_exchange.engine.records import CollateralMark, IndexWindow, Posting
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.lookups import the_member
from thegrid_exchange.engine.rules.obligations import (
    capacity_tokens,
    liability_tokens,
    obligation_tokens,
    unsold_tokens,
)
from thegrid_exchange.engine.rules.reference_index import index_price_micros
from thegrid_exchange.engine.state import State

_MARKED_PER_EVENT: Final = 100


# ---- how much ----------------------------------------------------------------------------------


def required_micros(state: State, member_id: str) -> int:
    """Collateral that a supplier must have for what it has sold and still owes."""
    return _required(state, member_id, {})


def required_if_sold_micros(
    state: State, member_id: str, instrument_id: str, more_units: int
) -> int:
    """Collateral that it must have to issue more: as if all unsold Units were sold at the index."""
    unsold = {
        each: unsold_tokens(state, member_id, each)
        for each in state.indices.admissions_of[member_id]
    }
    unsold[instrument_id] = unsold.get(instrument_id, 0) + more_units * TOKENS_PER_UNIT
    return _required(state, member_id, unsold)


def missing_micros(state: State, member_id: str) -> int:
    """What a supplier must post before it may issue again, debts to the guarantee included."""
    debt = state.shortfalls.get(member_id)
    lacking = required_micros(state, member_id) - state.balance(member_id, "collateral", CASH)
    return max(0, lacking) + (debt.guarantee_micros if debt else 0)


def _required(state: State, member_id: str, sold_besides: dict[str, int]) -> int:
    loaded = PER_MILLE + state.term("supply_penalty_per_mille")
    required = escrow = 0
    for instrument_id in state.indices.admissions_of[member_id]:
        index_micros = index_price_micros(state, instrument_id)
        besides = sold_besides.get(instrument_id, 0)
        owed_tokens = liability_tokens(state, member_id, instrument_id) + besides
        proceeds = state.indices.sold_micros[(member_id, instrument_id)]
        proceeds += value_micros(index_micros, besides)
        worth = max(proceeds, value_micros(index_micros, owed_tokens))
        required += -(-worth * loaded // PER_MILLE)
        escrow += proceeds
    counted = escrow * state.term("collateral_escrow_per_mille") // PER_MILLE
    return min(max(0, required - counted), INT64_MAX)


# ---- checks ------------------------------------------------------------------------------------


def check_issue(state: State, member_id: str, instrument_id: str, quantity_units: int) -> None:
    """Refuse to issue what a supplier's collateral would not stand behind."""
    posted = state.balance(member_id, "collateral", CASH)
    required = required_if_sold_micros(state, member_id, instrument_id, quantity_units)
    debt = state.shortfalls.get(member_id)
    if debt is not None and debt.guarantee_micros:
        required = min(required + debt.guarantee_micros, INT64_MAX)
    if required > posted:
        refuse(
            "COLLATERAL_SHORT",
            "quantity_units",
            f"{required} micro-dollars of collateral are required, {posted} are posted; post more",
            limit=posted,
            value=required,
        )


def check_withdrawal(state: State, member_id: str, amount_micros: int) -> None:
    """Refuse to pay out earnings that must stand in for missing collateral."""
    if member_id not in state.suppliers:
        return
    missing = missing_micros(state, member_id)
    free = state.balance(member_id, "available", CASH) - missing
    if missing and amount_micros > free:
        refuse(
            "COLLATERAL_SHORT",
            "amount_micros",
            f"{missing} micro-dollars of collateral are missing; post them first",
            limit=max(0, free),
            value=amount_micros,
        )


def may_renew(state: State, member_id: str, instrument_id: str) -> bool:
    """Whether unsold Units may be on sale for another window: asked for, admitted and covered."""
    supplier = state.suppliers.get(member_id)
    admission = state.admissions.get((member_id, instrument_id))
    if supplier is None or admission is None or not admission.renews_unsold:
        return False
    if supplier.suspended or admission.suspended:
        return False
    if obligation_tokens(state, member_id) > capacity_tokens(state, supplier):
        return False
    posted = state.balance(member_id, "collateral", CASH)
    return required_if_sold_micros(state, member_id, instrument_id, 0) <= posted


# ---- posting and withdrawing -------------------------------------------------------------------


def post_collateral(
    state: State, command: commands.PostCollateral
) -> Rule[replies.CollateralReply]:
    """Move available cash into collateral; a debt to the guarantee is paid from it at once."""
    member_id = the_member(state, command.member_id).member_id
    _check_supplier(state, member_id)
    amount = command.amount_micros
    available = state.balance(member_id, "available", CASH)
    if not 0 < amount <= available:
        refuse(
            "INSUFFICIENT_FUNDS" if amount > 0 else "INVALID_ARGUMENT",
            "amount_micros",
            f"must be 1 to {available} micro-dollars, what is available; deposit more",
            limit=available,
            value=amount,
        )
    yield from _moved(member_id, "available", "collateral", amount)
    yield from _repaid(state, member_id)
    return (yield from _answer(state, member_id))


def withdraw_collateral(
    state: State, command: commands.WithdrawCollateral
) -> Rule[replies.CollateralReply]:
    """Move collateral that is not required back into a supplier's available cash."""
    member_id = the_member(state, command.member_id).member_id
    _check_supplier(state, member_id)
    amount = command.amount_micros
    posted = state.balance(member_id, "collateral", CASH)
    free = max(0, posted - required_micros(state, member_id))
    if not 0 < amount <= free:
        refuse(
            "COLLATERAL_SHORT" if amount > 0 else "INVALID_ARGUMENT",
            "amount_micros",
            f"must be 1 to {free} micro-dollars, what is posted beyond the required",
            limit=free,
            value=amount,
        )
    yield from _moved(member_id, "collateral", "available", amount)
    return (yield from _answer(state, member_id))


def _check_supplier(state: State, member_id: str) -> None:
    if member_id not in state.suppliers:
        refuse("SUPPLIER_NOT_ADMITTED", "member_id", "is no supplier; ask the operator")


def _moved(member_id: str, account_from: str, account_to: str, amount: int) -> Rule[None]:
    yield events.Posted(
        (
            Posting(member_id, account_from, CASH, -amount),
            Posting(member_id, account_to, CASH, amount),
        ),
        "collateral",
        member_id,
    )


def _repaid(state: State, member_id: str) -> Rule[None]:
    """Pay the guarantee back what it advanced for a supplier, from the collateral just posted."""
    debt = state.shortfalls.get(member_id)
    if debt is None or not debt.guarantee_micros:
        return
    amount = min(debt.guarantee_micros, state.balance(member_id, "collateral", CASH))
    yield events.Posted(
        (
            Posting(member_id, "collateral", CASH, -amount),
            Posting(HOUSE, "guarantee", CASH, amount),
        ),
        "repay_guarantee",
        member_id,
    )
    rest = debt._replace(guarantee_micros=debt.guarantee_micros - amount)
    yield events.ShortfallRecorded((), (rest,), member_id)


def _answer(state: State, member_id: str) -> Rule[replies.CollateralReply]:
    mark = mark_of(state, member_id)
    if mark != state.collateral_marks.get(member_id):
        yield events.CollateralMarked((mark,))
    return replies.CollateralReply(mark)


# ---- marking -----------------------------------------------------------------------------------


def mark_of(state: State, member_id: str) -> CollateralMark:
    """How a supplier's collateral stands now."""
    return CollateralMark(
        member_id,
        required_micros(state, member_id),
        state.balance(member_id, "collateral", CASH),
        missing_micros(state, member_id),
        state.now_us,
    )


def mark_suppliers(state: State, window: IndexWindow, then: IndexWindow) -> events.CollateralMarked:
    """Mark the next suppliers of an instrument whose index was set; `then` follows the last."""
    suppliers = state.indices.suppliers_of[window.instrument_id]
    marks: list[CollateralMark] = []
    member_id = suppliers.first_from(window.marking_from or "")
    while member_id is not None:
        if len(marks) == _MARKED_PER_EVENT:
            then = window._replace(marking_from=member_id)
            break
        marks.append(mark_of(state, member_id))
        member_id = suppliers.first_from(member_id + "\0")
    changed = [mark for mark in marks if _has_changed(state, mark)]
    return events.CollateralMarked(tuple(changed), then)


def _has_changed(state: State, mark: CollateralMark) -> bool:
    known = state.collateral_marks.get(mark.member_id)
    if known is None:
        return bool(mark.required_micros or mark.posted_micros or mark.missing_micros)
    return known._replace(marked_at_us=mark.marked_at_us) != mark
