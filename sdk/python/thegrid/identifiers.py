"""Ids that a client makes: of a write, so that a repeat is recognised, and of a delivery.
Ids that the exchange makes are opaque here.
"""

import os
import secrets
import time
import uuid

# Digits in the order of their code points, so that ids sort by the time they were made.
_DIGITS = "0123456789abcdefghijklmnopqrstuv"


# For tests that run an exchange whose clock is set ahead by the same variable.
_AHEAD_MS = int(os.environ.get("GRID_CLOCK_OFFSET_S", "0")) * 1_000


def new_request_id() -> str:
    """Return a fresh id for one write: a UUIDv7, from which the exchange reads its age."""
    return str(uuid.UUID(int=_uuid7()))


def new_delivery_id() -> str:
    """Return a fresh id for one delivery: `dlv_` and 26 characters that sort by time."""
    number = _uuid7()
    digits = (_DIGITS[(number >> shift) & 31] for shift in range(125, -1, -5))
    return "dlv_" + "".join(digits)


def _uuid7() -> int:
    """Return a UUIDv7 as RFC 9562 lays it out: 48 bits of milliseconds, then random bits."""
    milliseconds = time.time_ns() // 1_000_000 + _AHEAD_MS & (1 << 48) - 1
    number = milliseconds << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    return number & ~(0x3 << 62) | 0x2 << 62
