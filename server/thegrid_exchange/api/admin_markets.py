"""AdminService on markets: their states, their own figures, auctions, and the tiers of fees.

Members, money, instruments and suppliers are in `admin`.
"""

from typing import Any, Final

from thegrid.v1 import admin_pb2
from thegrid_exchange.api.convert.common import Names, micros_of
from thegrid_exchange.api.convert.instruments import MARKET_STATES, policy_record
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.market_reader import shown_market
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import FeeTier

TIER_MODES: Final = Names(admin_pb2.FeeTierMode, "FEE_TIER_MODE", ("rates", "discount"))


class AdminMarketsMixin(Handler):
    """The operator's side of the markets."""

    async def SetMarketState(  # noqa: N802
        self, request: admin_pb2.SetMarketStateRequest, context: Any
    ) -> admin_pb2.SetMarketStateResponse:
        market = self.market(request.market)
        command = commands.SetMarketState(
            market.market_id, MARKET_STATES.word(request.state), request.reason
        )
        answer = await self.ask(command, request.request_id)
        return admin_pb2.SetMarketStateResponse(
            market=shown_market(self.services, self.market(market.market_id)),
            position=self.position(answer.seq),
        )

    async def SetMarketPolicy(  # noqa: N802
        self, request: admin_pb2.SetMarketPolicyRequest, context: Any
    ) -> admin_pb2.SetMarketPolicyResponse:
        market = self.market(request.market)
        command = commands.SetMarketPolicy(market.market_id, policy_record(request.policy))
        answer = await self.ask(command, request.request_id)
        return admin_pb2.SetMarketPolicyResponse(
            market=shown_market(self.services, self.market(market.market_id)),
            position=self.position(answer.seq),
        )

    async def StartAuction(  # noqa: N802
        self, request: admin_pb2.StartAuctionRequest, context: Any
    ) -> admin_pb2.StartAuctionResponse:
        market = self.market(request.market)
        until_us = micros_of(request, "until_time") or 0
        command = commands.StartAuction(market.market_id, until_us, request.reason)
        answer = await self.ask(command, request.request_id)
        return admin_pb2.StartAuctionResponse(
            market=shown_market(self.services, self.market(market.market_id)),
            position=self.position(answer.seq),
        )

    async def SetFeeTier(  # noqa: N802
        self, request: admin_pb2.SetFeeTierRequest, context: Any
    ) -> admin_pb2.SetFeeTierResponse:
        tier = request.tier
        command = commands.SetFeeTier(
            tier.fee_tier, TIER_MODES.word(tier.mode), tier.maker_bps, tier.taker_bps
        )
        answer = await self.ask(command, request.request_id)
        return admin_pb2.SetFeeTierResponse(
            tier=tier_message(answer.reply.tier), position=self.position(answer.seq)
        )

    async def ListFeeTiers(  # noqa: N802
        self, request: admin_pb2.ListFeeTiersRequest, context: Any
    ) -> admin_pb2.ListFeeTiersResponse:
        await self.reach(request)
        vault, tiers = self.services.vault, self.services.live.state.fee_tiers
        page = page_of(vault, request, "")
        names = [name for name in sorted(tiers) if name > page.cursor][: page.limit]
        shown, token = cut(vault, page, names, names)
        return admin_pb2.ListFeeTiersResponse(
            tiers=[tier_message(tiers[name]) for name in shown], next_page_token=token
        )


def tier_message(tier: FeeTier) -> admin_pb2.FeeTier:
    """A fee tier."""
    return admin_pb2.FeeTier(
        fee_tier=tier.fee_tier,
        mode=TIER_MODES.wire(tier.mode),
        maker_bps=tier.maker_bps,
        taker_bps=tier.taker_bps,
    )
