"""What becomes of a request that carries an Idempotency-Key: it runs once, and a repeat is told so.

The exchange's records are the memory, so any process and any later life of the gateway decides
alike. How a request is read is in `inference.py`.
"""

import base64
import hashlib
import hmac
from typing import Any, Final, NamedTuple

import grpc
import grpc.aio

from thegrid import errors
from thegrid.v1 import usage_pb2, usage_pb2_grpc
from thegrid_gateway.errors import REASONS, ApiError
from thegrid_gateway.http import Http
from thegrid_gateway.records import receipt, recorded_headers

HEADER: Final = b"idempotency-key"
IN_USE: Final = REASONS["DELIVERY_EXISTS"].code
_KEY_BYTES_MAX: Final = 256
_ATTEMPTS_MAX: Final = 16
"""How often a key may run again after calls that failed and billed nothing."""
_TIMEOUT_S: Final = 10.0
_FAILED: Final = frozenset(
    (usage_pb2.VERDICT_FAILED, usage_pb2.VERDICT_LATE_FIRST_TOKEN, usage_pb2.VERDICT_VENUE_FAULT)
)
"""Verdicts of calls whose callers were told to try again."""


class Place(NamedTuple):
    """Under which id a call is opened, and what tells its request from another."""

    delivery_id: str
    request_digest: str = ""


class Repeats:
    """Finds the place of each request; asks the exchange only about those that carry a key."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._usage = usage_pb2_grpc.UsageServiceStub(channel)

    async def place(self, http: Http, credential: str) -> Place:
        """Answer where to open the call. Raises ApiError for a repeat.

        A key that was used for calls which failed, and billed nothing, is free again.
        """
        key = http.header(HEADER)
        if not key:
            return Place("dlv_" + http.token)
        if len(key) > _KEY_BYTES_MAX:
            raise ApiError(
                400, f"The header Idempotency-Key is longer than {_KEY_BYTES_MAX} characters."
            )
        secret = hashlib.sha256(credential.encode() + b"\0" + key).digest()
        digest = hmac.digest(secret, http.content_hash, "sha256")[:16].hex()
        found = None
        for attempt in range(_ATTEMPTS_MAX):
            delivery_id = _delivery_id(secret, attempt)
            found = await self._found(delivery_id, credential)
            if found is None:
                return Place(delivery_id, digest)
            if found.usage.request_digest != digest:
                raise _mismatch()
            if not _has_failed(found.usage):
                break
        assert found is not None
        raise _repeated(found)

    async def explained(self, http: Http, refused: ApiError) -> ApiError:
        """Answer a refusal in better words, where another request of the same key came first."""
        if refused.code != IN_USE:
            return refused
        try:
            await self.place(http, http.credential())
        except ApiError as known:
            return known
        except errors.GridError:
            pass
        return refused

    async def _found(self, delivery_id: str, credential: str) -> Any:
        """Answer the exchange's record of a delivery; None when there is none."""
        asked = usage_pb2.GetUsageRequest(id=delivery_id)
        metadata = (("authorization", f"Bearer {credential}"),)
        try:
            return await self._usage.GetUsage(asked, metadata=metadata, timeout=_TIMEOUT_S)
        except grpc.aio.AioRpcError as failure:
            refused = errors.from_rpc(failure)
            if refused.reason == "USAGE_NOT_FOUND":
                return None
            raise refused from None


def _delivery_id(secret: bytes, attempt: int) -> str:
    # The first attempt is the digest itself, the others follow from it.
    digest = hashlib.sha256(b"%b%d" % (secret, attempt)).digest() if attempt else secret
    return "dlv_" + base64.b32encode(digest)[:26].decode().lower()


def _has_failed(usage: usage_pb2.UsageRecord) -> bool:
    return (
        usage.status == usage_pb2.USAGE_STATUS_FINAL
        and usage.verdict in _FAILED
        and not usage.billed_tokens
    )


def _repeated(found: usage_pb2.GetUsageResponse) -> ApiError:
    if found.usage.status == usage_pb2.USAGE_STATUS_PENDING:
        return _running(found.usage.usage_id)
    return ApiError(
        409,
        "The request of this Idempotency-Key has ended, and is neither run nor billed again; its"
        " receipt is in this answer. Answers are not kept: send a new key to ask again.",
        code="idempotency_key_used",
        headers=tuple(recorded_headers(found)),
        more={"receipt": receipt(found)},
    )


def _running(usage_id: str) -> ApiError:
    return ApiError(
        409,
        "The request of this Idempotency-Key is still running. Its answer goes to who asked first;"
        " wait for that, or send a new key.",
        code="request_in_progress",
        headers=((b"x-grid-request-id", usage_id.encode()),),
    )


def _mismatch() -> ApiError:
    return ApiError(
        409,
        "This Idempotency-Key was sent with another request. Send a new key with each new request.",
        code="idempotency_mismatch",
    )
