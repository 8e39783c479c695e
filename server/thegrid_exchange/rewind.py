"""`grid-exchange replay --until`: the exchange as of a row or an instant, from the journal alone.

It only reads, beside a running exchange or without one; printing rows as they are is `command`'s.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from thegrid_exchange.engine.quantities import CASH, MICROS_PER_DOLLAR, TOKENS_PER_UNIT
from thegrid_exchange.journal.protocol import Head, JournalError
from thegrid_exchange.journal.reader import SqlReader
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.recovery import state_at
from thegrid_exchange.views.past import Unknown, market_then, member_then, whole_then

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Wanted(NamedTuple):
    """What is asked for: a row or an instant, and of whom; neither means the whole."""

    until: str
    member: str = ""
    market: str = ""


async def rewind(reader: SqlReader, wanted: Wanted) -> dict[str, Any]:
    """The answer as plain values. Raises JournalError naming what cannot be answered."""
    state, head = await state_at(reader, running_rules(), await _row(reader, wanted.until))
    shown: dict[str, Any] = {"seq": head.seq, "at": moment(head.at_us), "hash": head.hash.hex()}
    try:
        if wanted.member:
            shown["member"] = member_then(state, wanted.member)
        if wanted.market:
            shown["market"] = market_then(state, wanted.market)
    except Unknown as error:
        raise JournalError(f"{error} (row {head.seq}, {moment(head.at_us)})") from None
    if not (wanted.member or wanted.market):
        shown["whole"] = whole_then(state)
    return shown


async def _row(reader: SqlReader, until: str) -> int:
    """The row that is meant: itself, or the last one stamped at or before the instant."""
    head: Head = await reader.head()
    if until.isascii() and until.isdigit():
        if int(until) > head.seq:
            raise JournalError(f"--until: there is no row {until} yet; the last is {head.seq}")
        return int(until)
    try:
        instant = datetime.fromisoformat(until)
    except ValueError:
        raise JournalError(
            f"--until: {until!r} is neither a row nor an instant; write 1234 or "
            "2026-01-31T12:00:00Z"
        ) from None
    since = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - _EPOCH
    at_us = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return await reader.last_seq_before(at_us + 1)


def moment(at_us: int) -> str:
    """An instant in ISO 8601, exact to the microsecond."""
    seconds, micros = divmod(at_us, 1_000_000)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{micros:06d}Z"


def as_json(shown: dict[str, Any]) -> str:
    """One JSON object."""
    return json.dumps(shown)


def as_lines(shown: dict[str, Any]) -> Iterator[str]:
    """The answer for people; amounts in dollars and Units, exact."""
    yield f"as of row {shown['seq']}, {shown['at']}"
    if "member" in shown:
        yield from _member_lines(shown["member"])
    if "market" in shown:
        yield from _market_lines(shown["market"])
    if "whole" in shown:
        yield from _whole_lines(shown["whole"])


def _member_lines(shown: dict[str, Any]) -> Iterator[str]:
    yield f"member {shown['member']['member_id']} {shown['member']['handle']}"
    yield from _balance_lines(shown["balances"])
    for order in shown["open_orders"]:
        yield (
            f"  order {order['order_id']} {order['market_id']} {order['side']} "
            f"{order['remaining_units']} at {_dollars(order['price_micros'])}"
        )
    for lot in shown["open_lots"]:
        yield (
            f"  lot {lot['lot_id']} {lot['instrument_id']} {_units(lot['free_tokens'])} free, "
            f"{_units(lot['reserved_tokens'])} in use, until {moment(lot['expires_at_us'])}"
        )


def _market_lines(shown: dict[str, Any]) -> Iterator[str]:
    last = shown["last_trade_price_micros"]
    yield (
        f"market {shown['symbol']} {shown['market_id']} {shown['state']}, "
        f"last {'-' if last is None else _dollars(last)}"
    )
    asks = ((level, "ask") for level in reversed(shown["asks"]))
    bids = ((level, "bid") for level in shown["bids"])
    for level, side in (*asks, *bids):
        yield (
            f"  {side} {_dollars(level['price_micros']):>12} {level['quantity_units']:>8} Units, "
            f"{len(level['order_ids'])} orders"
        )


def _whole_lines(shown: dict[str, Any]) -> Iterator[str]:
    for name in ("members", "markets", "open_orders", "open_lots", "open_deliveries"):
        yield f"  {name.replace('_', ' '):16} {shown[name]}"
    yield from _balance_lines(shown["trial_balance"])
    yield f"  digest {shown['digest']}"


def _balance_lines(lines: list[dict[str, Any]]) -> Iterator[str]:
    for line in lines:
        amount = line["amount"]
        said = _dollars(amount) if line["asset"] == CASH else f"{_units(amount)} Units"
        yield f"  {line['asset']:18} {line['account']:12} {said:>20}"


def _dollars(micros: int) -> str:
    return f"{_decimal(micros, MICROS_PER_DOLLAR)} usd"


def _units(tokens: int) -> str:
    return _decimal(tokens, TOKENS_PER_UNIT)


def _decimal(amount: int, whole: int) -> str:
    ones, rest = divmod(abs(amount), whole)
    digits = len(str(whole)) - 1
    return f"{'-' if amount < 0 else ''}{ones}" + (
        f".{rest:0{digits}d}".rstrip("0") if rest else ""
    )
