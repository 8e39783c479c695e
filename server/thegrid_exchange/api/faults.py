"""What clients are told when the core cannot take a command, or when something breaks.

Expected refusals are not here; a fault shows a reference into the log, nothing else.
"""

import logging
import secrets
import traceback
from typing import Final

from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from thegrid_exchange.api.errors import refused, status_of
from thegrid_exchange.calls import (
    Draining,
    InternalFault,
    Overloaded,
    RequestConflict,
    RequestExpired,
    SequencerError,
)

log = logging.getLogger(__name__)

DRAINING: Final = refused(
    "DRAINING",
    "",
    "the exchange is going down in good order; reconnect and retry",
    retry_after_us=1_000_000,
)


def status_of_sequencer(error: Exception) -> Status | None:
    """The status of what the sequencer raises; None for anything else."""
    if not isinstance(error, SequencerError):
        return None
    if isinstance(error, Overloaded):
        return status_of(
            refused(
                "OVERLOADED",
                "",
                "the exchange's queue is full; retry as RetryInfo says",
                retry_after_us=error.retry_after_us,
            ).refusal
        )
    if isinstance(error, RequestConflict):
        text = "this request id was used before with another body; use a new id for a new intent"
        return status_of(refused("REQUEST_CONFLICT", "request_id", text).refusal)
    if isinstance(error, RequestExpired):
        text = (
            "this request id is older than repeats are recognised; look whether it was done, and "
            "see that this machine's clock is right"
        )
        return status_of(refused("REQUEST_EXPIRED", "request_id", text).refusal)
    if isinstance(error, InternalFault):
        return _internal(error.reference)
    if isinstance(error, Draining):
        return status_of(DRAINING.refusal)
    return status_of(
        refused("DRAINING", "", "the exchange stopped; repeat with the same request_id").refusal
    )


def unexpected(error: Exception) -> Status:
    """The status of a fault: a reference that finds it in the log, nothing of what it held."""
    reference = f"fault_{secrets.token_hex(6)}"
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-6:]))
    log.error("%s: %s at %s", reference, type(error).__name__, where)
    return _internal(reference)


def _internal(reference: str) -> Status:
    text = f"an unexpected fault; nothing was changed. Report the reference {reference}"
    return status_of(refused("INTERNAL", "", text).refusal, {"reference": reference})


def reason_of(status: Status) -> str:
    """The reason in a status's ErrorInfo, or INTERNAL."""
    for detail in status.details:
        info = ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)
    return "INTERNAL"
