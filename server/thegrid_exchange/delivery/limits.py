"""The bounds of the delivery pipe, in one place, each with its unit.
Configuration sets them; the defaults here are the same.
"""

from typing import NamedTuple


class DeliveryLimits(NamedTuple):
    """Bounds of one relay."""

    concurrent_deliveries: int = 20_000
    """Calls at once in this relay."""
    concurrent_deliveries_per_key: int = 4_096
    """Calls at once of one key that sets no limit of its own."""
    waiting_deliveries: int = 2_048
    """Calls of one instrument that wait for a supplier's slot, over all members."""
    waiting_deliveries_per_member: int = 1_024
    """Calls of one member and instrument that wait for a slot."""
    wait_us: int = 10_000_000
    """How long a call waits for a slot."""
    attempts: int = 3
    """Suppliers that one call is handed to, one after the other."""
    supplier_window_bytes: int = 262_144
    """Unread bytes of one answer that a supplier may have on the way."""
    queued_parts: int = 16_384
    """Parts of one answer that are kept because they may not be shown yet."""
    client_window_bytes: int = 67_108_864
    """Most unread bytes that a client's grants may add up to."""
    supplier_silence_us: int = 60_000_000
    """How long a supplier may keep silent between two tokens while it has window."""
    client_silence_us: int = 300_000_000
    """How long a client may keep the rest of an answer waiting for window."""
    deadline_margin_us: int = 1_000_000
    """How long before its reservation ends a delivery is cut, so that the report comes first."""
    report_attempts: int = 5
    """Times that a report is sent to a queue that is full."""
    settle_wait_us: int = 1_000_000
    """How long a client waits for the settlement before it is told of an answer without it."""
    retry_us: int = 1_000_000
    """What a caller is told to wait where no better figure is known."""


DEFAULT_LIMITS = DeliveryLimits()
"""The bounds of a relay whose operator has set none."""
