"""`/v1/models`: the instruments, public, with what the caller holds of each where it gives a key.

How a model is written is in `models.py`.
"""

import asyncio
import logging
import time
from collections import defaultdict
from typing import Any, Final

import grpc.aio

from thegrid import errors
from thegrid.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    instruments_pb2,
    instruments_pb2_grpc,
    lots_pb2,
    market_data_pb2,
    market_data_pb2_grpc,
    members_pb2,
    members_pb2_grpc,
)
from thegrid_gateway.aliases import Aliases
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError, unlisted
from thegrid_gateway.models import (
    Model,
    aliased,
    anthropic_model,
    anthropic_page,
    balance_of,
    funds_of,
    model_of,
)
from thegrid_gateway.reads import PAGE_MAX, TIMEOUT_S, Metadata, ReadRequest

_log = logging.getLogger("thegrid_gateway")
_INDEX_KEPT_S: Final = 60.0
"""Time a reference index is kept: it is set once for each window of hours."""

_INDEXES_AT_ONCE: Final = 16
_LOTS_MAX: Final = 10_000

Index = market_data_pb2.ReferenceIndex


class Catalogue:
    """The public list, asked with the gateway's own key and kept for a moment."""

    def __init__(self, config: Config, channel: grpc.aio.Channel, aliases: Aliases) -> None:
        self._config = config
        self._aliases = aliases
        self._instruments = instruments_pb2_grpc.InstrumentServiceStub(channel)
        self._markets = market_data_pb2_grpc.MarketDataServiceStub(channel)
        self._own: Metadata = (("authorization", f"Bearer {config.secret()}"),)
        self._asking = asyncio.Lock()
        self._kept_s = 0.0
        self._models: list[Model] = []
        self._indexes: dict[str, tuple[float, Index | None]] = {}

    async def models(self) -> list[Model]:
        """Answer every instrument as a model, and once more for each other name of it."""
        async with self._asking:
            if not self._kept_s or time.monotonic() - self._kept_s >= self._config.catalogue_s:
                self._models = await self._asked()
                self._kept_s = time.monotonic()
            return self._models

    async def _asked(self) -> list[Model]:
        try:
            return await self._ask()
        except grpc.aio.AioRpcError as failure:
            _log.warning("the list of models: %s", errors.from_rpc(failure))
            raise unlisted() from None

    async def _ask(self) -> list[Model]:
        markets = await self._all_markets()
        instruments = await self._all_instruments()
        await self._ask_indexes([each.instrument_id for each in instruments])
        models = [
            model_of(each, markets.get(each.instrument_id), self._indexes[each.instrument_id][1])
            for each in instruments
        ]
        for model in models:
            model["aliases"] = self._aliases.of(model["id"])
        return [*models, *aliased(models, self._aliases)]

    async def _all_instruments(self) -> list[instruments_pb2.Instrument]:
        found: list[instruments_pb2.Instrument] = []
        asked = instruments_pb2.ListInstrumentsRequest(page_size=PAGE_MAX)
        while True:
            page = await self._instruments.ListInstruments(
                asked, metadata=self._own, timeout=TIMEOUT_S
            )
            found += page.instruments
            asked.page_token = page.next_page_token
            if not asked.page_token:
                return found

    async def _all_markets(self) -> dict[str, market_data_pb2.Market]:
        markets: dict[str, market_data_pb2.Market] = {}
        asked = market_data_pb2.ListMarketsRequest(page_size=PAGE_MAX)
        while True:
            page = await self._markets.ListMarkets(asked, metadata=self._own, timeout=TIMEOUT_S)
            markets.update((market.instrument_id, market) for market in page.markets)
            asked.page_token = page.next_page_token
            if not asked.page_token:
                return markets

    async def _ask_indexes(self, instrument_ids: list[str]) -> None:
        oldest_s = time.monotonic() - _INDEX_KEPT_S
        known = self._indexes
        due = [each for each in instrument_ids if each not in known or known[each][0] < oldest_s]
        for first in range(0, len(due), _INDEXES_AT_ONCE):
            some = due[first : first + _INDEXES_AT_ONCE]
            for each, index in zip(
                some, await asyncio.gather(*map(self._index, some)), strict=True
            ):
                known[each] = time.monotonic(), index

    async def _index(self, instrument_id: str) -> Index | None:
        """Answer the latest index; None while nothing has been delivered."""
        asked = market_data_pb2.GetReferenceIndexRequest(instrument=instrument_id)
        try:
            found = await self._markets.GetReferenceIndex(
                asked, metadata=self._own, timeout=TIMEOUT_S
            )
        except grpc.aio.AioRpcError as failure:
            if errors.from_rpc(failure).reason != "INDEX_NOT_FOUND":
                raise
            return None
        index: Index = found.index
        return index


