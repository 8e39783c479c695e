"""Money, ids, enums, instants, settings and order terms: what a client makes before it calls.
Calls are in test_calls.
"""

import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import thegrid
from thegrid.enums import enum_number, short_name
from thegrid.money import dollar_text
from thegrid.settings import load_settings
from thegrid.times import instant, timestamp
from thegrid.v1 import common_pb2, trading_pb2


@pytest.mark.parametrize(
    ("written", "micros"),
    [
        ("1.25", 1_250_000),
        (" $0.000001 ", 1),
        (3, 3_000_000),
        (Decimal("-2.5"), -2_500_000),
        ("9223372036854.775807", 2**63 - 1),
        ("1e2", 100_000_000),
    ],
)
def test_dollars_become_micros(written: str | int | Decimal, micros: int) -> None:
    assert thegrid.micros(written) == micros


@pytest.mark.parametrize("wrong", [1.25, True, None])
def test_a_float_is_never_money(wrong: object) -> None:
    with pytest.raises(TypeError, match="in quotes"):
        thegrid.micros(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", ["", "abc", "1.0000001", "NaN", "Infinity", "9223372036854.775808", "1e99"]
)
def test_what_is_no_amount_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="dollars"):
        thegrid.micros(wrong)


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_micros_and_dollars_are_inverse(amount: int) -> None:
    assert thegrid.micros(thegrid.dollars(amount)) == amount
    assert thegrid.micros(dollar_text(amount)) == amount


def test_prices_show_two_decimals_at_least() -> None:
    assert [dollar_text(each) for each in (1_200_000, 1_234_567, 0, -500_000)] == [
        "1.20", "1.234567", "0.00", "-0.50",
    ]  # fmt: skip


def test_request_ids_are_uuid7_and_sort_by_time() -> None:
    ids = [thegrid.new_request_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(
        re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab].{3}-.{12}", i) for i in ids
    )
    assert [i[:8] for i in ids] == sorted(i[:8] for i in ids)


def test_delivery_ids_fit_the_contract() -> None:
    assert re.fullmatch(r"dlv_[0-9a-z]{26}", thegrid.new_delivery_id())


def test_enums_have_short_names_and_unknown_values_survive() -> None:
    assert enum_number(common_pb2.Side, "buy", "side") == common_pb2.SIDE_BUY
    assert enum_number(common_pb2.Side, "SIDE_SELL", "side") == common_pb2.SIDE_SELL
    assert enum_number(common_pb2.Side, 77, "side") == 77
    assert short_name(common_pb2.Side, 77) == "77"
    assert short_name(trading_pb2.SelfTradePrevention, 4) == "decrement"
    with pytest.raises(ValueError, match="side: 'hold' is not known; use one of buy, sell"):
        enum_number(common_pb2.Side, "hold", "side")


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        timestamp(datetime(2030, 1, 1))  # noqa: DTZ001
    exact = datetime(2030, 1, 1, 2, 3, 4, 567890, tzinfo=UTC)
    stamp = timestamp(exact)
    assert stamp is not None
    assert instant(stamp) == exact


def test_terms_are_limit_with_a_price_and_market_without() -> None:
    limit = thegrid.order_terms("text-prime", "buy", 2, 1_250_000, time_in_force="ioc")
    assert (limit.type, limit.time_in_force) == (1, 2)
    assert thegrid.order_terms("text-prime", "sell", 2, source="issuance").type == 2
    with pytest.raises(TypeError, match="price_micros: an int is needed, not float"):
        thegrid.order_terms("text-prime", "buy", 2, 1.25)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="colour"):
        thegrid.order_terms("text-prime", "buy", 2, 1, colour="red")


def test_settings_come_from_arguments_then_the_environment() -> None:
    settings = load_settings(environment={"GRID_GRPC": "exchange.test:443", "GRID_API_KEY": "k.s"})
    assert settings.target == "exchange.test:443"
    assert settings.is_secure, "no address but loopback is plaintext by itself"
    assert settings.credentials.metadata("/x", b"") == (("authorization", "Bearer k.s"),)
    assert not load_settings(environment={}).is_secure
    assert not load_settings("http://exchange.test:80", environment={}).is_secure
    assert load_settings("https://127.0.0.1:443", environment={}).is_secure
    assert load_settings(environment={"GRID_TLS": "on"}).is_secure
    assert "k.s" not in repr(settings)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"GRID_GRPC": "nowhere"}, "GRID_GRPC"),
        ({"GRID_TLS": "/no/such/file"}, "GRID_TLS"),
        ({"GRID_API_KEY": "two words"}, "GRID_API_KEY"),
    ],
)
def test_a_wrong_setting_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        load_settings(environment=environment)


def test_importing_the_package_brings_no_client_and_no_extra() -> None:
    code = (
        "import sys, thegrid; loaded = set(sys.modules); "
        "assert 'thegrid.sync.client' not in loaded; thegrid.Client; thegrid.AsyncClient; "
        "assert not {'click', 'rich', 'aiohttp', 'starlette', 'msgspec'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
