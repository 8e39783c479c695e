"""The only wiring: what a running exchange is made of, and in which order it starts and stops.

Start: journal, recovery, views, sequencer, overdue Ticks, relay, doors. Stop: doors first, the
journal last, so that nothing is taken that cannot be answered.
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from thegrid_exchange.api import bootstrap
from thegrid_exchange.api.auth import Authenticator
from thegrid_exchange.api.embeddings import PipeEdits
from thegrid_exchange.api.limits import RequestLimiter, StreamLimiter
from thegrid_exchange.api.metrics import Metrics
from thegrid_exchange.api.operator_port import OperatorPort
from thegrid_exchange.api.probes import ProbeDrafts
from thegrid_exchange.api.pulse import Pulse
from thegrid_exchange.api.records import (
    ReceiptSigner,
    UsageRecords,
    ensure_receipt_key,
    load_or_make_signer,
)
from thegrid_exchange.api.secrets import Vault, load_or_make_hash_secret
from thegrid_exchange.api.server import Server, build_server
from thegrid_exchange.api.services import Services
from thegrid_exchange.api.traces import open_traces
from thegrid_exchange.api.validation import Validator
from thegrid_exchange.calls import Limits
from thegrid_exchange.clock import Clock, SystemClock
from thegrid_exchange.config import Config, ConfigError
from thegrid_exchange.delivery.catalogue import Catalogue
from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.relay import Relay
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.journal.snapshots import Snapshotter
from thegrid_exchange.journal.store import SqlJournal
from thegrid_exchange.notify.addresses import Guard
from thegrid_exchange.notify.outbox import Outbox, OutboxLimits
from thegrid_exchange.notify.sender import Sender
from thegrid_exchange.process import fail_stop, require_believable_clock, settle_memory
from thegrid_exchange.recovery import Recovered, recover
from thegrid_exchange.replay import Replayer, ReplayLimits
from thegrid_exchange.sequencer import Sequencer
from thegrid_exchange.ticker import Ticker
from thegrid_exchange.views.accounts import AccountsReader
from thegrid_exchange.views.activity import ActivityReader
from thegrid_exchange.views.candles import CandlesReader, statistics_of
from thegrid_exchange.views.live import Live
from thegrid_exchange.views.lots import LotsReader
from thegrid_exchange.views.notices import NoticesReader
from thegrid_exchange.views.performance import SupplierChangesReader
from thegrid_exchange.views.positions import PositionsReader
from thegrid_exchange.views.prevented import PreventedReader
from thegrid_exchange.views.projector import Projector
from thegrid_exchange.views.reference_index import ReferenceIndexReader
from thegrid_exchange.views.sql import Reader
from thegrid_exchange.views.statements import StatementsReader
from thegrid_exchange.views.sweeps import SweepsReader
from thegrid_exchange.views.trading import TradingReader
from thegrid_exchange.views.usage import UsageReader

log = logging.getLogger(__name__)

MICROS: Final = 1_000_000


@dataclass
class RunningExchange:
    """A started exchange; `stop` ends it in good order."""

    config: Config
    services: Services
    ticker: Ticker
    server: Server
    port: int
    operator_port: int
    _journal: SqlJournal
    _operator: OperatorPort
    _ticking: asyncio.Task[None]

    @property
    def target(self) -> str:
        """Address for gRPC clients on this machine."""
        return f"127.0.0.1:{self.port}"

    async def stop(self, grace_s: float | None = None) -> None:
        """Drain: refuse new calls, let open ones end, then close the journal."""
        grace_s = self.config.drain_s if grace_s is None else grace_s
        await self.server.drain()
        self.services.pulse.drain()
        await self.services.relay.drain(grace_s)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.services.streams.all_ended(), grace_s)
        await self.server.stop(min(grace_s, 5.0))
        await self.services.background.finish()
        await self.services.replayer.stop()
        await self.services.outbox.stop()
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)
        await self.services.pulse.stop()
        await self.services.sequencer.drain()
        await self._journal.close()
        await self._operator.stop()
        if self.services.traces is not None:
            await asyncio.to_thread(self.services.traces.telemetry.close)


async def start(
    config: Config,
    clock: Clock | None = None,
    *,
    on_fault: Callable[[str], object] = fail_stop,
) -> RunningExchange:
    """Start an exchange and open its doors.

    Raises ConfigError, JournalError or OSError naming what is wrong and what to do.
    """
    if config.role != "both":
        raise ConfigError(
            f"--role (GRID_ROLE): {config.role!r} is not served by this version, which runs the "
            "exchange and its relay in one process; leave it at 'both'"
        )
    clock = clock or SystemClock(config.clock_offset_s * 1_000_000)
    projector = Projector(config.journal_url, config.partition)
    journal = SqlJournal(
        config.journal_url,
        clock,
        config.partition,
        lease_wait_us=config.lease_wait_s * MICROS,
    )
    recovered = await _recover(config, journal, projector)
    try:
        require_believable_clock(
            clock,
            recovered.head.at_us,
            max_jump_us=config.max_clock_jump_s * MICROS,
            is_accepted=config.accept_clock_jump,
        )
        journal.on_lost = lambda error: on_fault(f"the partition was lost ({error})")
        settle_memory()
        # Only who holds the journal's lock may make the secret, and only before there are keys.
        vault = _vault(config, is_needed=bool(recovered.state.keys))
        return await _start(config, clock, vault, projector, journal, recovered, on_fault)
    except BaseException:
        await journal.close()
        raise


async def _start(
    config: Config,
    clock: Clock,
    vault: Vault,
    projector: Projector,
    journal: SqlJournal,
    recovered: Recovered,
    on_fault: Callable[[str], object],
) -> RunningExchange:
    reader = Reader(journal.engine, config.journal_url, config.partition, journal.last_seq_before)
    live = Live(
        recovered.state, recovered.head, projector, kept=config.subscriber_queue_messages * 8
    )
    now_us, markets = recovered.state.now_us, recovered.state.markets
    statistics = [await statistics_of(reader, market_id, now_us) for market_id in markets]
    live.begin(await projector.open(reader), statistics)
    sequencer = _sequencer(config, clock, projector, journal, recovered, on_fault)
    sequencer.subscribe(live.fold)
    ticker = Ticker(
        sequencer,
        clock,
        heartbeat_us=config.heartbeat_s * MICROS,
        awaited_us=lambda: live.next_candle_us,
    )
    relay = _relay(config, clock, sequencer, live, ProbeDrafts(vault))
    limits = ReplayLimits(config.resume_rows, config.resume_events)
    replayer = Replayer(journal, running_rules().codec, live, limits)
    signer = load_or_make_signer(config.data)
    services = _services(config, clock, vault, signer, sequencer, live, reader, replayer, relay)
    relay.on_settled = services.metrics.settled
    if services.traces is not None:
        relay.on_over = services.traces.over
    async with contextlib.AsyncExitStack() as undo:
        sequencer.start()
        undo.push_async_callback(sequencer.drain)
        await ticker.catch_up()
        await bootstrap.ensure_operator(config.data, sequencer, live, vault)
        await ensure_receipt_key(sequencer, live, signer)
        await relay.start()
        undo.push_async_callback(relay.drain, 0)
        services.outbox.start()
        undo.push_async_callback(services.outbox.stop)
        operator = OperatorPort(_exposition(services), lambda: not services.pulse.draining)
        operator_port = await operator.start(config.operator_host, config.operator_port)
        undo.push_async_callback(operator.stop)
        server = build_server(services)
        undo.push_async_callback(server.stop, 0)
        port = await server.start(config)
        relay.addresses = (config.relay_address or f"{config.grpc_host}:{port}",)
        services.pulse.start()
        ticking = asyncio.create_task(ticker.run(), name="ticker")
        undo.pop_all()
    return RunningExchange(
        config, services, ticker, server, port, operator_port, journal, operator, ticking
    )


def run(config: Config) -> int:
    """Serve until SIGTERM or SIGINT, then drain; answers the exit code."""
    if sys.platform == "win32":
        return asyncio.run(_serve(config))
    import uvloop

    return uvloop.run(_serve(config))


async def _serve(config: Config) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stopping.set)
    try:
        exchange = await start(config)
    except (OSError, ValueError) as error:
        raise ConfigError(str(error)) from error
    print(
        f"READY grpc={config.grpc_host}:{exchange.port} "
        f"operator={config.operator_host}:{exchange.operator_port} "
        f"seq={exchange.services.live.durable.seq}",
        flush=True,
    )
    await stopping.wait()
    log.info("draining, at most %d s", config.drain_s)
    await exchange.stop()
    return 0


# ---- parts ---------------------------------------------------------------------------------------


def _vault(config: Config, *, is_needed: bool) -> Vault:
    return Vault(load_or_make_hash_secret(config.secret_path, is_needed=is_needed))


async def _recover(config: Config, journal: SqlJournal, projector: Projector) -> Recovered:
    return await recover(
        journal,
        running_rules(),
        request_horizon_us=config.request_horizon_s * MICROS,
        most_request_ids=config.max_request_ids,
        projector=projector,
    )


def _sequencer(
    config: Config,
    clock: Clock,
    projector: Projector,
    journal: SqlJournal,
    recovered: Recovered,
    on_fault: Callable[[str], object],
) -> Sequencer:
    rules = running_rules()
    snapshotter = Snapshotter(
        journal,
        rules.codec,
        rules.version,
        every_rows=config.snapshot_rows,
        keep=config.snapshots_kept,
    )
    snapshotter.begin_after(recovered.snapshot_seq)
    limits = Limits(
        batch_commands=config.batch_commands,
        batch_bytes=config.batch_bytes,
        waiting_commands=config.waiting_commands,
        overload_retry_us=config.overload_retry_ms * 1_000,
        clock_jump_us=0 if config.accept_clock_jump else config.max_clock_jump_s * MICROS,
    )
    return Sequencer(
        recovered,
        rules,
        journal,
        clock,
        limits=limits,
        projector=projector,
        snapshotter=snapshotter,
        on_fault=on_fault,
    )


def _services(
    config: Config,
    clock: Clock,
    vault: Vault,
    signer: ReceiptSigner,
    sequencer: Sequencer,
    live: Live,
    reader: Reader,
    replayer: Replayer,
    relay: Relay,
) -> Services:
    authenticator = Authenticator(vault, live.state, clock)
    live.on_ended = authenticator.announce
    guard = Guard(allow_private=config.webhook_allow_private)
    notices = NoticesReader(reader)
    records = UsageRecords(live, signer, clock)
    sender = Sender(guard, clock, timeout_us=config.webhook_timeout_s * MICROS)
    outbox_limits = OutboxLimits(config.webhook_attempts, at_once=config.webhooks_at_once)
    return Services(
        config=config,
        clock=clock,
        sequencer=sequencer,
        live=live,
        trading=TradingReader(reader),
        candles=CandlesReader(reader),
        accounts=AccountsReader(reader),
        lots=LotsReader(reader),
        usage=UsageReader(reader),
        notices=notices,
        outbox=Outbox(
            sequencer,
            live.state,
            notices,
            sender,
            clock,
            vault.webhook_secret,
            limits=outbox_limits,
        ),
        guard=guard,
        records=records,
        replayer=replayer,
        prevented=PreventedReader(reader),
        supplier_changes=SupplierChangesReader(reader),
        positions=PositionsReader(reader),
        activity=ActivityReader(reader),
        statements=StatementsReader(reader),
        sweeps=SweepsReader(reader),
        indexes=ReferenceIndexReader(reader),
        authenticator=authenticator,
        vault=vault,
        validator=Validator(),
        requests=RequestLimiter(config.requests_per_second_per_key),
        streams=StreamLimiter(config.max_streams_per_key),
        metrics=Metrics(),
        pulse=Pulse(clock, authenticator),
        relay=relay,
        traces=open_traces(config.otlp_endpoint, records.message),
    )


def _relay(
    config: Config, clock: Clock, sequencer: Sequencer, live: Live, drafts: ProbeDrafts
) -> Relay:
    """The living pipe; its catalogue is folded after the state that it reads."""
    catalogue = Catalogue(live.state)
    sequencer.subscribe(catalogue.fold)
    limits = DeliveryLimits(
        concurrent_deliveries=config.max_deliveries,
        concurrent_deliveries_per_key=config.max_deliveries_per_key,
        waiting_deliveries=config.max_waiting_deliveries,
        waiting_deliveries_per_member=config.max_waiting_deliveries_per_member,
        wait_us=config.max_delivery_wait_ms * 1_000,
    )
    relay = Relay(sequencer, catalogue, clock, PipeEdits(), limits=limits, drafts=drafts)
    sequencer.subscribe(relay.prober.fold)
    return relay


def _exposition(services: Services) -> Callable[[], bytes]:
    def exposition() -> bytes:
        metrics, relay = services.metrics, services.relay
        metrics.seq.set(services.live.durable.seq)
        metrics.open_deliveries.set(relay.open_calls)
        metrics.waiting_deliveries.set(relay.suppliers.waiting)
        metrics.supplier_links.set(len(relay.suppliers.links()))
        return metrics.exposition()

    return exposition
