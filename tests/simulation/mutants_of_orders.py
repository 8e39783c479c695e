"""Faults to plant in kinds of orders, quotes, parties, fees and auctions.
All others, and the list of them all, are in `mutants`.
"""

from typing import Final, NamedTuple


class Mutant(NamedTuple):
    """One fault: in `path` of the server, `before` becomes `after`; `tests` must then fail."""

    name: str
    path: str
    before: str
    after: str
    tests: str


KINDS: Final = "tests/engine/test_order_kinds.py"
QUOTES: Final = "tests/engine/test_quotes.py"
PARTIES: Final = "tests/engine/test_parties_and_fees.py"
AUCTIONS: Final = "tests/engine/test_auctions.py tests/engine/test_halts.py"

ORDER_MUTANTS: Final = (
    # ---- kinds of orders, quotes, parties, fees
    Mutant(
        "an order slides onto the price it would meet",
        "engine/rules/terms.py",
        "best_micros - tick_micros if order.side",
        "best_micros if order.side",
        KINDS,
    ),
    Mutant(
        "the spend of a market buy leaves its fee out",
        "engine/rules/caps.py",
        "+ (notional_micros + fee_micros(notional_micros, fee_bps) <= left_micros)",
        "+ 1",
        KINDS,
    ),
    Mutant(
        "an average may be passed by the last fill",
        "engine/rules/caps.py",
        "    return max(room_micros, 0) // beyond_micros",
        "    return max(room_micros, 0) // beyond_micros + 1",
        KINDS,
    ),
    Mutant(
        "orders that are good till the sweep outlive it",
        "engine/rules/sweeps.py",
        "if state.indices.sweep_orders[sweep.market_id]:",
        "if False:",
        KINDS,
    ),
    Mutant(
        "a refused quote leaves the old ones cancelled",
        "engine/rules/quotes.py",
        "        raise Unwound(replies.QuotesReply((), answers))",
        "        return replies.QuotesReply((), answers)",
        QUOTES,
    ),
    Mutant(
        "a switch that came due may still be renewed",
        "engine/rules/ticks.py",
        "    if not is_due and not timer_is_due(state, member_id):",
        "    if not is_due:",
        QUOTES,
    ),
    Mutant(
        "members of one group trade with each other",
        "engine/rules/matching.py",
        'return group != "" and group == state.members[other.member_id].prevention_group',
        "return False",
        PARTIES,
    ),
    Mutant(
        "makers pay what takers pay",
        "engine/rules/fees.py",
        "    if is_maker:\n",
        "    if False:\n",
        PARTIES,
    ),
    Mutant(
        "a tier is looked up anew at each trade",
        "engine/rules/fees.py",
        "    return usual if own is None else own",
        "    return usual",
        PARTIES,
    ),
    # ---- auctions
    Mutant(
        "an auction takes the first price that trades",
        "engine/clearing.py",
        "            -span.volume_units,\n",
        "            0,\n",
        AUCTIONS,
    ),
    Mutant(
        "an auction does not mind what it leaves over",
        "engine/clearing.py",
        "            abs(span.surplus_units),\n",
        "            0,\n",
        AUCTIONS,
    ),
    Mutant(
        "an auction's price wanders off its reference",
        "engine/clearing.py",
        "            abs(price_micros - aim_micros),\n",
        "            0,\n",
        AUCTIONS,
    ),
    Mutant(
        "an order trades while others still collect",
        "engine/rules/trading.py",
        "    if market.auction_id:\n        # Nothing trades",
        "    if False:\n        # Nothing trades",
        AUCTIONS,
    ),
    Mutant(
        "the younger of two orders in an auction is its maker",
        "engine/rules/auctions.py",
        "(buy, sell) if buy.rank < sell.rank else (sell, buy)",
        "(sell, buy) if buy.rank < sell.rank else (buy, sell)",
        AUCTIONS,
    ),
    Mutant(
        "a market falls as far as it likes",
        "engine/rules/halts.py",
        "return self.low_micros <= price_micros <= self.high_micros",
        "return price_micros <= self.high_micros",
        AUCTIONS,
    ),
    Mutant(
        "a reference price holds for ever",
        "engine/rules/halts.py",
        "or age_us >= policy.max_move_window_us:",
        "or age_us < 0:",
        AUCTIONS,
    ),
    Mutant(
        "a sweep begins while its auction is open",
        "engine/rules/ticks.py",
        "        run_auctions,\n        run_sweeps,\n",
        "        run_sweeps,\n        run_auctions,\n",
        AUCTIONS,
    ),
    Mutant(
        "a cancelled order stays in the book that readers keep",
        "views/touched.py",
        "        if order.rank > 0:\n",
        "        if order.rank > 0 and order.closure_reason is None:\n",
        "tests/api/test_market_stream.py",
    ),
)
