"""Which instruments and markets there are, by id or symbol, and what they promise now.

Their books are in the feed, their history in SQL.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import instrument_id_of, market_id_of
from thegrid_exchange.engine.records import Instrument, Market, SpecVersion
from thegrid_exchange.engine.state import State


class Published(NamedTuple):
    """An instrument with all its versions, oldest first, and the one in force."""

    instrument: Instrument
    versions: tuple[SpecVersion, ...]
    in_force: SpecVersion


class Catalogue:
    """Look-ups over the durable state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def instrument(self, name: str) -> Instrument | None:
        """The instrument with this id or symbol."""
        found = self._state.instruments.get(name)
        return found or self._state.instruments.get(instrument_id_of(name))

    def market(self, name: str) -> Market | None:
        """The market with this id, or of the instrument with this symbol or id."""
        found = self._state.markets.get(name) or self._state.markets.get(market_id_of(name))
        if found is None and (instrument := self._state.instruments.get(name)) is not None:
            return self._state.markets.get(instrument.market_id)
        return found

    def symbol(self, instrument_id: str) -> str:
        """The symbol of an instrument id."""
        instrument = self._state.instruments.get(instrument_id)
        return "" if instrument is None else instrument.symbol

    def published(self, instrument: Instrument, now_us: int) -> Published:
        """The instrument with its versions; in force is the last that has taken effect."""
        versions = tuple(
            self._state.spec_versions[(instrument.instrument_id, number)]
            for number in range(1, instrument.latest_version + 1)
        )
        effective = [each for each in versions if each.effective_at_us <= now_us]
        return Published(instrument, versions, effective[-1] if effective else versions[0])

    def instruments(self, after: str, limit: int) -> list[Instrument]:
        """Instruments whose symbol comes after the given one, by symbol."""
        found = sorted(self._state.instruments.values(), key=lambda each: each.symbol)
        return [each for each in found if each.symbol > after][:limit]

    def markets(self, after: str, limit: int) -> list[Market]:
        """Markets whose id comes after the given one, by id."""
        return [
            self._state.markets[market_id]
            for market_id in sorted(self._state.markets)
            if market_id > after
        ][:limit]