class ModelReads:
    """The endpoints."""

    def __init__(self, catalogue: Catalogue, channel: grpc.aio.Channel, aliases: Aliases) -> None:
        self._catalogue = catalogue
        self._aliases = aliases
        self._accounts = accounts_pb2_grpc.AccountServiceStub(channel)
        self._members = members_pb2_grpc.MemberServiceStub(channel)

    async def list_models(self, asked: ReadRequest) -> dict[str, Any]:
        """GET /v1/models: the instruments, each with its promises and its market's prices."""
        balance, models = await self._for_caller(asked, await self._catalogue.models())
        if asked.is_anthropic:
            # Messages cannot be sent to what answers embeddings alone.
            chats = [model for model in models if model["specification"]["embedding"] is None]
            return anthropic_page(chats, asked.query)
        return {"object": "list", "data": models, "balance": balance}

    async def get_model(self, asked: ReadRequest) -> dict[str, Any]:
        """GET /v1/models/{model}: one instrument by symbol, id, or another name."""
        wanted = self._aliases.instrument(asked.path["model"])
        for model in await self._catalogue.models():
            if wanted in (model["id"], model["instrument_id"]):
                _, (shown,) = await self._for_caller(asked, [model])
                return anthropic_model(shown) if asked.is_anthropic else shown
        raise ApiError(
            404,
            f"The model '{wanted[:128]}' does not exist; GET /v1/models lists those that do.",
            param="model",
            code="model_not_found",
        )

    async def _for_caller(
        self, asked: ReadRequest, models: list[Model]
    ) -> tuple[dict[str, int] | None, list[Model]]:
        """Answer the caller's cash and the models with its funds; neither where it has no say."""
        if not asked.metadata:
            return None, models
        try:
            known: dict[str, Any] = {"metadata": asked.metadata, "timeout": TIMEOUT_S}
            held, member, lots = await asyncio.gather(
                self._accounts.GetBalances(accounts_pb2.GetBalancesRequest(), **known),
                self._members.GetMember(members_pb2.GetMemberRequest(), **known),
                self._open_lots(asked.metadata),
            )
        except grpc.aio.AioRpcError as failure:
            # A key may read models without a say over any account.
            if errors.from_rpc(failure).reason != "SCOPE_MISSING":
                raise
            return None, models
        units = {each.instrument_id: each for each in held.units}
        is_auto = member.member.settings.account_mode == members_pb2.ACCOUNT_MODE_AUTO
        can_buy = is_auto and held.cash.available_micros > 0
        return balance_of(held.cash), [
            {**model, "funds": funds_of(model, can_buy, units, lots)} for model in models
        ]

    async def _open_lots(self, metadata: Metadata) -> dict[str, list[lots_pb2.Lot]]:
        found: defaultdict[str, list[lots_pb2.Lot]] = defaultdict(list)
        asked = accounts_pb2.ListLotsRequest(page_size=PAGE_MAX)
        for _ in range(_LOTS_MAX // PAGE_MAX):
            page = await self._accounts.ListLots(asked, metadata=metadata, timeout=TIMEOUT_S)
            for lot in page.lots:
                found[lot.instrument_id].append(lot)
            asked.page_token = page.next_page_token
            if not asked.page_token:
                break
        return found
