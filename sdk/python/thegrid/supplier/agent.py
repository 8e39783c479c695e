"""The supplier's agent: one link to each relay, one backend behind them all.

Offers and asks are kept in `market.py`, what answers deliveries in `backend.py`.
"""

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

from thegrid.errors import AuthError, GridError, NotFound, PermissionDenied
from thegrid.settings import Settings, version
from thegrid.supplier.backend import Backend
from thegrid.supplier.link import Link
from thegrid.v1 import supply_pb2

_HOPELESS = (AuthError, PermissionDenied, NotFound)


class SupplierAgent:
    """Serves deliveries of some instruments until it is stopped.

    `exchange` carries a key with the scope `supply`; every instrument needs an offer. The agent
    dials the exchange, then every further relay that the welcome names.
    """

    def __init__(
        self,
        exchange: Settings,
        instruments: tuple[str, ...],
        backend: Backend,
        *,
        concurrent_deliveries: int = 16,
        report: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._exchange = exchange
        self._backend = backend
        self._hello = supply_pb2.ServeHello(
            agent=f"thegrid-python/{version()}",
            instruments=instruments,
            concurrent_deliveries=concurrent_deliveries,
        )
        self._report = report
        self._links: dict[str, tuple[Link, asyncio.Task[None]]] = {}
        self._welcomed = asyncio.Event()
        self._hopeless: asyncio.Future[None] | None = None
        self.supplier_id = ""
        """The supplier, `mem_…`, once a relay has welcomed it."""

    @property
    def running(self) -> int:
        """How many deliveries are being answered."""
        return sum(link.running for link, _ in self._links.values())

    async def start(self, timeout_s: float = 30.0) -> None:
        """Dial, and wait for the first welcome. Raises GridError when it is refused for good."""
        self._hopeless = asyncio.get_running_loop().create_future()
        await self._backend.start()
        self._dial(self._exchange)
        welcomed: asyncio.Future[object] = asyncio.ensure_future(self._welcomed.wait())
        ends: set[asyncio.Future[Any]] = {welcomed, self._hopeless}
        try:
            await asyncio.wait(
                ends,
                timeout=timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if self._hopeless.done():
                await self._hopeless
            if not welcomed.done():
                raise GridError(
                    f"{self._exchange.target} did not welcome the supplier within {timeout_s:g} s",
                    code="DEADLINE_EXCEEDED",
                )
        finally:
            welcomed.cancel()

    async def wait(self) -> None:
        """Wait until serving has become hopeless, such as for a revoked key. Raises GridError."""
        if self._hopeless is not None:
            await asyncio.shield(self._hopeless)

    async def stop(self, grace_s: float = 0.0) -> None:
        """Take no new deliveries, let running ones end within `grace_s`, then leave."""
        for link, _ in self._links.values():
            link.drain()
        tasks = [task for _, task in self._links.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=grace_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._links.clear()
        await self._backend.close()

    def _dial(self, settings: Settings) -> None:
        link = Link(
            settings,
            self._hello,
            self._backend,
            on_welcome=self._take_welcome,
            on_lost=self._take_loss,
        )
        self._links[settings.target] = (link, asyncio.ensure_future(link.run()))

    def _take_welcome(self, link: Link, welcome: supply_pb2.ServeWelcome) -> None:
        self.supplier_id = welcome.supplier_id
        self._welcomed.set()
        self._report(f"serving over {link.address} as {welcome.supplier_id}")
        addresses = welcome.relay_addresses
        # One address is this relay, perhaps by another name; several are dialled by their names.
        if len(addresses) < 2:
            return
        for address in addresses:
            if address not in self._links:
                self._dial(dataclasses.replace(self._exchange, target=address))
        if link.address not in addresses:
            link.drain()

    def _take_loss(self, link: Link, error: GridError) -> None:
        self._report(f"lost {link.address}: {error}")
        if isinstance(error, _HOPELESS) and self._hopeless and not self._hopeless.done():
            self._hopeless.set_exception(error)
