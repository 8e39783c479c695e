"""The table of reasons against the contract, and what a status carries."""

import grpc
from google.rpc import error_details_pb2

from tests.support.refusals import refusal_of
from thegrid.v1 import errors_pb2
from thegrid_exchange.api.errors import (
    CODES,
    InvalidRequest,
    Violation,
    refusal,
    refused,
    status_of,
    status_of_error,
)


def test_every_reason_of_the_contract_has_one_code_and_no_other_has() -> None:
    named = {name.removeprefix("ERROR_REASON_") for name in list(errors_pb2.ErrorReason.keys())}
    assert set(CODES) == named - {"UNSPECIFIED"}
    assert grpc.StatusCode.OK not in CODES.values()


def test_a_status_names_reason_field_limit_value_and_when_to_come_back() -> None:
    made = refusal("RATE_LIMITED", "calls", "wait", limit=5, value=9, retry_after_us=1_500_000)
    read = refusal_of(status_of(made, {"name": "calls"}), grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert (read.reason, read.fields, read.retry_after_us) == (
        "RATE_LIMITED",
        {"calls": "wait"},
        1_500_000,
    )
    assert read.metadata == {"name": "calls", "limit": "5", "value": "9", "field": "calls"}


def test_violations_are_all_named() -> None:
    error = InvalidRequest([Violation("a", "is bad", "a.rule"), Violation("b.c", "is worse")])
    status = status_of_error(error)
    assert status is not None
    bad = error_details_pb2.BadRequest()
    assert any(detail.Unpack(bad) for detail in status.details)
    assert [each.field for each in bad.field_violations] == ["a", "b.c"]
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


def test_an_unexpected_error_has_no_status_of_its_own() -> None:
    assert status_of_error(KeyError("secret")) is None
    assert status_of_error(refused("INTERNAL", "", "x")) is not None
