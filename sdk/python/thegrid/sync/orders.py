# Made by `make proto` from thegrid/aio/orders.py; edit that file instead.
"""Orders and fills of the caller, over unary calls.
A stream for many orders at once is in `order_session`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from thegrid.enums import enum_number
from thegrid.orders import (
    amend_item,
    cancel_item,
    order_ref,
    order_terms,
    place_item,
    quote,
    quotes_item,
)
from thegrid.sync.transport import Transport
from thegrid.times import timestamp
from thegrid.v1 import common_pb2, trading_pb2

__all__ = ["Orders", "amend_item", "cancel_item", "place_item", "quote", "quotes_item"]


class Orders:
    """Prices are micro-dollars per Unit, quantities whole Units. Errors are GridErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def place(
        self,
        terms: trading_pb2.OrderTerms,
        *,
        validate_only: bool = False,
        request_id: str = "",
        timeout_s: float | None = None,
    ) -> trading_pb2.PlaceOrderResponse:
        """Enter an order and answer when it and its fills are durable.

        With `validate_only`, answer the fills and fees it would get now, and change nothing.
        """
        request = trading_pb2.PlaceOrderRequest(
            request_id=request_id, order=terms, validate_only=validate_only
        )
        return self._transport.call(request, trading_pb2.PlaceOrderResponse, timeout_s)

    def buy(
        self,
        market: str,
        quantity_units: int,
        price_micros: int | None = None,
        *,
        validate_only: bool = False,
        request_id: str = "",
        **terms: object,
    ) -> trading_pb2.PlaceOrderResponse:
        """Buy Units: a limit order with a price, a market order without.

        Further `terms` are fields of OrderTerms, such as `time_in_force="ioc"` or
        `client_order_id="mine-1"`.
        """
        order = order_terms(market, "buy", quantity_units, price_micros, **terms)
        return self.place(order, validate_only=validate_only, request_id=request_id)

    def sell(
        self,
        market: str,
        quantity_units: int,
        price_micros: int | None = None,
        *,
        validate_only: bool = False,
        request_id: str = "",
        **terms: object,
    ) -> trading_pb2.PlaceOrderResponse:
        """Sell Units: a limit order with a price, a market order without.

        `source="issuance"` sells Units that the caller issued; `terms` otherwise as for `buy`.
        """
        order = order_terms(market, "sell", quantity_units, price_micros, **terms)
        return self.place(order, validate_only=validate_only, request_id=request_id)

    def amend(
        self,
        order_id: str = "",
        *,
        client_order_id: str = "",
        price_micros: int | None = None,
        quantity_units: int | None = None,
        request_id: str = "",
    ) -> trading_pb2.AmendOrderResponse:
        """Change price or total quantity in place; less quantity alone keeps the place in line."""
        request = trading_pb2.AmendOrderRequest(
            request_id=request_id,
            order=order_ref(order_id, client_order_id),
            price_micros=price_micros,
            quantity_units=quantity_units,
        )
        return self._transport.call(request, trading_pb2.AmendOrderResponse)

    def cancel(
        self, order_id: str = "", *, client_order_id: str = "", request_id: str = ""
    ) -> trading_pb2.Order:
        """Close an open order and return it."""
        request = trading_pb2.CancelOrderRequest(
            request_id=request_id, order=order_ref(order_id, client_order_id)
        )
        response = self._transport.call(request, trading_pb2.CancelOrderResponse)
        return response.order

    def cancel_all(
        self, market: str = "", tag: str = "", *, request_id: str = ""
    ) -> trading_pb2.CancelOrdersResponse:
        """Close all open orders, or those of a market or with a tag."""
        request = trading_pb2.CancelOrdersRequest(request_id=request_id, market=market, tag=tag)
        return self._transport.call(request, trading_pb2.CancelOrdersResponse)

    def batch(
        self,
        items: Iterable[trading_pb2.BatchItem],
        *,
        all_or_none: bool = False,
        request_id: str = "",
        timeout_s: float | None = None,
    ) -> trading_pb2.BatchOrdersResponse:
        """Run up to 500 steps as one command; make them with `place_item` and its likes.

        An item that is refused carries its status; `thegrid.errors.from_status` reads it.
        """
        request = trading_pb2.BatchOrdersRequest(
            request_id=request_id, items=items, all_or_none=all_or_none
        )
        return self._transport.call(request, trading_pb2.BatchOrdersResponse, timeout_s)

    def replace_quotes(
        self,
        market: str,
        tag: str,
        quotes: Iterable[trading_pb2.Quote],
        *,
        time_in_force: int | str = 0,
        expire_time: datetime | None = None,
        valid_until_time: datetime | None = None,
        self_trade_prevention: int | str = 0,
        request_id: str = "",
        timeout_s: float | None = None,
    ) -> trading_pb2.ReplaceQuotesResponse:
        """Put new quotes in the place of all with the tag, as one command: all of it or nothing.

        Make them with `quote`. A quote that is refused carries its status and the others
        BATCH_UNDONE; the old ones then stand as before. No quotes only cancel.
        """
        request = quotes_item(
            market,
            tag,
            quotes,
            time_in_force=time_in_force,
            expire_time=expire_time,
            valid_until_time=valid_until_time,
            self_trade_prevention=self_trade_prevention,
            request_id=request_id,
        )
        return self._transport.call(request, trading_pb2.ReplaceQuotesResponse, timeout_s)

    def cancel_all_after(
        self, span: timedelta, *, request_id: str = ""
    ) -> trading_pb2.CancelAllAfterResponse:
        """Have all orders cancelled unless this is called again within the span; 0 disarms.

        Call it at a third of the span or so, each time anew, so that a lost call does no harm.
        """
        request = trading_pb2.CancelAllAfterRequest(
            request_id=request_id, span_us=span // timedelta(microseconds=1)
        )
        return self._transport.call(request, trading_pb2.CancelAllAfterResponse)

    def cancel_timer(
        self, *, min_position: common_pb2.Position | None = None
    ) -> trading_pb2.GetCancelAllAfterResponse:
        """Return when `cancel_all_after` fires; `fire_time` is unset when it is disarmed."""
        request = trading_pb2.GetCancelAllAfterRequest(min_position=min_position)
        return self._transport.call(request, trading_pb2.GetCancelAllAfterResponse)

    def get(
        self,
        order_id: str = "",
        *,
        client_order_id: str = "",
        min_position: common_pb2.Position | None = None,
    ) -> trading_pb2.Order:
        """Return one order, also long closed."""
        request = trading_pb2.GetOrderRequest(
            order=order_ref(order_id, client_order_id), min_position=min_position
        )
        response = self._transport.call(request, trading_pb2.GetOrderResponse)
        return response.order

    def list(
        self,
        market: str = "",
        status: int | str = 0,
        *,
        client_order_id: str = "",
        tag: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[trading_pb2.Order]:
        """Iterate over the caller's orders, newest first; `status` is `open` or `closed`."""
        request = trading_pb2.ListOrdersRequest(
            page_size=page_size,
            market=market,
            status=enum_number(trading_pb2.OrderStatus, status, "status"),  # type: ignore[arg-type]
            client_order_id=client_order_id,
            tag=tag,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            min_position=min_position,
        )
        return self._transport.pages(
            request, trading_pb2.ListOrdersResponse, lambda page: page.orders
        )

    def fills(
        self,
        market: str = "",
        order_id: str = "",
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[trading_pb2.Fill]:
        """Iterate over the caller's fills, newest first."""
        request = trading_pb2.ListFillsRequest(
            page_size=page_size,
            market=market,
            order_id=order_id,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            min_position=min_position,
        )
        return self._transport.pages(
            request, trading_pb2.ListFillsResponse, lambda page: page.fills
        )

    def prevented_matches(
        self,
        market: str = "",
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[trading_pb2.PreventedMatch]:
        """Iterate over the trades that self-trade prevention kept from happening, newest first."""
        request = trading_pb2.ListPreventedMatchesRequest(
            page_size=page_size,
            market=market,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            min_position=min_position,
        )
        return self._transport.pages(
            request, trading_pb2.ListPreventedMatchesResponse, lambda page: page.matches
        )
