"""The gateway's reads: models and usage, each asked of the exchange with the caller's own key.

Chat completions are in `chat.py`.
"""

import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from thegrid import errors
from thegrid.v1 import (
    instruments_pb2,
    instruments_pb2_grpc,
    market_data_pb2,
    market_data_pb2_grpc,
    usage_pb2,
    usage_pb2_grpc,
)
from thegrid_gateway.aliases import Aliases
from thegrid_gateway.config import Config
from thegrid_gateway.errors import ApiError, from_refusal, internal
from thegrid_gateway.fields import page_limit
from thegrid_gateway.http import ClientLeft, Http
from thegrid_gateway.metrics import Metrics
from thegrid_gateway.models import aliased, anthropic_model, anthropic_page
from thegrid_gateway.records import record_to_json, signed

_log = logging.getLogger("thegrid_gateway")
_TIMEOUT_S = 10.0
_PAGE_MAX = 1_000
_CACHED_CALLERS = 1_024
_ANSWER_PREFIXES = ("chatcmpl-", "msg_", "resp_")

Metadata = tuple[tuple[str, str], ...]
Read = Callable[[Request, Metadata], Awaitable[dict[str, Any]]]


class Reads:
    """The endpoints that only read."""

    def __init__(
        self, config: Config, channel: grpc.aio.Channel, metrics: Metrics, aliases: Aliases
    ) -> None:
        self._config = config
        self._aliases = aliases
        self._metrics = metrics
        self._instruments = instruments_pb2_grpc.InstrumentServiceStub(channel)
        self._markets = market_data_pb2_grpc.MarketDataServiceStub(channel)
        self._usage = usage_pb2_grpc.UsageServiceStub(channel)
        self._kept: dict[bytes, tuple[float, list[dict[str, Any]]]] = {}

    def endpoint(self, name: str, read: Read) -> "Endpoint":
        """Make the ASGI application of one read."""
        return Endpoint(self._config, self._metrics, name, read)

    async def list_models(self, request: Request, metadata: Metadata) -> dict[str, Any]:
        """GET /v1/models: the instruments, each with its promises and its market's prices."""
        models = await self._models(metadata)
        if request.headers.get("anthropic-version"):
            return anthropic_page(models, request.query_params)
        return {"object": "list", "data": models}

    async def get_model(self, request: Request, metadata: Metadata) -> dict[str, Any]:
        """GET /v1/models/{model}: one instrument by symbol or id."""
        wanted = self._aliases.instrument(request.path_params["model"])
        for model in await self._models(metadata):
            if wanted in (model["id"], model["instrument_id"]):
                is_anthropic = request.headers.get("anthropic-version")
                return anthropic_model(model) if is_anthropic else model
        raise ApiError(
            404,
            f"The model '{wanted}' does not exist; GET /v1/models lists those that do.",
            param="model",
            code="model_not_found",
        )

    async def get_usage(self, request: Request, metadata: Metadata) -> dict[str, Any]:
        """GET /v1/usage/{id}: one record, by any id that the caller has seen."""
        wanted = request.path_params["id"]
        prefix = next((each for each in _ANSWER_PREFIXES if wanted.startswith(each)), "")
        if prefix:
            wanted = "usg_" + wanted.removeprefix(prefix)
        asked = usage_pb2.GetUsageRequest(id=wanted)
        found = await self._usage.GetUsage(asked, metadata=metadata, timeout=_TIMEOUT_S)
        return record_to_json(found.usage) | {"signed": signed(found.receipt) or None}

    async def list_usage(self, request: Request, metadata: Metadata) -> dict[str, Any]:
        """GET /v1/usage: records, newest first, page by page."""
        query = request.query_params
        asked = usage_pb2.ListUsageRequest(
            page_size=page_limit(query.get("limit", "100"), _PAGE_MAX),
            page_token=query.get("after", ""),
            instrument=query.get("model", ""),
            key_id=query.get("key_id", ""),
        )
        for name in ("start_time", "end_time"):
            if query.get(name):
                getattr(asked, name).CopyFrom(_instant(name, query[name]))
        page = await self._usage.ListUsage(asked, metadata=metadata, timeout=_TIMEOUT_S)
        return {
            "object": "list",
            "data": [record_to_json(record) for record in page.usage],
            "has_more": bool(page.next_page_token),
            "next": page.next_page_token or None,
        }

    async def _models(self, metadata: Metadata) -> list[dict[str, Any]]:
        # By a hash, so that no key is kept; who was answered once is known to have a good one.
        caller = hashlib.sha256(metadata[0][1].encode()).digest()
        kept = self._kept.get(caller)
        now_s = time.monotonic()
        if kept is not None and now_s - kept[0] < self._config.catalogue_s:
            return kept[1]
        if len(self._kept) >= _CACHED_CALLERS:
            self._kept.clear()
        markets = await self._all_markets(metadata)
        models: list[dict[str, Any]] = []
        asked = instruments_pb2.ListInstrumentsRequest(page_size=_PAGE_MAX)
        while True:
            page = await self._instruments.ListInstruments(
                asked, metadata=metadata, timeout=_TIMEOUT_S
            )
            models += (_model(item, markets.get(item.instrument_id)) for item in page.instruments)
            asked.page_token = page.next_page_token
            if not asked.page_token:
                break
        for model in models:
            model["aliases"] = self._aliases.of(model["id"])
        models += aliased(models, self._aliases)
        self._kept[caller] = (now_s, models)
        return models

    async def _all_markets(self, metadata: Metadata) -> dict[str, market_data_pb2.Market]:
        markets: dict[str, market_data_pb2.Market] = {}
        asked = market_data_pb2.ListMarketsRequest(page_size=_PAGE_MAX)
        while True:
            page = await self._markets.ListMarkets(asked, metadata=metadata, timeout=_TIMEOUT_S)
            markets.update((market.instrument_id, market) for market in page.markets)
            asked.page_token = page.next_page_token
            if not asked.page_token:
                return markets


