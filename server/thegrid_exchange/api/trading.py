"""TradingService: orders in, orders and fills out.

Order sessions are in `order_session`; every rule of the market is the engine's.
"""

from typing import Any

from thegrid.v1 import trading_pb2, trading_pb2_grpc
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import micros_of, optional_time
from thegrid_exchange.api.convert.trading import (
    amend_command,
    cancel_command,
    fill_message,
    item_command,
    order_message,
    place_command,
    prevented_message,
    quotes_command,
    shown_order,
    shown_quotes,
    shown_result,
)
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.idempotency import order_hash
from thegrid_exchange.api.order_session import SessionMixin
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.engine.commands import BatchOrders, CancelAllAfter, CancelOrders
from thegrid_exchange.engine.quantities import number_of


class TradingServicer(SessionMixin, Handler, trading_pb2_grpc.TradingServiceServicer):
    """Order entry and the member's own orders and fills."""

    async def PlaceOrder(  # noqa: N802
        self, request: trading_pb2.PlaceOrderRequest, context: Any
    ) -> trading_pb2.PlaceOrderResponse:
        asking = caller()
        command = place_command(
            request.order,
            asking.member_id,
            asking.key_id,
            self.market_id,
            validate_only=request.validate_only,
        )
        answer = await self.ask(command, request.request_id, order_hash(command))
        order, fills = shown_order(answer.reply, answer.at_us)
        position = None if request.validate_only else self.position(answer.seq)
        return trading_pb2.PlaceOrderResponse(order=order, fills=fills, position=position)

    async def AmendOrder(  # noqa: N802
        self, request: trading_pb2.AmendOrderRequest, context: Any
    ) -> trading_pb2.AmendOrderResponse:
        command = amend_command(request, caller().member_id)
        answer = await self.ask(command, request.request_id, order_hash(command))
        order, fills = shown_order(answer.reply, answer.at_us)
        return trading_pb2.AmendOrderResponse(
            order=order, fills=fills, position=self.position(answer.seq)
        )

    async def CancelOrder(  # noqa: N802
        self, request: trading_pb2.CancelOrderRequest, context: Any
    ) -> trading_pb2.CancelOrderResponse:
        command = cancel_command(request.order, caller().member_id)
        answer = await self.ask(command, request.request_id, order_hash(command))
        return trading_pb2.CancelOrderResponse(
            order=order_message(answer.reply.order), position=self.position(answer.seq)
        )

    async def CancelOrders(  # noqa: N802
        self, request: trading_pb2.CancelOrdersRequest, context: Any
    ) -> trading_pb2.CancelOrdersResponse:
        market_id = self.optional_market_id(request.market)
        command = CancelOrders(caller().member_id, market_id, request.tag)
        answer = await self.ask(command, request.request_id)
        return trading_pb2.CancelOrdersResponse(
            order_ids=answer.reply.order_ids,
            continues=answer.reply.more_follow,
            position=self.position(answer.seq),
        )

    async def BatchOrders(  # noqa: N802
        self, request: trading_pb2.BatchOrdersRequest, context: Any
    ) -> trading_pb2.BatchOrdersResponse:
        asking = caller()
        items = tuple(
            item_command(item, asking.member_id, asking.key_id, self.market_id, f"items[{index}].")
            for index, item in enumerate(request.items)
        )
        command = BatchOrders(asking.member_id, items, request.all_or_none)
        answer = await self.ask(command, request.request_id, order_hash(command))
        return trading_pb2.BatchOrdersResponse(
            results=[shown_result(reply, answer.at_us) for reply in answer.reply.items],
            position=self.position(answer.seq),
        )

    async def ReplaceQuotes(  # noqa: N802
        self, request: trading_pb2.ReplaceQuotesRequest, context: Any
    ) -> trading_pb2.ReplaceQuotesResponse:
        asking = caller()
        market_id = self.market_id(request.market)
        command = quotes_command(request, asking.member_id, asking.key_id, market_id)
        answer = await self.ask(command, request.request_id, order_hash(command))
        shown = shown_quotes(answer.reply, answer.at_us)
        shown.position.CopyFrom(self.position(answer.seq))
        return shown

    async def CancelAllAfter(  # noqa: N802
        self, request: trading_pb2.CancelAllAfterRequest, context: Any
    ) -> trading_pb2.CancelAllAfterResponse:
        command = CancelAllAfter(caller().member_id, request.span_us)
        answer = await self.ask(command, request.request_id)
        return trading_pb2.CancelAllAfterResponse(
            fire_time=optional_time(answer.reply.fires_at_us), position=self.position(answer.seq)
        )

    async def GetCancelAllAfter(  # noqa: N802
        self, request: trading_pb2.GetCancelAllAfterRequest, context: Any
    ) -> trading_pb2.GetCancelAllAfterResponse:
        await self.reach(request)
        timer = self.services.live.state.cancel_timers.get(caller().member_id)
        if timer is None:
            return trading_pb2.GetCancelAllAfterResponse()
        return trading_pb2.GetCancelAllAfterResponse(
            fire_time=optional_time(timer.fires_at_us), span_us=timer.span_us
        )

    # ---- reads ---------------------------------------------------------------------------------

    async def GetOrder(  # noqa: N802
        self, request: trading_pb2.GetOrderRequest, context: Any
    ) -> trading_pb2.GetOrderResponse:
        await self.reach(request)
        wanted = request.order
        order = await self.services.trading.order(
            caller().member_id, wanted.order_id, wanted.client_order_id
        )
        if order is None:
            raise refused(
                "ORDER_NOT_FOUND",
                f"order.{wanted.WhichOneof('ref')}",
                "you have no such order; ListOrders names those there are",
            )
        return trading_pb2.GetOrderResponse(order=order_message(order))

    async def ListOrders(  # noqa: N802
        self, request: trading_pb2.ListOrdersRequest, context: Any
    ) -> trading_pb2.ListOrdersResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        market_id = self.optional_market_id(request.market)
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        client_order_id, tag = request.client_order_id, request.tag
        filters = market_id, request.status, client_order_id, tag, start_us, end_us
        page = page_of(vault, request, member_id, *filters)
        is_open = {
            trading_pb2.ORDER_STATUS_OPEN: True,
            trading_pb2.ORDER_STATUS_CLOSED: False,
        }.get(request.status)
        orders = await self.services.trading.orders(
            member_id,
            market_id=market_id,
            client_order_id=client_order_id,
            tag=tag,
            is_open=is_open,
            start_us=start_us,
            end_us=end_us,
            before=page.number(),
            limit=page.limit,
        )
        shown, token = cut(vault, page, orders, [number_of(each.order_id) for each in orders])
        return trading_pb2.ListOrdersResponse(
            orders=[order_message(order) for order in shown], next_page_token=token
        )

    async def ListFills(  # noqa: N802
        self, request: trading_pb2.ListFillsRequest, context: Any
    ) -> trading_pb2.ListFillsResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        market_id = self.optional_market_id(request.market)
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        page = page_of(vault, request, member_id, market_id, request.order_id, start_us, end_us)
        fills = await self.services.trading.fills(
            member_id,
            market_id=market_id,
            order_id=request.order_id,
            start_us=start_us,
            end_us=end_us,
            before=page.number(),
            limit=page.limit,
        )
        shown, token = cut(vault, page, fills, [number_of(each.trade.trade_id) for each in fills])
        return trading_pb2.ListFillsResponse(
            fills=[fill_message(*fill) for fill in shown], next_page_token=token
        )

    async def ListPreventedMatches(  # noqa: N802
        self, request: trading_pb2.ListPreventedMatchesRequest, context: Any
    ) -> trading_pb2.ListPreventedMatchesResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        market_id = self.optional_market_id(request.market)
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        page = page_of(vault, request, member_id, market_id, start_us, end_us)
        found = await self.services.prevented.matches(
            member_id,
            market_id=market_id,
            start_us=start_us,
            end_us=end_us,
            before=page.number(),
            limit=page.limit,
        )
        numbers = [number_of(each.event.prevented_id) for each in found]
        shown, token = cut(vault, page, found, numbers)
        return trading_pb2.ListPreventedMatchesResponse(
            matches=[prevented_message(each.event, each.at_us, member_id) for each in shown],
            next_page_token=token,
        )
