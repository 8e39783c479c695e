"""How an instrument is written as a model: OpenAI's object and more, other names, Anthropic's own.

Where the instruments come from is in `catalogue.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from thegrid.v1 import accounts_pb2, instruments_pb2, lots_pb2, market_data_pb2
from thegrid_gateway.aliases import Aliases
from thegrid_gateway.errors import ApiError
from thegrid_gateway.records import word

Model = dict[str, Any]

_PAGE = 20
_INDEX_STATUS_PREFIX = "REFERENCE_INDEX_STATUS_"


def model_of(
    instrument: instruments_pb2.Instrument,
    market: market_data_pb2.Market | None,
    index: market_data_pb2.ReferenceIndex | None,
) -> Model:
    """Answer an instrument as OpenAI's clients read a model, with all that it promises."""
    spec = instrument.spec
    return {
        "id": instrument.symbol,
        "object": "model",
        "created": instrument.create_time.seconds,
        "owned_by": "thegrid",
        "name": instrument.name,
        "instrument_id": instrument.instrument_id,
        "spec_version": spec.version,
        "service_type": spec.service_type,
        "context_window": spec.context_min_tokens,
        "max_output_tokens": spec.output_min_tokens,
        "capabilities": list(spec.capabilities),
        "specification": _specification(spec),
        "pricing": _pricing(market, index) if market is not None else None,
        "market_state": _market_state(market) if market is not None else None,
        "funds": None,
    }


def _specification(spec: instruments_pb2.InstrumentSpec) -> dict[str, Any]:
    return {
        "version": spec.version,
        "effective_time": spec.effective_time.ToJsonString(),
        "quality_index": spec.quality_index,
        "quality_min_milli": spec.quality_min_milli,
        "first_token_bands": [
            {
                "prompt_max_tokens": band.prompt_max_tokens,
                "first_token_max_us": band.first_token_max_us,
            }
            for band in spec.first_token_bands
        ],
        "throughput_min_tokens_per_second": spec.throughput_min_tokens_per_second,
        "context_min_tokens": spec.context_min_tokens,
        "output_min_tokens": spec.output_min_tokens,
        "availability_min_ppm": spec.availability_min_ppm,
        "error_rate_max_ppm": spec.error_rate_max_ppm,
        "embedding": _embedding(spec.embedding) if spec.HasField("embedding") else None,
        "metering": {"version": spec.metering.version, "tokenizer": spec.metering.tokenizer},
    }


def _embedding(spec: instruments_pb2.EmbeddingSpec) -> dict[str, Any]:
    names = ("space", "dimensions", "dimensions_min", "input_max_tokens", "inputs_max")
    return {name: getattr(spec, name) for name in names}


def _market_state(market: market_data_pb2.Market) -> str:
    return word(market_data_pb2.MarketState, market.state, "MARKET_STATE_")


def _pricing(
    market: market_data_pb2.Market, index: market_data_pb2.ReferenceIndex | None
) -> dict[str, Any]:
    prices = ("last_price_micros", "best_bid_micros", "best_ask_micros")
    known = {name: getattr(market, name) if market.HasField(name) else None for name in prices}
    return {
        "currency": "USD",
        "unit_tokens": 1_000_000,
        **known,
        "reference_index": _index(index) if index is not None else None,
    }


def _index(index: market_data_pb2.ReferenceIndex) -> dict[str, Any]:
    return {
        "price_micros": index.price_micros if index.HasField("price_micros") else None,
        "window_start_time": index.window_start_time.ToJsonString(),
        "window_end_time": index.window_end_time.ToJsonString(),
        "trade_count": index.trade_count,
        "volume_tokens": index.volume_tokens,
        "status": word(market_data_pb2.ReferenceIndexStatus, index.status, _INDEX_STATUS_PREFIX),
        "method_version": index.method_version,
    }


def balance_of(cash: accounts_pb2.CashBalance) -> dict[str, int]:
    """Answer a caller's cash."""
    return {"available_micros": cash.available_micros, "held_micros": cash.held_micros}


def funds_of(
    model: Model,
    can_buy: bool,
    units: Mapping[str, accounts_pb2.UnitBalance],
    lots: Mapping[str, Sequence[lots_pb2.Lot]],
) -> dict[str, Any]:
    """Answer what a caller holds of an instrument, in tokens, and whether a call could use it."""
    held = units.get(model["instrument_id"], accounts_pb2.UnitBalance())
    return {
        "is_funded": held.lot_tokens > 0 or can_buy,
        "lot_tokens": held.lot_tokens,
        "reserved_tokens": held.reserved_tokens,
        "trading_tokens": held.trading_tokens,
        "held_tokens": held.held_tokens,
        "lots": [
            {
                "lot_id": lot.lot_id,
                "free_tokens": lot.free_tokens,
                "expire_time": lot.expire_time.ToJsonString(),
            }
            for lot in lots.get(model["instrument_id"], ())
        ],
    }


def aliased(models: Sequence[Model], aliases: Aliases) -> list[Model]:
    """Answer one more model for each other name that the operator gave to one of `models`."""
    known = {model["id"]: model for model in models}
    return [
        {**known[alias.instrument], "id": alias.pattern, "instrument": alias.instrument}
        for alias in aliases.names()
        if alias.instrument in known and alias.pattern not in known
    ]


def anthropic_model(model: Model) -> Model:
    """Answer a model as Anthropic's clients read it."""
    created = datetime.fromtimestamp(model["created"], UTC)
    return {
        "type": "model",
        "id": model["id"],
        "display_name": model["name"],
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": "active",
        "max_input_tokens": model["context_window"],
        "max_tokens": model["max_output_tokens"],
        "instrument_id": model["instrument_id"],
        "pricing": model["pricing"],
    }


def anthropic_page(models: Sequence[Model], query: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a page of models, from `after_id` or up to `before_id`, at most `limit`."""
    limit = query.get("limit", _PAGE)
    ids = [model["id"] for model in models]
    first, end = 0, len(ids)
    if query.get("after_id"):
        first = _place(ids, "after_id", query["after_id"]) + 1
    if query.get("before_id"):
        end = _place(ids, "before_id", query["before_id"])
        first = max(first, end - limit)
    page = [anthropic_model(model) for model in models[first : min(end, first + limit)]]
    return {
        "data": page,
        "has_more": first > 0 if query.get("before_id") else first + limit < end,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
    }


def _place(ids: Sequence[str], name: str, wanted: str) -> int:
    if wanted not in ids:
        raise ApiError(400, f"Invalid '{name}': there is no model '{wanted[:64]}'.", param=name)
    return ids.index(wanted)
