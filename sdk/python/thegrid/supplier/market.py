"""The supplier's side of the market: the offer, issuance, and asks that keep resting.

Serving what was sold is in `agent.py`.
"""

import asyncio
import contextlib
from collections.abc import Callable

from thegrid import AsyncClient
from thegrid.errors import GridError, Refused, Unavailable
from thegrid.money import TOKENS_PER_UNIT, dollars
from thegrid.supplier.settings import SupplierSettings
from thegrid.v1 import instruments_pb2, supply_pb2, trading_pb2

TAG = "grid-supply"
"""Label of the agent's own orders; it touches no others."""


class MarketKeeper:
    """Keeps `quantity_units` on offer at `price_micros`, through fills, sweeps and restarts."""

    def __init__(
        self, client: AsyncClient, settings: SupplierSettings, report: Callable[[str], None]
    ) -> None:
        self._client = client
        self._settings = settings
        self._report = report
        self._last_trouble = ""

    async def register(self) -> supply_pb2.Offer:
        """Say what is offered, filling in what the instrument asks for. Raises GridError."""
        instrument = await self._client.instruments.get(self._settings.instrument)
        terms = offer_terms(self._settings, instrument.spec)
        return await self._client.supply.register_offer(self._settings.instrument, terms)

    async def run(self) -> None:
        """Top up again and again until cancelled; trouble is reported and outlived."""
        while True:
            try:
                await self.top_up()
                self._last_trouble = ""
            except GridError as trouble:
                if str(trouble) != self._last_trouble:
                    self._last_trouble = str(trouble)
                    self._report(f"cannot sell now: {trouble}")
            await asyncio.sleep(self._settings.market_interval_s)

    async def top_up(self) -> int:
        """Issue and offer what is missing; answers how many Units were put on sale."""
        resting_units = await self._resting_units()
        missing_units = self._settings.quantity_units - resting_units
        if missing_units <= 0:
            return 0
        supply = await self._supply()
        idle_units = supply.unsold_tokens // TOKENS_PER_UNIT - resting_units
        issue_units = min(missing_units - idle_units, supply.headroom_tokens // TOKENS_PER_UNIT)
        if not supply.headroom_tokens and not supply.issued_tokens:
            # It may not sell at all yet, and the refusal says why.
            issue_units = missing_units
        if issue_units > 0:
            await self._client.supply.issue(self._settings.instrument, issue_units)
            idle_units += issue_units
        units = min(missing_units, idle_units)
        if units <= 0:
            return 0
        await self._client.orders.sell(
            self._settings.instrument,
            units,
            self._settings.price_micros,
            source="issuance",
            tag=TAG,
        )
        price = dollars(self._settings.price_micros)
        self._report(f"offers {units} Units of {self._settings.instrument} at {price}")
        return units

    async def withdraw_asks(self) -> None:
        """Take the agent's asks out of the book, so that nothing is sold while it is away."""
        with contextlib.suppress(Refused, Unavailable):
            await self._client.orders.cancel_all(self._settings.instrument, TAG)

    async def _resting_units(self) -> int:
        """Count own asks at the right price; those at another are cancelled."""
        units = 0
        orders = self._client.orders.list(
            self._settings.instrument, status=trading_pb2.ORDER_STATUS_OPEN
        )
        async for order in orders:
            if order.tag != TAG:
                continue
            if order.price_micros == self._settings.price_micros:
                units += order.quantity_units - order.filled_units
            else:
                with contextlib.suppress(Refused):
                    await self._client.orders.cancel(order.order_id)
        return units

    async def _supply(self) -> supply_pb2.SupplyPosition:
        wanted = self._settings.instrument
        for position in await self._client.supply.positions():
            if wanted in (position.symbol, position.instrument_id):
                return position
        return supply_pb2.SupplyPosition()


def offer_terms(
    settings: SupplierSettings, spec: instruments_pb2.InstrumentSpec
) -> supply_pb2.OfferTerms:
    """Answer the terms of an offer; what the settings leave open is what the instrument asks."""
    bands = spec.first_token_bands
    return supply_pb2.OfferTerms(
        model=settings.model,
        capabilities=settings.capabilities,
        honoured_fields=settings.honoured_fields,
        context_tokens=settings.context_tokens or spec.context_min_tokens,
        output_tokens=settings.output_tokens or spec.output_min_tokens,
        quality_milli=settings.quality_milli or spec.quality_min_milli,
        first_token_us=settings.first_token_us or (bands[0].first_token_max_us if bands else 1),
        concurrent_deliveries=settings.concurrent_deliveries,
        throughput_tokens_per_second=settings.throughput_tokens_per_second,
        region=settings.region,
        data_policy=settings.data_policy,
        embedding_space=settings.embedding_space or spec.embedding.space,
    )
