"""A catalogue of instruments as data, families times tiers and a few that stand alone, from TOML.
The values stand in `catalogue.toml`; who supplies them is not said there.
"""

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from thegrid.errors import Conflict
from thegrid.money import micros
from thegrid.sync.client import Client
from thegrid.v1 import instruments_pb2, market_data_pb2

_NOT_OF_THE_SPEC = ("name", "demo_price", "bills_hidden_reasoning")


@dataclass(frozen=True)
class Entry:
    """One instrument of a catalogue; the price is what demo suppliers ask, in micro-dollars."""

    symbol: str
    name: str
    spec: instruments_pb2.InstrumentSpec
    terms: market_data_pb2.MarketTerms
    demo_price_micros: int


def catalogue_text() -> str:
    """Return the catalogue that came with this package, as TOML."""
    return resources.files("thegrid.cli").joinpath("catalogue.toml").read_text("utf-8")


def read_catalogue(text: bytes | str) -> list[Entry]:
    """Return the instruments of a catalogue. Raises ValueError that says what is wrong with it."""
    try:
        data = tomllib.loads(text if isinstance(text, str) else text.decode("utf-8"))
        families = [
            _entry(data, family_key, tier_key)
            for family_key in data["families"]
            for tier_key in data["tiers"]
        ]
        alone = [_alone(data, symbol) for symbol in data.get("instruments", ())]
        return [*families, *alone]
    except KeyError as missing:
        raise ValueError(f"the catalogue lacks {missing}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ValueError(f"the catalogue is no TOML: {problem}") from None


def define_missing(client: Client, catalogue: list[Entry]) -> list[str]:
    """Define what the exchange does not know yet; return the symbols that were defined."""
    known = {instrument.symbol for instrument in client.instruments.list()}
    made = []
    for entry in catalogue:
        if entry.symbol in known:
            continue
        try:
            client.admin.define_instrument(entry.symbol, entry.name, entry.spec, entry.terms)
        except Conflict:  # someone else was faster
            continue
        made.append(entry.symbol)
    return made


def _alone(data: dict[str, Any], symbol: str) -> Entry:
    table = data["instruments"][symbol]
    spec = {name: value for name, value in table.items() if name not in _NOT_OF_THE_SPEC}
    return Entry(
        symbol=symbol,
        name=table["name"],
        spec=instruments_pb2.InstrumentSpec(**spec),
        terms=market_data_pb2.MarketTerms(**data["terms"]),
        demo_price_micros=micros(table["demo_price"]),
    )


def _entry(data: dict[str, Any], family_key: str, tier_key: str) -> Entry:
    family, tier = data["families"][family_key], data["tiers"][tier_key]
    promised = {name: value for name, value in tier.items() if name not in _NOT_OF_THE_SPEC}
    metering = instruments_pb2.MeteringPolicy(
        **data["metering"], bills_hidden_reasoning=tier.get("bills_hidden_reasoning", False)
    )
    return Entry(
        symbol=f"{family_key}-{tier_key}",
        name=f"{family['name']} {tier['name']}",
        spec=instruments_pb2.InstrumentSpec(
            service_type=family_key,
            quality_index=family["quality_index"],
            metering=metering,
            **promised,
        ),
        terms=market_data_pb2.MarketTerms(**data["terms"]),
        demo_price_micros=micros(tier["demo_price"]),
    )
