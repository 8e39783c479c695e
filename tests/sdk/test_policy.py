"""When a call is repeated and how long it waits: the shared rules, decided without a connection.
That the transports obey is in test_calls.
"""

from importlib import import_module
from pkgutil import iter_modules

import pytest

import thegrid.v1
from thegrid.errors import GridError, InvalidArgument, Unavailable
from thegrid.methods import method_of, with_request_id
from thegrid.policy import Attempts, Backoff, Budget, rules
from thegrid.v1 import delivery_pb2, market_data_pb2, trading_pb2

LOST = Unavailable("gone", code="UNAVAILABLE")


def attempts(request_type: type, budget: Budget | None = None, chance: float = 0.5) -> Attempts:
    method = method_of(request_type)
    rule = rules().services[method.service]
    return Attempts(method, rule, budget or Budget(20, 0.1), 10.0, lambda: chance)


def test_every_service_has_a_rule_and_a_deadline() -> None:
    modules = [
        import_module(f"thegrid.v1.{each.name}") for each in iter_modules(thegrid.v1.__path__)
    ]
    files = [module.DESCRIPTOR for module in modules if hasattr(module, "DESCRIPTOR")]
    services = {each.full_name for file in files for each in file.services_by_name.values()}
    assert set(rules().services) == services
    assert all(rule.timeout_s > 0 for rule in rules().services.values())


def test_back_off_grows_with_full_jitter_up_to_its_bound() -> None:
    backoff = Backoff(0.1, 5.0, 2.0)
    assert [backoff.pause_s(n, 1.0) for n in (1, 2, 3, 7, 90)] == [0.1, 0.2, 0.4, 5.0, 5.0]
    assert backoff.pause_s(3, 0.0) == 0.0


def test_a_write_is_repeated_under_one_id_and_only_five_times() -> None:
    call = attempts(trading_pb2.PlaceOrderRequest)
    pauses = [call.pause_s(LOST, 0.0) for _ in range(5)]
    assert pauses == [0.05, 0.1, 0.2, 0.4, None]


def test_only_what_the_rules_name_is_repeated() -> None:
    call = attempts(trading_pb2.PlaceOrderRequest)
    assert call.pause_s(InvalidArgument("no", code="INVALID_ARGUMENT"), 0.0) is None
    assert attempts(trading_pb2.GetOrderRequest).pause_s(
        GridError("late", code="DEADLINE_EXCEEDED"), 0.0
    ) is None  # fmt: skip


def test_a_full_queue_ran_nothing_and_is_asked_again() -> None:
    full = GridError("full", code="RESOURCE_EXHAUSTED", reason="OVERLOADED", retry_after_s=0.1)
    assert attempts(trading_pb2.PlaceOrderRequest).pause_s(full, 0.0) is not None
    limited = GridError("slow down", code="RESOURCE_EXHAUSTED", reason="RATE_LIMITED")
    assert attempts(trading_pb2.PlaceOrderRequest).pause_s(limited, 0.0) is None


def test_a_delivery_is_never_repeated() -> None:
    assert attempts(delivery_pb2.DeliverRequest).pause_s(LOST, 0.0) is None


def test_retry_info_is_a_floor_under_the_pause() -> None:
    busy = Unavailable("busy", code="UNAVAILABLE", retry_after_s=2.0)
    assert attempts(trading_pb2.GetOrderRequest, chance=0.0).pause_s(busy, 0.0) == 2.0


def test_no_pause_outlasts_the_deadline() -> None:
    busy = Unavailable("busy", code="UNAVAILABLE", retry_after_s=2.0)
    assert attempts(trading_pb2.GetOrderRequest).pause_s(busy, 8.5) is None


def test_the_budget_stops_repeats_over_all_calls() -> None:
    budget = Budget(20, 0.1)
    pauses = [attempts(trading_pb2.GetOrderRequest, budget).pause_s(LOST, 0.0) for _ in range(12)]
    assert [pause is not None for pause in pauses] == [True] * 9 + [False] * 3
    for _ in range(200):
        budget.succeeded()
    assert attempts(trading_pb2.GetOrderRequest, budget).pause_s(LOST, 0.0) is not None


def test_a_write_gets_an_id_and_a_given_one_is_kept() -> None:
    method = method_of(trading_pb2.PlaceOrderRequest)
    empty = trading_pb2.PlaceOrderRequest()
    filled, made = with_request_id(method, empty)
    assert (filled.request_id, empty.request_id) == (made, "")
    given = trading_pb2.PlaceOrderRequest(request_id="mine")
    assert with_request_id(method, given) == (given, "mine")


def test_what_is_no_request_has_no_method() -> None:
    with pytest.raises(TypeError, match="no request of any method"):
        method_of(market_data_pb2.Market)