def _model(
    instrument: instruments_pb2.Instrument, market: market_data_pb2.Market | None
) -> dict[str, Any]:
    spec = instrument.spec
    return {
        "id": instrument.symbol,
        "object": "model",
        "created": instrument.create_time.seconds,
        "owned_by": "thegrid",
        "name": instrument.name,
        "instrument_id": instrument.instrument_id,
        "spec_version": spec.version,
        "context_window": spec.context_min_tokens,
        "max_output_tokens": spec.output_min_tokens,
        "first_token_bands": [
            {
                "prompt_max_tokens": band.prompt_max_tokens,
                "first_token_max_us": band.first_token_max_us,
            }
            for band in spec.first_token_bands
        ],
        "throughput_min_tokens_per_second": spec.throughput_min_tokens_per_second,
        "quality": {"index": spec.quality_index, "min_milli": spec.quality_min_milli},
        "capabilities": list(spec.capabilities),
        "metering": spec.metering.version,
        "pricing": _pricing(market) if market is not None else None,
    }


def _pricing(market: market_data_pb2.Market) -> dict[str, Any]:
    prices = ("last_price_micros", "best_bid_micros", "best_ask_micros")
    known = {name: getattr(market, name) if market.HasField(name) else None for name in prices}
    return {"currency": "USD", "unit_tokens": 1_000_000, **known}


def _instant(name: str, text: str) -> Timestamp:
    instant = Timestamp()
    try:
        if text.isascii() and text.isdigit():
            instant.FromSeconds(int(text))
        else:
            instant.FromJsonString(text)
    except (ValueError, OverflowError):
        raise ApiError(
            400,
            f"Invalid '{name}': expected Unix seconds or RFC 3339, such as 2026-11-23T00:00:00Z.",
            param=name,
        ) from None
    return instant


class Endpoint:
    """One read as an ASGI application."""

    def __init__(self, config: Config, metrics: Metrics, name: str, read: Read) -> None:
        self._config = config
        self._metrics = metrics
        self._name = name
        self._read = read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        http = Http(scope, receive, send, self._config)
        try:
            metadata: Metadata = (
                ("authorization", f"Bearer {http.credential()}"),
                ("x-request-id", http.request_id),
            )
            await http.answer(200, await self._read(Request(scope), metadata))
        except ClientLeft:
            pass
        except ApiError as refused:
            await http.refuse(refused)
        except grpc.RpcError as failure:
            await http.refuse(from_refusal(errors.from_rpc(failure)))
        except Exception:
            _log.exception("%s: unexpected fault", http.request_id)
            await http.refuse(internal())
        finally:
            self._metrics.count(self._name, http.status)
