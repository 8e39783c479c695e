"""Runs one supplier from start to stop: offer, serving, selling, and a clean end.

The command line is elsewhere; needs the extra `supplier` unless the demo model serves.
"""

import asyncio
import dataclasses
import signal
from collections.abc import Callable

from thegrid import AsyncClient
from thegrid.supplier.agent import SupplierAgent
from thegrid.supplier.backend import Backend
from thegrid.supplier.demo import CAPABILITIES, HONOURED_FIELDS, DemoModel
from thegrid.supplier.hashed import SPACE
from thegrid.supplier.market import MarketKeeper
from thegrid.supplier.settings import SupplierSettings, SupplierSettingsError


async def run_supplier(
    settings: SupplierSettings,
    *,
    stop: asyncio.Event | None = None,
    report: Callable[[str], None] = print,
) -> None:
    """Register the offer, serve, and keep asks resting until `stop` is set or a signal comes.

    SIGTERM and SIGINT end it when no `stop` is given: asks are withdrawn, running deliveries have
    the grace, no new ones are taken. Each line of `report` is for people. Raises GridError when
    the exchange refuses the supplier for good, SupplierSettingsError when aiohttp is missing.
    """
    stopping = stop or _stop_on_signals()
    async with AsyncClient(settings=settings.exchange) as client:
        spec = (await client.instruments.get(settings.instrument)).spec
        settings = _with_demo_terms(settings, is_embedding=spec.HasField("embedding"))
        keeper = MarketKeeper(client, settings, report)
        offer = await keeper.register()
        agent = SupplierAgent(
            settings.exchange,
            (settings.instrument,),
            build_backend(settings),
            concurrent_deliveries=settings.concurrent_deliveries,
            report=report,
        )
        try:
            await agent.start()
            report(f"READY {offer.symbol} with {settings.model} as {agent.supplier_id}")
            await _serve_and_sell(agent, keeper, settings, stopping)
        finally:
            await agent.stop(settings.grace_s if stopping.is_set() else 0.0)


async def _serve_and_sell(
    agent: SupplierAgent,
    keeper: MarketKeeper,
    settings: SupplierSettings,
    stopping: asyncio.Event,
) -> None:
    """Serve and sell until stopped; raises what made serving hopeless."""
    ending = {asyncio.ensure_future(stopping.wait()), asyncio.ensure_future(agent.wait())}
    selling = asyncio.ensure_future(keeper.run()) if settings.keep_market else None
    try:
        done, _ = await asyncio.wait(
            ending | ({selling} if selling else set()), return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()
    finally:
        tasks = ending | ({selling} if selling else set())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if settings.keep_market:
            await keeper.withdraw_asks()


def build_backend(settings: SupplierSettings) -> Backend:
    """Answer the backend that the settings name, traced if they say so."""
    backend = _plain_backend(settings)
    if not settings.otlp_endpoint:
        return backend
    try:
        from thegrid.supplier.traced import SERVICE, TracedBackend
        from thegrid.telemetry import Telemetry
    except ImportError as missing:
        raise SupplierSettingsError(
            f"otlp_endpoint: needs {missing.name}; install thegrid[telemetry]"
        ) from None
    return TracedBackend(backend, Telemetry(SERVICE, settings.otlp_endpoint))


def _plain_backend(settings: SupplierSettings) -> Backend:
    if not settings.upstream_url:
        return DemoModel()
    try:
        from thegrid.supplier.upstream import Upstream
    except ImportError:
        raise SupplierSettingsError(
            "upstream_url: forwarding needs aiohttp; install thegrid[supplier]"
        ) from None
    return Upstream(
        settings.upstream_url,
        model=settings.upstream_model or settings.model,
        key=settings.upstream_key,
        output_cap_field=settings.output_cap_field,
    )


def _with_demo_terms(settings: SupplierSettings, *, is_embedding: bool) -> SupplierSettings:
    """Let the demo model declare what it can do, whatever the settings would promise."""
    if settings.upstream_url:
        return settings
    if is_embedding:
        return dataclasses.replace(
            settings, capabilities=(), honoured_fields=(), embedding_space=SPACE
        )
    return dataclasses.replace(settings, capabilities=CAPABILITIES, honoured_fields=HONOURED_FIELDS)


def _stop_on_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping
