"""The table of scopes against the contract: no method is left out, none is invented."""

from thegrid_exchange.api.methods import SCOPES
from thegrid_exchange.api.validation import Validator

KNOWN = {"trade:read", "trade:write", "consume", "supply", "gateway", "admin", "keys"}


def test_every_method_of_the_contract_asks_for_a_scope_that_exists() -> None:
    methods = {f"/{service}/{method}" for service, method, _ in Validator().methods()}
    assert set(SCOPES) == methods
    assert all(scopes and set(scopes) <= KNOWN for scopes in SCOPES.values())


def test_writes_of_trading_and_the_operators_calls_ask_for_one_scope_alone() -> None:
    for name, scopes in SCOPES.items():
        if "AdminService" in name:
            assert scopes == ("admin",)
        if name.endswith(("PlaceOrder", "BatchOrders", "OrderSession", "CreateTransfer")):
            assert scopes == ("trade:write",)


def test_a_gateways_key_opens_sessions_and_public_reads_alone() -> None:
    opened = {name for name, scopes in SCOPES.items() if "gateway" in scopes}
    services = {name.split("/")[1].rpartition(".")[2] for name in opened}
    assert services == {
        "InstrumentService",
        "MarketDataService",
        "MemberService",
        "UsageService",
        "DeliveryService",
        "PerformanceService",
    }
    assert not [name for name in opened if "Create" in name or "Update" in name]
    assert [name for name in opened if "UsageService" in name] == [
        "/thegrid.v1.UsageService/ListReceiptKeys"
    ]
