"""HistoryService: positions, statistics, statements and sweeps.

Lists of single things are with the services of their nouns.
"""

from typing import Any, Final

from thegrid.v1 import history_pb2, history_pb2_grpc
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import micros_of, time_of
from thegrid_exchange.api.convert.history import (
    SWEEP_OPEN,
    account_message,
    position_message,
    statistics_message,
    sweep_message,
)
from thegrid_exchange.api.errors import invalid
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.engine.quantities import CASH, number_of
from thegrid_exchange.views.activity import MINUTE_US
from thegrid_exchange.views.statements import Span

DAY_US: Final = 86_400_000_000
MOST_DAYS: Final = 31
"""Longest span of statistics: some ten thousand minutes are added up per instrument."""


class HistoryServicer(Handler, history_pb2_grpc.HistoryServiceServicer):
    """What became of a member's money and Units."""

    async def ListPositions(  # noqa: N802
        self, request: history_pb2.ListPositionsRequest, context: Any
    ) -> history_pb2.ListPositionsResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        instrument_id = self.optional_instrument_id(request.instrument)
        page = page_of(vault, request, member_id, instrument_id, request.open_only)
        found = await self.services.positions.positions(
            member_id,
            instrument_id=instrument_id,
            open_only=request.open_only,
            after=page.cursor,
            limit=page.limit,
        )
        shown, token = cut(vault, page, found, [each for each, _ in found])
        return history_pb2.ListPositionsResponse(
            positions=[
                position_message(each, self.symbol(each), position, self._last_price(each))
                for each, position in shown
            ],
            next_page_token=token,
        )

    async def GetStatistics(  # noqa: N802
        self, request: history_pb2.GetStatisticsRequest, context: Any
    ) -> history_pb2.GetStatisticsResponse:
        await self.reach(request)
        instrument_id = self.optional_instrument_id(request.instrument)
        start_us, end_us = self._minutes(request)
        found = await self.services.activity.sums(
            caller().member_id, start_us, end_us, instrument_id
        )
        return history_pb2.GetStatisticsResponse(
            start_time=time_of(start_us),
            end_time=time_of(end_us),
            instruments=[statistics_message(each, self.symbol(each), sums) for each, sums in found],
        )

    async def GetStatement(  # noqa: N802
        self, request: history_pb2.GetStatementRequest, context: Any
    ) -> history_pb2.GetStatementResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        asset = self.optional_asset(request.asset)
        start_us, end_us = micros_of(request, "start_time") or 0, micros_of(request, "end_time")
        if end_us is not None and end_us < start_us:
            raise invalid("end_time", "must not be before start_time", "span.order")
        page = page_of(vault, request, member_id, asset, start_us, end_us)
        durable = self.services.live.durable
        until_seq, until_us, done = durable.seq, durable.at_us + 1, 0
        if page.cursor:
            # Every page is of the span and the row that the first one was of.
            until_seq, until_us, done = map(int, page.cursor.split("/"))
        last_us = until_us if end_us is None else min(end_us, until_us)
        span = Span(min(start_us, last_us), last_us, until_seq)
        found = await self.services.statements.accounts(member_id, span, asset)
        numbers = range(done + 1, len(found) + 1)
        cursors = [f"{until_seq}/{until_us}/{number}" for number in numbers]
        shown, token = cut(vault, page, found[done:], cursors)
        return history_pb2.GetStatementResponse(
            accounts=[account_message(each, self.symbol(each.asset)) for each in shown],
            next_page_token=token,
            position=self.position(until_seq),
        )

    async def ListSweeps(  # noqa: N802
        self, request: history_pb2.ListSweepsRequest, context: Any
    ) -> history_pb2.ListSweepsResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        market_id = self.optional_market_id(request.market)
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        filters = market_id, request.state, request.own_only, start_us, end_us
        page = page_of(vault, request, member_id, *filters)
        found = await self.services.sweeps.sweeps(
            member_id,
            market_id=market_id,
            is_open=SWEEP_OPEN.get(request.state),
            own_only=request.own_only,
            start_us=start_us,
            end_us=end_us,
            before=page.number(),
            limit=page.limit,
        )
        shown, token = cut(vault, page, found, [number_of(each.sweep.sweep_id) for each in found])
        markets = self.services.live.state.markets
        return history_pb2.ListSweepsResponse(
            sweeps=[
                sweep_message(each, self.symbol(markets[each.sweep.market_id].instrument_id))
                for each in shown
            ],
            next_page_token=token,
        )

    def optional_asset(self, name: str) -> str:
        """The asset of a filter; empty stays empty."""
        return name if name in ("", CASH) else self.instrument(name, "asset").instrument_id

    def _last_price(self, instrument_id: str) -> int | None:
        state = self.services.live.state
        market = state.markets[state.instruments[instrument_id].market_id]
        return market.last_trade_price_micros or None

    def _minutes(self, request: history_pb2.GetStatisticsRequest) -> tuple[int, int]:
        """The span in whole minutes."""
        now_us = max(self.services.clock.now_us(), self.services.live.state.now_us)
        end_us = micros_of(request, "end_time")
        end_us = -(-(now_us + 1 if end_us is None else end_us) // MINUTE_US) * MINUTE_US
        start_us = micros_of(request, "start_time")
        start_us = max(0, end_us - DAY_US if start_us is None else start_us)
        start_us -= start_us % MINUTE_US
        if start_us > end_us:
            raise invalid("end_time", "must not be before start_time", "span.order")
        if end_us - start_us > MOST_DAYS * DAY_US:
            raise invalid(
                "start_time",
                f"may be at most {MOST_DAYS} days before the end; ask for shorter spans",
                "span.length",
            )
        return start_us, end_us
