"""Instants between Python and the contract: aware datetimes and Timestamps of microseconds.
A naive datetime is refused, for it does not say when it is.
"""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp


def timestamp(instant: datetime | None) -> Timestamp | None:
    """Return an instant as a Timestamp; None stays None. Raises ValueError when it is naive."""
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone; use datetime.now(UTC) or the like")
    made = Timestamp()
    made.FromDatetime(instant)
    return made


def instant(stamp: Timestamp) -> datetime:
    """Return a Timestamp as an aware datetime in UTC."""
    return stamp.ToDatetime(tzinfo=UTC)
