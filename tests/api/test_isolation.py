"""Nothing leaks between members: every read of the contract, made by a stranger."""

from typing import Any

import grpc
import pytest

from tests.support.exchange import SYMBOL, Exchange, Participant
from thegrid.v1 import (
    accounts_pb2,
    admin_pb2,
    history_pb2,
    instruments_pb2,
    market_data_pb2,
    members_pb2,
    notices_pb2,
    performance_pb2,
    supply_pb2,
    trading_pb2,
    usage_pb2,
)
from thegrid_exchange.api.methods import SCOPES

HANDLE = "very-private-handle"
CLIENT_ID = "very-private-client-id"
PUBLIC = {("GetOrderBook", "resting")}
"""A book by order shows ids of resting orders, and not whose they are."""
WEBHOOK = "https://very-private.example/hook"
TAG = "very-private-tag"


@pytest.fixture
async def traces(exchange: Exchange, supplier: Participant) -> dict[str, str]:
    """A member with something of everything; answers what of it must never be seen."""
    member = await exchange.create_member(HANDLE, deposit_micros=987_654_321)
    await exchange.sell_issuance(supplier, 10, 1_000_000)
    placed = await exchange.place(
        member, side="buy", quantity_units=2, price_micros=1_000_000, client_order_id=CLIENT_ID
    )
    resting = await exchange.place(
        member, side="buy", quantity_units=1, price_micros=1_000, tag=TAG
    )
    moved = await member.accounts.CreateTransfer(
        accounts_pb2.CreateTransferRequest(request_id="t", instrument=SYMBOL, quantity_units=1)
    )
    made = await member.notices.CreateWebhook(
        notices_pb2.CreateWebhookRequest(request_id="w", url=WEBHOOK)
    )
    wanted = members_pb2.NoticeSettings(cash_micros=987_654_321)
    await member.members.UpdateSettings(
        members_pb2.UpdateSettingsRequest(request_id="s", notices=wanted)
    )
    await exchange.place(member, side="buy", quantity_units=1, price_micros=1_000, tag=TAG)
    told = await member.notices.ListNotices(notices_pb2.ListNoticesRequest())
    return {
        "webhook": made.webhook.webhook_id,
        "address": WEBHOOK,
        "signing secret": made.secret,
        "notice": told.notices[0].notice_id,
        "member": member.member_id,
        "handle": HANDLE,
        "order": placed.order.order_id,
        "resting": resting.order.order_id,
        "client id": CLIENT_ID,
        "tag": TAG,
        "lot": moved.lot.lot_id,
        "transfer": moved.transfer.transfer_id,
        "key": member.secret.partition(".")[0],
        "cash": "98565",
    }


def reads(traces: dict[str, str]) -> dict[str, tuple[str, Any]]:
    """Method name to service stub and the most telling request there is."""
    order, named = trading_pb2.OrderRef(order_id=traces["order"]), {"instrument": SYMBOL}
    return {
        "GetInstrument": ("instruments", instruments_pb2.GetInstrumentRequest(instrument=SYMBOL)),
        "ListInstruments": ("instruments", instruments_pb2.ListInstrumentsRequest()),
        "ListMeteringPolicies": ("instruments", instruments_pb2.ListMeteringPoliciesRequest()),
        "GetMarket": ("market_data", market_data_pb2.GetMarketRequest(market=SYMBOL)),
        "ListMarkets": ("market_data", market_data_pb2.ListMarketsRequest()),
        "GetBook": ("market_data", market_data_pb2.GetBookRequest(market=SYMBOL)),
        "GetOrderBook": ("market_data", market_data_pb2.GetOrderBookRequest(market=SYMBOL)),
        "GetTicker": ("market_data", market_data_pb2.GetTickerRequest(market=SYMBOL)),
        "ListTickers": ("market_data", market_data_pb2.ListTickersRequest()),
        "ListCandles": ("market_data", market_data_pb2.ListCandlesRequest(market=SYMBOL)),
        "ListTrades": ("market_data", market_data_pb2.ListTradesRequest(market=SYMBOL)),
        "GetReferenceIndex": ("market_data", market_data_pb2.GetReferenceIndexRequest(**named)),
        "ListReferenceIndexes": (
            "market_data",
            market_data_pb2.ListReferenceIndexesRequest(instrument=SYMBOL),
        ),
        "ListReferenceIndexInputs": (
            "market_data",
            market_data_pb2.ListReferenceIndexInputsRequest(instrument=SYMBOL),
        ),
        "GetOrder": ("trading", trading_pb2.GetOrderRequest(order=order)),
        "ListOrders": ("trading", trading_pb2.ListOrdersRequest()),
        "ListFills": ("trading", trading_pb2.ListFillsRequest(order_id=traces["order"])),
        "ListPreventedMatches": ("trading", trading_pb2.ListPreventedMatchesRequest()),
        "GetCancelAllAfter": ("trading", trading_pb2.GetCancelAllAfterRequest()),
        "GetStatement": ("history", history_pb2.GetStatementRequest()),
        "GetStatistics": ("history", history_pb2.GetStatisticsRequest()),
        "ListPositions": ("history", history_pb2.ListPositionsRequest()),
        "ListSweeps": ("history", history_pb2.ListSweepsRequest()),
        "GetBalances": ("accounts", accounts_pb2.GetBalancesRequest()),
        "ListTransfers": ("accounts", accounts_pb2.ListTransfersRequest()),
        "GetLot": ("accounts", accounts_pb2.GetLotRequest(lot_id=traces["lot"])),
        "ListLots": ("accounts", accounts_pb2.ListLotsRequest(include_closed=True)),
        "ListPostings": ("accounts", accounts_pb2.ListPostingsRequest()),
        "GetUsage": ("usage", usage_pb2.GetUsageRequest(id="usg_x")),
        "ListUsage": ("usage", usage_pb2.ListUsageRequest(key_id=traces["key"])),
        "SummarizeUsage": ("usage", usage_pb2.SummarizeUsageRequest(key_id=traces["key"])),
        "ListReceiptKeys": ("usage", usage_pb2.ListReceiptKeysRequest()),
        "ListDisputes": ("admin", admin_pb2.ListDisputesRequest(member_id=traces["member"])),
        "GetMember": ("members", members_pb2.GetMemberRequest(member_id=traces["member"])),
        "ListKeys": ("members", members_pb2.ListKeysRequest()),
        "GetKey": ("members", members_pb2.GetKeyRequest(key_id=traces["key"])),
        "ListNotices": ("notices", notices_pb2.ListNoticesRequest()),
        "ListWebhooks": ("notices", notices_pb2.ListWebhooksRequest()),
        "ListOffers": ("supply", supply_pb2.ListOffersRequest()),
        "GetSupply": ("supply", supply_pb2.GetSupplyRequest()),
        "ListPerformance": ("performance", performance_pb2.ListPerformanceRequest()),
        "ListSupplierChanges": ("performance", performance_pb2.ListSupplierChangesRequest()),
        "GetBenchmark": ("performance", performance_pb2.GetBenchmarkRequest(**named)),
        "ListMembers": ("admin", admin_pb2.ListMembersRequest()),
        "ListFeeTiers": ("admin", admin_pb2.ListFeeTiersRequest()),
        "GetPolicy": ("admin", admin_pb2.GetPolicyRequest()),
        "GetTrialBalance": ("admin", admin_pb2.GetTrialBalanceRequest()),
    }


