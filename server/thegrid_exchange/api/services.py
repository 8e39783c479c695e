"""What every servicer is given: the parts of the exchange that handlers check with, ask and read.

Who makes them, and in which order, is `app`'s.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from thegrid_exchange.api.auth import Authenticator
from thegrid_exchange.api.background import Background
from thegrid_exchange.api.idempotency import NewSecrets
from thegrid_exchange.api.limits import RequestLimiter, StreamLimiter
from thegrid_exchange.api.metrics import Metrics
from thegrid_exchange.api.pulse import Pulse
from thegrid_exchange.api.records import UsageRecords
from thegrid_exchange.api.secrets import Vault
from thegrid_exchange.api.traces import Traces
from thegrid_exchange.api.validation import Validator
from thegrid_exchange.clock import Clock
from thegrid_exchange.config import Config
from thegrid_exchange.notify.addresses import Guard
from thegrid_exchange.notify.outbox import Outbox
from thegrid_exchange.replay import Replayer
from thegrid_exchange.sequencer import Sequencer
from thegrid_exchange.views.accounts import AccountsReader
from thegrid_exchange.views.activity import ActivityReader
from thegrid_exchange.views.candles import CandlesReader
from thegrid_exchange.views.live import Live
from thegrid_exchange.views.lots import LotsReader
from thegrid_exchange.views.notices import NoticesReader
from thegrid_exchange.views.performance import SupplierChangesReader
from thegrid_exchange.views.positions import PositionsReader
from thegrid_exchange.views.prevented import PreventedReader
from thegrid_exchange.views.reference_index import ReferenceIndexReader
from thegrid_exchange.views.statements import StatementsReader
from thegrid_exchange.views.sweeps import SweepsReader
from thegrid_exchange.views.trading import TradingReader
from thegrid_exchange.views.usage import UsageReader

if TYPE_CHECKING:
    from thegrid_exchange.delivery.relay import Relay


@dataclass(frozen=True)
class Services:
    """The parts of one running exchange."""

    config: Config
    clock: Clock
    sequencer: Sequencer
    live: Live
    trading: TradingReader
    candles: CandlesReader
    accounts: AccountsReader
    lots: LotsReader
    usage: UsageReader
    notices: NoticesReader
    outbox: Outbox
    guard: Guard
    records: UsageRecords
    replayer: Replayer
    prevented: PreventedReader
    supplier_changes: SupplierChangesReader
    positions: PositionsReader
    activity: ActivityReader
    statements: StatementsReader
    sweeps: SweepsReader
    indexes: ReferenceIndexReader
    authenticator: Authenticator
    vault: Vault
    validator: Validator
    requests: RequestLimiter
    streams: StreamLimiter
    metrics: Metrics
    pulse: Pulse
    background: Background = field(default_factory=Background)
    new_secrets: NewSecrets = field(default_factory=NewSecrets)
    relay: "Relay | Any" = None
    """The living pipe; None in a process that serves no deliveries."""
    traces: Traces | None = None
    """Spans of deliveries; None where nobody wants them."""
