"""What is posted: a notice as JSON, and its signature.

The body is made once for each attempt, since the signature holds the time.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any, Final

from thegrid_exchange.engine.records import Notice

SIGNATURE_HEADER: Final = "x-grid-signature"
MICROS: Final = 1_000_000


def body_of(notice: Notice) -> bytes:
    """A notice as the event that is posted."""
    return _body(
        notice.notice_id,
        notice.kind,
        notice.raised_at_us,
        {
            "member_id": notice.member_id,
            "subject_id": notice.subject_id,
            "instrument_id": notice.instrument_id,
            "message": notice.message,
            "limit": notice.limit,
            "value": notice.value,
            "due_time": None if notice.due_us is None else _time(notice.due_us),
        },
    )


def test_body(webhook_id: str, member_id: str, at_us: int) -> bytes:
    """The event with which a member tries its address."""
    data = {"member_id": member_id, "subject_id": webhook_id, "message": "a test of this webhook"}
    return _body(f"test_{webhook_id}_{at_us}", "test", at_us, data)


def signature(secret: str, body: bytes, at_us: int) -> str:
    """The header's value: the second of sending, and the HMAC of that with the body."""
    seconds = at_us // MICROS
    signed = b"%d." % seconds + body
    return f"t={seconds},v1={hmac.digest(secret.encode(), signed, hashlib.sha256).hex()}"


def _body(event_id: str, kind: str, at_us: int, data: dict[str, Any]) -> bytes:
    event = {"id": event_id, "type": kind, "create_time": _time(at_us), "data": data}
    return json.dumps(event, separators=(",", ":")).encode()


def _time(at_us: int) -> str:
    seconds, micros = divmod(at_us, MICROS)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
