"""What traded in one market, gathered as it happens: growing candles, and the last 24 hours.

Bars hold whole numbers alone and memory is bounded by the minutes of a day; the candles of all
times are rows, see `candles`. Trades inside one affiliation group count for nothing here.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from thegrid_exchange.engine.quantities import INT64_MAX, SECOND_US, number_of
from thegrid_exchange.engine.records import Trade
from thegrid_exchange.views.pictures import BestPrices

MINUTE_US: Final = 60 * SECOND_US
INTERVALS_US: Final = tuple(minutes * MINUTE_US for minutes in (1, 5, 15, 60, 240, 1_440))
"""Lengths of candles; each begins at a whole multiple of its length since 1970."""

DAY_MINUTES: Final = 1_440


class Bar(NamedTuple):
    """What traded in one interval."""

    start_us: int
    open_micros: int
    high_micros: int
    low_micros: int
    close_micros: int
    volume_units: int
    turnover_micros: int
    """Sum of price times quantity, at most the greatest 64-bit number."""
    trade_count: int
    first_trade: int
    """Number of the first trade's id."""
    last_trade: int
    last_sequence: int
    """The market's public sequence of the last trade."""

    def then(self, later: "Bar") -> "Bar":
        """This bar with what traded after it in the same interval."""
        return Bar(
            self.start_us,
            self.open_micros,
            max(self.high_micros, later.high_micros),
            min(self.low_micros, later.low_micros),
            later.close_micros,
            self.volume_units + later.volume_units,
            min(self.turnover_micros + later.turnover_micros, INT64_MAX),
            self.trade_count + later.trade_count,
            self.first_trade,
            later.last_trade,
            later.last_sequence,
        )


class Candle(NamedTuple):
    """A bar of a known length, and whether time has passed its end."""

    market_id: str
    interval_us: int
    bar: Bar
    is_final: bool


class DayFigures(NamedTuple):
    """The 1,440 minutes that end with the present one; prices are None when nothing traded."""

    start_us: int
    open_micros: int | None
    high_micros: int | None
    low_micros: int | None
    volume_units: int
    turnover_micros: int
    trade_count: int


class TickerFigures(NamedTuple):
    """All that a ticker tells."""

    market_id: str
    symbol: str
    at_us: int
    best: BestPrices
    last: Trade | None
    day: DayFigures


def candle_of(market_id: str, interval_us: int, bar: Bar, now_us: int) -> Candle:
    """A bar as the candle that it is now."""
    return Candle(market_id, interval_us, bar, bar.start_us + interval_us <= now_us)


def bar_of(trade: Trade, sequence: int, interval_us: int) -> Bar:
    """The bar of one trade."""
    price_micros, number = trade.price_micros, number_of(trade.trade_id)
    return Bar(
        trade.executed_at_us - trade.executed_at_us % interval_us,
        price_micros,
        price_micros,
        price_micros,
        price_micros,
        trade.quantity_units,
        min(price_micros * trade.quantity_units, INT64_MAX),
        1,
        number,
        number,
        sequence,
    )


def bars_of(trades: Iterable[tuple[int, Trade]], interval_us: int) -> Iterator[Bar]:
    """The bars of trades in order, each with its sequence."""
    made: Bar | None = None
    for sequence, trade in trades:
        bar = bar_of(trade, sequence, interval_us)
        if made is not None and made.start_us == bar.start_us:
            made = made.then(bar)
            continue
        if made is not None:
            yield made
        made = bar
    if made is not None:
        yield made


