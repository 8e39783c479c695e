"""Appliers of what follows after a delivery was settled, of metering policies and of receipt keys.

As in all of `apply`, nothing is decided or worked out here.
"""

from collections.abc import Callable
from typing import Any, Final

from thegrid_exchange.engine import events
from thegrid_exchange.engine.state import State


def _metering_policy_defined(state: State, event: events.MeteringPolicyDefined) -> None:
    state.put("metering_policies", str(event.policy.version), event.policy)


def _receipt_key_registered(state: State, event: events.ReceiptKeyRegistered) -> None:
    for key in event.keys:
        state.put("receipt_keys", key.key_id, key)


def _late_report_recorded(state: State, event: events.LateReportRecorded) -> None:
    closed = state.closed_deliveries[event.delivery_id]
    state.put("closed_deliveries", event.delivery_id, closed._replace(awaits_report=False))


def _dispute_opened(state: State, event: events.DisputeOpened) -> None:
    state.count(event.dispute.dispute_id)
    state.put("disputes", event.dispute.dispute_id, event.dispute)


def _dispute_resolved(state: State, event: events.DisputeResolved) -> None:
    state.put("disputes", event.dispute.dispute_id, event.dispute)


def _disputes_forgotten(state: State, event: events.DisputesForgotten) -> None:
    for dispute_id in event.dispute_ids:
        state.delete("disputes", dispute_id)
    if event.disputable_from_us:
        state.put("totals", "disputable_from_us", event.disputable_from_us)


APPLIERS: Final[dict[type[Any], Callable[[State, Any], None]]] = {
    events.MeteringPolicyDefined: _metering_policy_defined,
    events.ReceiptKeyRegistered: _receipt_key_registered,
    events.LateReportRecorded: _late_report_recorded,
    events.DisputeOpened: _dispute_opened,
    events.DisputeResolved: _dispute_resolved,
    events.DisputesForgotten: _disputes_forgotten,
}