STREAMS = {"StreamMarketData", "StreamAccount", "OrderSession", "Serve", "Deliver",
           "DeliverySession"}  # fmt: skip


async def test_a_stranger_sees_nothing_of_another_member(
    exchange: Exchange, traces: dict[str, str]
) -> None:
    stranger = await exchange.create_member(
        "stranger",
        scopes=("TRADE_READ", "TRADE_WRITE", "CONSUME", "SUPPLY"),
        roles=("TRADER", "CONSUMER", "SUPPLIER"),
    )
    table = reads(traces)
    methods = {name.rpartition("/")[2] for name in SCOPES}
    unread = {each for each in methods - set(table) if each.startswith(("Get", "List", "Summ"))}
    assert not unread, "every read of the contract must be tried"
    for name, (service, request) in table.items():
        try:
            answer = str(await getattr(getattr(stranger, service), name)(request))
        except grpc.aio.AioRpcError as error:
            answer = str(error.details()).replace(traces["member"], "")
        for what, trace in traces.items():
            if (name, what) in PUBLIC:
                continue
            assert trace not in answer, f"{name} shows the {what} of another member"


async def test_a_strangers_streams_show_nothing_of_another_member(
    exchange: Exchange, traces: dict[str, str]
) -> None:
    stranger = await exchange.create_member("stranger")
    account = stranger.accounts.StreamAccount(accounts_pb2.StreamAccountRequest())
    public = stranger.market_data.StreamMarketData(
        market_data_pb2.StreamMarketDataRequest(
            subscriptions=[
                market_data_pb2.Subscription(market=SYMBOL, channel=channel)
                for channel in (1, 2, 3, 4)
            ]
        )
    )
    seen = str(await account.read()) + str(await public.read()) + str(await public.read())
    assert not [what for what, trace in traces.items() if trace in seen]


@pytest.mark.parametrize("write", ["amend", "cancel", "revoke"])
async def test_a_stranger_changes_nothing_of_another_member(
    exchange: Exchange, traces: dict[str, str], write: str
) -> None:
    stranger = await exchange.create_member("stranger")
    order = trading_pb2.OrderRef(order_id=traces["resting"])
    calls = {
        "amend": lambda: stranger.trading.AmendOrder(
            trading_pb2.AmendOrderRequest(request_id="w", order=order, quantity_units=9)
        ),
        "cancel": lambda: stranger.trading.CancelOrder(
            trading_pb2.CancelOrderRequest(request_id="w", order=order)
        ),
        "revoke": lambda: stranger.members.RevokeKey(
            members_pb2.RevokeKeyRequest(request_id="w", key_id=traces["key"])
        ),
    }
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await calls[write]()
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
