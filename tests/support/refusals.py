"""What a refused call says, unpacked from its rich status.

How refusals are made is the server's affair.
"""

from typing import NamedTuple

import grpc
import pytest
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status


class Refused(NamedTuple):
    """A refusal as a client reads it."""

    code: grpc.StatusCode
    reason: str
    fields: dict[str, str]
    rules: dict[str, str]
    message: str
    metadata: dict[str, str]
    retry_after_us: int | None


def refusal_of(status: Status, code: grpc.StatusCode) -> Refused:
    """The details of a status; every one of ours has exactly one ErrorInfo of our domain."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    retry, retry_after_us = error_details_pb2.RetryInfo(), None
    infos = 0
    for detail in status.details:
        infos += detail.Unpack(info)
        detail.Unpack(bad)
        if detail.Unpack(retry):
            retry_after_us = retry.retry_delay.ToMicroseconds()
    assert infos == 1
    assert info.domain == "thegrid"
    return Refused(
        code,
        info.reason,
        {each.field: each.description for each in bad.field_violations},
        {each.field: each.reason for each in bad.field_violations},
        status.message,
        dict(info.metadata),
        retry_after_us,
    )


def read(error: grpc.aio.AioRpcError) -> Refused:
    """The refusal that a failed call carries."""
    trailers = dict(error.trailing_metadata() or ())
    assert "x-request-id" in trailers
    return refusal_of(Status.FromString(trailers["grpc-status-details-bin"]), error.code())


async def refused(call: object) -> Refused:
    """The refusal of a call that must be refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call  # type: ignore[misc]
    return read(caught.value)
