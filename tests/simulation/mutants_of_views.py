"""Faults to plant in what readers are shown: books, queues, candles, tickers, and their streams.
All others, and the list of them all, are in `mutants`.
"""

from typing import Final

from tests.simulation.mutants_of_orders import Mutant

ORDERS: Final = "tests/api/test_market_orders.py"
FIGURES: Final = "tests/api/test_market_figures.py"
STREAMS: Final = "tests/api/test_market_stream.py"

VIEW_MUTANTS: Final = (
    Mutant(
        "an order that left is not told to those who keep the queue",
        "views/pictures.py",
        "        elif old is not None:\n",
        "        elif old is not None and old.remaining_units < 2:\n",
        ORDERS,
    ),
    Mutant(
        "the checksum of the queue leaves its order out",
        "views/pictures.py",
        "    first = (*bids[:CHECKED_ORDERS], *asks[:CHECKED_ORDERS])\n",
        "    first = sorted((*bids[:CHECKED_ORDERS], *asks[:CHECKED_ORDERS]))[1:]\n",
        ORDERS,
    ),
    Mutant(
        "a change behind the best price is told as one of the best",
        "views/feed.py",
        "            if best != self._best:\n",
        "            if best:\n",
        ORDERS,
    ),
    Mutant(
        "a candle's low is that of its last trade",
        "views/candles.py",
        '    "low_micros": _LESS,\n',
        '    "low_micros": "excluded.{0}",\n',
        FIGURES,
    ),
    Mutant(
        "trades between affiliates make candles",
        "views/candles.py",
        "                if not trade.affiliated\n",
        "",
        FIGURES,
    ),
    Mutant(
        "the high of a day outlives the day",
        "views/statistics.py",
        "        for extremes in (self._highs, self._lows):\n",
        "        for extremes in (self._lows,):\n",
        FIGURES,
    ),
    Mutant(
        "a candle turns final only when something else happens",
        "app.py",
        "        awaited_us=lambda: live.next_candle_us,\n",
        "",
        FIGURES,
    ),
    Mutant(
        "trades read back repeat their first page",
        "api/market_reader.py",
        "            after = found[-1][0]\n",
        "            after = found[0][0]\n",
        STREAMS,
    ),
    Mutant(
        "a loss is not named",
        "api/market_reader.py",
        'if self._name == "ticker" or self._after in (None, event.sequence):',
        "if True:",
        STREAMS,
    ),
)