class Day:
    """The minutes of the last 24 hours in which something traded, and their sums."""

    def __init__(self) -> None:
        self._minutes: deque[Bar] = deque()
        self._highs: deque[tuple[int, int]] = deque()
        """Minutes (start, high) of which no later one is as high; the first is the highest."""
        self._lows: deque[tuple[int, int]] = deque()
        self._volume_units = self._turnover_micros = self._trade_count = 0

    def add(self, bar: Bar) -> None:
        """Add what traded in the newest minute, or in a part of it."""
        minutes = self._minutes
        if minutes and minutes[-1].start_us == bar.start_us:
            minutes[-1] = minutes[-1].then(bar)
        else:
            minutes.append(bar)
        self._volume_units += bar.volume_units
        self._turnover_micros += bar.turnover_micros
        self._trade_count += bar.trade_count
        while self._highs and self._highs[-1][1] <= bar.high_micros:
            self._highs.pop()
        self._highs.append((bar.start_us, bar.high_micros))
        while self._lows and self._lows[-1][1] >= bar.low_micros:
            self._lows.pop()
        self._lows.append((bar.start_us, bar.low_micros))

    def pass_to(self, now_us: int) -> bool:
        """Forget what is older than the window; tells whether anything was."""
        start_us, minutes = window_start_us(now_us), self._minutes
        has_changed = bool(minutes) and minutes[0].start_us < start_us
        while minutes and minutes[0].start_us < start_us:
            gone = minutes.popleft()
            self._volume_units -= gone.volume_units
            self._turnover_micros -= gone.turnover_micros
            self._trade_count -= gone.trade_count
        for extremes in (self._highs, self._lows):
            while extremes and extremes[0][0] < start_us:
                extremes.popleft()
        return has_changed

    def figures(self, now_us: int) -> DayFigures:
        """The window's figures as of now."""
        self.pass_to(now_us)
        minutes = self._minutes
        return DayFigures(
            window_start_us(now_us),
            minutes[0].open_micros if minutes else None,
            self._highs[0][1] if minutes else None,
            self._lows[0][1] if minutes else None,
            self._volume_units,
            min(self._turnover_micros, INT64_MAX),
            self._trade_count,
        )


def window_start_us(now_us: int) -> int:
    """When the 1,440 minutes began that end with the present one."""
    return max(0, now_us - now_us % MINUTE_US - (DAY_MINUTES - 1) * MINUTE_US)


class Statistics:
    """One market's last trade, its newest candle of each length, and its last 24 hours."""

    def __init__(self, market_id: str) -> None:
        self.market_id = market_id
        self.last: Trade | None = None
        self.day = Day()
        self.newest: dict[int, Bar] = {}
        """By length."""
        self._growing: dict[int, int] = {}
        """When candles that are not final end, by length."""

    def load(self, interval_us: int, bar: Bar, now_us: int) -> None:
        """Take up a newest candle as its row left it."""
        self.newest[interval_us] = bar
        if bar.start_us + interval_us > now_us:
            self._growing[interval_us] = bar.start_us + interval_us

    def add(self, trade: Trade, sequence: int) -> None:
        """Count a trade."""
        if trade.affiliated:
            return
        self.last = trade
        for interval_us in INTERVALS_US:
            bar = bar_of(trade, sequence, interval_us)
            if interval_us == MINUTE_US:
                self.day.add(bar)
            newest = self.newest.get(interval_us)
            if newest is not None and newest.start_us == bar.start_us:
                bar = newest.then(bar)
            else:
                self._growing[interval_us] = bar.start_us + interval_us
            self.newest[interval_us] = bar

    def candle(self, interval_us: int, now_us: int) -> Candle | None:
        """The newest candle of a length as of now; None when nothing has traded yet."""
        bar = self.newest.get(interval_us)
        if bar is None:
            return None
        return candle_of(self.market_id, interval_us, bar, now_us)

    def next_end_us(self) -> int | None:
        """When the next candle becomes final; None while none grows."""
        return min(self._growing.values(), default=None)

    def end(self, now_us: int) -> list[Candle]:
        """The candles that have become final, each told once."""
        ended = [length for length, end_us in self._growing.items() if end_us <= now_us]
        for interval_us in ended:
            del self._growing[interval_us]
        return [Candle(self.market_id, each, self.newest[each], True) for each in ended]
