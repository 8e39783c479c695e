"""The classes of fault that surveys found in real engines, planted here one by one.
Which test is named for each class is in `tests/engine/test_known_bugs.py`.
"""

from typing import Final

from tests.simulation.mutants_of_orders import Mutant

_BOOK: Final = "engine/book.py"
_MATCHING: Final = "engine/rules/matching.py"
_TRADING: Final = "engine/rules/trading.py"
_KNOWN: Final = "tests/engine/test_matching.py::test_"
_HERE: Final = "tests/engine/test_known_bugs.py::test_"
_PRINT: Final = """        price_micros=price_micros,
        quantity_units=quantity_units,
        taker_side=taker.side,
"""

KNOWN_BUG_MUTANTS: Final = (
    Mutant(
        "a cancelled middle order loses those behind it",
        _BOOK,
        "        self._ranks.remove(rank)\n",
        "        for behind in [each for each in self._ranks if each >= rank]:\n"
        "            self._ranks.remove(behind)\n",
        _KNOWN + "cancelling_a_middle_order_keeps_those_behind_it",
    ),
    Mutant(
        "a partial fill sends the resting order to the back",
        "engine/apply/trading.py",
        "    filled = order._replace(\n",
        "    filled = order._replace(\n        rank=order.rank and order.rank + 10**6,\n",
        _KNOWN + "a_partial_fill_keeps_its_place",
    ),
    Mutant(
        "a trade is printed at the taker's price",
        _MATCHING,
        _PRINT,
        _PRINT.replace("=price_micros", "=taker.price_micros or price_micros"),
        _KNOWN + "the_best_price_trades_first_and_at_the_resting_price",
    ),
    Mutant(
        "a marketable limit walks past its own limit",
        _TRADING,
        "    bound_micros = _bound_micros(order, best_micros)\n",
        "    bound_micros = 0\n",
        _KNOWN + "a_marketable_limit_never_walks_past_its_own_limit",
    ),
    Mutant(
        "an amendment that crosses rests crossed",
        _TRADING,
        "    return (yield from _trade_and_settle(state, market, order.order_id, price_micros))",
        "    rested = yield from _rest(state, state.orders[order.order_id])\n"
        "    return replies.OrderReply(rested)",
        _KNOWN + "an_amendment_that_crosses_trades_and_never_rests_crossed",
    ),
    Mutant(
        "amending one order drops its siblings",
        _BOOK,
        "        if not level.queue:\n",
        "        if level is self.levels.get(key):\n",
        _KNOWN + "amending_one_order_keeps_its_siblings",
    ),
    Mutant(
        "a stale cancel after the full fill is acknowledged",
        _TRADING,
        "    order = _open_order(state, command)\n    closed",
        "    if command.order_id in state.closed_orders:\n"
        "        return replies.OrdersCancelledReply((command.order_id,), False)\n"
        "    order = _open_order(state, command)\n    closed",
        _KNOWN + "cancelling_after_the_full_fill_is_refused",
    ),
    Mutant(
        "an empty best level stays visible",
        _BOOK,
        "        if not level.queue:\n",
        "        if level.quantity_units < 0:\n",
        _KNOWN + "an_emptied_level_is_no_longer_seen",
    ),
    Mutant(
        "the rest of an immediate order rests",
        _TRADING,
        'frozenset({"ioc", "fok"})',
        'frozenset({"fok"})',
        _KNOWN + "the_rest_of_an_immediate_order_never_rests",
    ),
    Mutant(
        "an id is unusable for ever after cancel or fill",
        "engine/indices.py",
        "        elif self.client_order_ids.get(key) == order_id:\n",
        '        elif order_id == "":\n',
        _KNOWN + "a_client_order_id_comes_free_a_day_after_its_order_closed",
    ),
    Mutant(
        "fill or kill looks at one level only",
        _TRADING,
        "    bound_micros = _bound_micros(order, best_micros)\n",
        "    bound_micros = _bound_micros(order, best_micros)\n"
        '    if order.time_in_force == "fok" and best_micros:\n'
        "        bound_micros = best_micros\n",
        _KNOWN + "fill_or_kill_looks_through_all_levels",
    ),
    Mutant(
        "one side alone is priced wrongly",
        _MATCHING,
        _PRINT,
        _PRINT.replace(
            "=price_micros", '=price_micros if taker.side == "buy" else taker.price_micros'
        ),
        _KNOWN + "both_sides_price_alike",
    ),
    Mutant(
        "a sweep through five thousand orders recurses to its death",
        _MATCHING,
        "        fills.append(fill)\n        gained_units += units\n",
        "        fills.append(fill)\n        gained_units += units\n"
        "        if taker.remaining_units:\n"
        "            rest = yield from match(state, order_id, bound_micros)\n"
        "            return rest._replace(fills=(*fills, *rest.fills))\n",
        _HERE + "a_sweep_through_five_thousand_orders_does_not_recurse",
    ),
    Mutant(
        "what an event sets off is looked at once",
        "engine/rules/ticks.py",
        "more_due=_is_due(state))",
        "more_due=False)",
        _HERE + "what_one_end_sets_off_is_looked_at_until_nothing_is_due",
    ),
    Mutant(
        "orders of one instant change places",
        _TRADING,
        'order._replace(rank=state.counters.get("rank", 0) + 1, held_micros=held_micros)',
        "order._replace(\n"
        "            rank=order.accepted_at_us * 1_000 + 999 - len(state.orders),\n"
        "            held_micros=held_micros,\n"
        "        )",
        _KNOWN + "orders_of_one_instant_keep_their_sequence",
    ),
    Mutant(
        "the expiry of a filled order is kept",
        "engine/indices.py",
        "            set_key(self.order_deadlines, deadline, new is not None)\n",
        "            set_key(self.order_deadlines, deadline, True)\n",
        _KNOWN + "the_expiry_of_a_filled_order_is_forgotten",
    ),
    Mutant(
        "less quantity loses its place",
        _TRADING,
        "    if price_micros == order.price_micros and quantity_units < order.quantity_units:\n",
        "    if price_micros == 0 and quantity_units < order.quantity_units:\n",
        "tests/engine/test_trading.py::test_less_quantity_keeps_the_place_and_more_loses_it",
    ),
)
