"""Order terms, references and batch steps, made from plain arguments.
Nothing here calls the exchange.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from thegrid.enums import enum_number
from thegrid.times import timestamp
from thegrid.v1 import trading_pb2
from thegrid.v1.common_pb2 import Side

_ENUMS = {
    "side": Side,
    "type": trading_pb2.OrderType,
    "time_in_force": trading_pb2.TimeInForce,
    "source": trading_pb2.UnitSource,
    "self_trade_prevention": trading_pb2.SelfTradePrevention,
    "post_only_mode": trading_pb2.PostOnlyMode,
}


def order_terms(
    market: str,
    side: int | str,
    quantity_units: int,
    price_micros: int | None = None,
    **terms: object,
) -> trading_pb2.OrderTerms:
    """Return terms: a limit order with a price, a market order without, unless `type` says so.

    Enums are numbers or short names (`"buy"`, `"ioc"`), instants aware datetimes. Raises
    ValueError or TypeError naming the field.
    """
    default_type = "market" if price_micros is None else "limit"
    given: dict[str, Any] = {"type": default_type, **terms, "market": market, "side": side}
    for name, wrapper in _ENUMS.items():
        if name in given:
            given[name] = enum_number(wrapper, given[name], name)
    for name, value in (("quantity_units", quantity_units), ("price_micros", price_micros)):
        if isinstance(value, bool) or not isinstance(value, int | None):
            raise TypeError(f"{name}: an int is needed, not {type(value).__name__}")
    for name, term in given.items():
        if isinstance(term, datetime):
            given[name] = timestamp(term)
    try:
        return trading_pb2.OrderTerms(
            **given, quantity_units=quantity_units, price_micros=price_micros or 0
        )
    except ValueError as problem:
        raise ValueError(f"order terms: {problem}") from None


def order_ref(order_id: str = "", client_order_id: str = "") -> trading_pb2.OrderRef:
    """Return a reference by exactly one of the two ids. Raises ValueError otherwise."""
    if bool(order_id) == bool(client_order_id):
        raise ValueError("name an order by order_id or by client_order_id, not by both or none")
    if order_id:
        return trading_pb2.OrderRef(order_id=order_id)
    return trading_pb2.OrderRef(client_order_id=client_order_id)


def place_item(terms: trading_pb2.OrderTerms) -> trading_pb2.BatchItem:
    """Return a step that enters an order."""
    return trading_pb2.BatchItem(place=terms)


def amend_item(
    order_id: str = "",
    *,
    client_order_id: str = "",
    price_micros: int | None = None,
    quantity_units: int | None = None,
) -> trading_pb2.BatchItem:
    """Return a step that changes an order."""
    change = trading_pb2.Amend(
        order=order_ref(order_id, client_order_id),
        price_micros=price_micros,
        quantity_units=quantity_units,
    )
    return trading_pb2.BatchItem(amend=change)


def cancel_item(order_id: str = "", *, client_order_id: str = "") -> trading_pb2.BatchItem:
    """Return a step that closes an order."""
    return trading_pb2.BatchItem(cancel=order_ref(order_id, client_order_id))


def quote(
    side: int | str, quantity_units: int, price_micros: int, **terms: object
) -> trading_pb2.Quote:
    """Return one quote for `replace_quotes`; `terms` are further fields of Quote.

    Enums are numbers or short names. Raises ValueError or TypeError naming the field.
    """
    given: dict[str, Any] = {**terms, "side": side}
    for name in ("side", "source", "post_only_mode"):
        if name in given:
            given[name] = enum_number(_ENUMS[name], given[name], name)
    for name, value in (("quantity_units", quantity_units), ("price_micros", price_micros)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name}: an int is needed, not {type(value).__name__}")
    try:
        return trading_pb2.Quote(**given, quantity_units=quantity_units, price_micros=price_micros)
    except ValueError as problem:
        raise ValueError(f"quote: {problem}") from None


def quotes_item(
    market: str,
    tag: str,
    quotes: Iterable[trading_pb2.Quote],
    *,
    time_in_force: int | str = 0,
    expire_time: datetime | None = None,
    valid_until_time: datetime | None = None,
    self_trade_prevention: int | str = 0,
    request_id: str = "",
) -> trading_pb2.ReplaceQuotesRequest:
    """Return a step of an order session that puts new quotes in the place of all with the tag."""
    prevention = enum_number(
        trading_pb2.SelfTradePrevention, self_trade_prevention, "self_trade_prevention"
    )
    return trading_pb2.ReplaceQuotesRequest(
        request_id=request_id,
        market=market,
        tag=tag,
        quotes=quotes,
        time_in_force=enum_number(trading_pb2.TimeInForce, time_in_force, "time_in_force"),  # type: ignore[arg-type]
        expire_time=timestamp(expire_time),
        valid_until_time=timestamp(valid_until_time),
        self_trade_prevention=prevention,  # type: ignore[arg-type]
    )
