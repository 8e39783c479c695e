"""Events of metering policies, and of what follows after a delivery was settled.

Applying one is a plain write (see `apply`).
"""

from typing import NamedTuple

from thegrid_exchange.engine.records import Dispute, LateReport, MeteringPolicy, ReceiptKey


class MeteringPolicyDefined(NamedTuple):
    """A further version of the metering policy."""

    policy: MeteringPolicy


class ReceiptKeyRegistered(NamedTuple):
    """Receipts are signed with this key from now on; the others have ended."""

    keys: tuple[ReceiptKey, ...]
    """Every key that changed with it, the new one last."""


class LateReportRecorded(NamedTuple):
    """A delivery that was settled without a report has got one; nothing moves."""

    delivery_id: str
    member_id: str
    report: LateReport


class DisputeOpened(NamedTuple):
    """A member objects to a usage record."""

    dispute: Dispute


class DisputeResolved(NamedTuple):
    """The operator has decided; the money moved with the postings beside this event."""

    dispute: Dispute


class DisputesForgotten(NamedTuple):
    """Decided disputes of records that can be disputed no more need not be remembered."""

    dispute_ids: tuple[str, ...]
    disputable_from_us: int = 0
    """No call settled before this instant can be disputed from now on."""
