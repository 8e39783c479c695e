"""Faults to plant: each a small wrong change of the source that some test must notice.
How they are planted and who must notice is in `test_planted_faults`.
"""

from typing import Final

from tests.simulation.mutants_of_known_bugs import KNOWN_BUG_MUTANTS
from tests.simulation.mutants_of_limits import LIMIT_MUTANTS
from tests.simulation.mutants_of_orders import ORDER_MUTANTS, Mutant
from tests.simulation.mutants_of_quality import QUALITY_MUTANTS
from tests.simulation.mutants_of_supply import SUPPLY_MUTANTS
from tests.simulation.mutants_of_usage import USAGE_MUTANTS
from tests.simulation.mutants_of_views import VIEW_MUTANTS

MATCHING: Final = "tests/engine/test_matching.py tests/engine/test_differential.py"
TRADING: Final = "tests/engine/test_trading.py tests/engine/test_laws.py"
CONSUMPTION: Final = (
    "tests/engine/test_consumption.py tests/engine/test_settlement.py tests/engine/test_laws.py"
)
LAWS: Final = "tests/engine/test_laws.py"
SWEEPS: Final = "tests/engine/test_sweeps.py"
MEMBERSHIP: Final = "tests/engine/test_membership.py"
SEQUENCER: Final = (
    "tests/journal/test_sequencer.py tests/journal/test_repeats.py tests/journal/test_faults.py "
    "tests/simulation/test_crashes.py"
)
JOURNAL: Final = "tests/journal/test_store.py tests/journal/test_audit.py"
RECOVERY: Final = "tests/journal/test_recovery.py tests/journal/test_repeats.py"
PIPE: Final = "tests/delivery/test_parts_of_the_pipe.py"
DOORS: Final = "tests/api/test_refusals.py tests/api/test_order_session.py"

MUTANTS: Final = (
    *KNOWN_BUG_MUTANTS,
    *ORDER_MUTANTS,
    *QUALITY_MUTANTS,
    *SUPPLY_MUTANTS,
    *LIMIT_MUTANTS,
    *USAGE_MUTANTS,
    *VIEW_MUTANTS,
    # ---- matching
    Mutant(
        "the worst sell trades first",
        "engine/book.py",
        'self._sign = 1 if side == "buy" else -1',
        "self._sign = 1",
        MATCHING,
    ),
    Mutant(
        "the last to come is the first served",
        "engine/book.py",
        "return next(iter(self.levels[self.keys[-1]].queue))",
        "return next(reversed(self.levels[self.keys[-1]].queue))",
        MATCHING,
    ),
    Mutant(
        "a trade is at the incoming price",
        "engine/rules/matching.py",
        "(state, market, maker, taker, price_micros, quantity_units)",
        "(state, market, maker, taker, taker.price_micros or price_micros, quantity_units)",
        MATCHING,
    ),
    Mutant(
        "equal prices do not cross",
        "engine/rules/matching.py",
        'price_micros <= bound_micros if side == "buy"',
        'price_micros < bound_micros if side == "buy"',
        MATCHING,
    ),
    Mutant(
        "a sell's slippage is rounded against who set it",
        "engine/rules/trading.py",
        "reach = -(-best_micros * (BASIS_POINTS - order.max_slippage_bps) // BASIS_POINTS)",
        "reach = best_micros * (BASIS_POINTS - order.max_slippage_bps) // BASIS_POINTS",
        MATCHING,
    ),
    Mutant(
        "members trade with themselves",
        "engine/rules/matching.py",
        "if are_one_party(state, maker, taker):",
        "if maker.order_id == taker.order_id:",
        MATCHING,
    ),
    Mutant(
        "an expired order trades until a Tick comes",
        "engine/rules/matching.py",
        "        lapse = lapse_reason(state, maker)\n",
        "        lapse = None\n",
        MATCHING,
    ),
    Mutant(
        "an amendment to less loses its place",
        "engine/rules/trading.py",
        "if price_micros == order.price_micros and quantity_units < order.quantity_units:",
        "if False:",
        MATCHING,
    ),
    Mutant(
        "the rest of an immediate order waits in the book",
        "engine/rules/trading.py",
        'return "no_liquidity" if order.time_in_force in NOT_RESTING else None',
        "return None",
        MATCHING,
    ),
    # ---- accounts
    Mutant(
        "a buy holds no fee",
        "engine/quantities.py",
        "return notional_micros + fee_micros(notional_micros, worst_fee_bps)",
        "return notional_micros",
        TRADING,
    ),
    Mutant(
        "a closed buy keeps what it held",
        "engine/rules/orders.py",
        "    if order.held_micros:\n        yield moved(",
        "    if order.held_micros < 0:\n        yield moved(",
        TRADING,
    ),
    Mutant(
        "postings need not sum to zero",
        "engine/apply/__init__.py",
        "if any(totals.values()):",
        "if False:",
        LAWS,
    ),
    Mutant(
        "money is rounded on each stretch of tokens by itself",
        "engine/quantities.py",
        "value_micros(price_micros, after_tokens) - value_micros(price_micros, before_tokens)",
        "value_micros(price_micros, after_tokens - before_tokens)",
        CONSUMPTION,
    ),
    Mutant(
        "what is held may be withdrawn",
        "engine/rules/accounts.py",
        'require_cash(state, member.member_id, amount_micros, field="amount_micros")',
        "pass",
        MEMBERSHIP,
    ),
    Mutant(
        "a refused command leaves what it did",
        "engine/step.py",
        "    except (Refused, Unwound) as undone:\n        state.unwind(0)\n        if outage:",
        "    except (Refused, Unwound) as undone:\n        state.commit()\n        if outage:",
        LAWS,
    ),
    # ---- lots and deliveries
    Mutant(
        "a Lot is usable at the instant it expires",
        "engine/rules/lots.py",
        "if lot_deadline_us(state, state.lots[lot_id]) <= state.now_us:",
        "if lot_deadline_us(state, state.lots[lot_id]) < state.now_us:",
        CONSUMPTION,
    ),
    Mutant(
        "the Lot that lives longest is spent first",
        "engine/rules/lots.py",
        "in state.indices.live_lots.get((member_id, instrument_id), ()):",
        "in tuple(state.indices.live_lots.get((member_id, instrument_id), ()))[::-1]:",
        CONSUMPTION,
    ),
    Mutant(
        "tokens called in vain are not refunded",
        "engine/rules/lots.py",
        "refunded = min(held.tendered_tokens, tokens)",
        "refunded = 0",
        CONSUMPTION,
    ),
    Mutant(
        "a failed delivery is billed",
        "engine/rules/usage.py",
        'frozenset({"in_spec", "cancelled_by_client"})',
        'frozenset({"in_spec", "cancelled_by_client", "failed"})',
        CONSUMPTION,
    ),
    Mutant(
        "a delivery can be settled twice",
        "engine/apply/__init__.py",
        '    state.delete("reservations", record.delivery_id)\n',
        "",
        CONSUMPTION,
    ),
    Mutant(
        "an automatic purchase knows no ceiling",
        "engine/rules/purchases.py",
        "price_micros=min(ceiling_micros, max_price_micros or ceiling_micros),",
        "price_micros=None,",
        CONSUMPTION,
    ),
    Mutant(
        "more is issued than can be delivered",
        "engine/rules/supply.py",
        "    if wanted > capacity:",
        "    if wanted < 0:",
        MEMBERSHIP,
    ),
    # ---- sweeps
    Mutant(
        "a sweep cancels resting buys",
        "engine/rules/sweeps.py",
        "if (order.market_id, order.side, order.source) != (market.market_id, _SELLS, source):",
        "if order.market_id != market.market_id:",
        SWEEPS,
    ),
    Mutant(
        "a market trades while it is swept",
        "engine/rules/lookups.py",
        "if market.sweep_id or state.now_us >= market.next_sweep_us:",
        "if False:",
        SWEEPS,
    ),
    Mutant(
        "every missed slot is swept again",
        "engine/rules/sweeps.py",
        "next_us = slot_after(state, state.now_us)\n",
        "next_us = slot_after(state, state.markets[market_id].next_sweep_us)\n",
        SWEEPS,
    ),
    # ---- idempotency
    Mutant(
        "a repeat of a settled request runs again",
        "journal/repeats.py",
        "                return seq\n",
        "                return None\n",
        SEQUENCER,
    ),
    Mutant(
        "a request id may be used for another body",
        "calls.py",
        "if request_hash != self.hash:",
        "if False:",
        SEQUENCER,
    ),
    Mutant(
        "a request older than the horizon runs",
        "journal/repeats.py",
        "return born is not None and born < at_us - self.horizon_us",
        "return False",
        SEQUENCER,
    ),
    Mutant(
        "a restart forgets the requests it answered",
        "recovery.py",
        "repeats.load(request)",
        "pass",
        f"{RECOVERY} tests/simulation/test_crashes.py",
    ),
    # ---- journal
    Mutant(
        "the answer goes out before the disk has it",
        "sequencer.py",
        "        await commit\n        self._publish(batch, rows, head)",
        "        self._publish(batch, rows, head)\n        await commit",
        SEQUENCER,
    ),
    Mutant(
        "stamps follow the wall back",
        "sequencer.py",
        "return max(self._head.at_us, state_us, self._clock.now_us())",
        "return self._clock.now_us()",
        SEQUENCER,
    ),
    Mutant(
        "an altered row keeps its seal",
        "journal/chain.py",
        "if row.hash != _hash(row, head.hash):",
        "if False:",
        JOURNAL,
    ),
    Mutant(
        "a damaged snapshot is taken for whole",
        "journal/snapshots.py",
        "if chunks != head.chunks or digest.digest() != head.digest:",
        "if False:",
        f"{RECOVERY} tests/journal/test_audit.py",
    ),
    Mutant(
        "the disk may lag behind the commit",
        "journal/dialects.py",
        '"synchronous=FULL"',
        '"synchronous=OFF"',
        JOURNAL,
    ),
    Mutant(
        "a failed commit is passed over",
        "sequencer.py",
        'self._stop(f"the journal could not be written ({error})")',
        "pass",
        SEQUENCER,
    ),
    # ---- doors
    Mutant(
        "any secret that names a key is believed",
        "api/auth.py",
        "not self._fits(presented, found)",
        "False",
        DOORS,
    ),
    Mutant(
        "a revoked key works on",
        "api/auth.py",
        "if key.revoked_at_us is not None:",
        "if key.revoked_at_us == 0:",
        DOORS,
    ),
    Mutant(
        "a repeat by another session is another request",
        "api/idempotency.py",
        'return item._replace(session_id="", key_id="") if isinstance(item, PlaceOrder) else item',
        "return item",
        DOORS,
    ),
    Mutant(
        "a sweep's refusal is the answer for ever",
        "calls.py",
        "return isinstance(reply, Refusal) and reply.retry_after_us is not None",
        "return False",
        "tests/journal/test_repeats.py",
    ),
    Mutant(
        "refusals outgrow what gRPC carries",
        "api/errors.py",
        "        if named and room_bytes < 0:\n            break\n",
        "",
        "tests/flows/test_hostile.py -k unary",
    ),
    Mutant(
        "a lost secret is made anew, and no key works",
        "app.py",
        "is_needed=bool(recovered.state.keys)",
        "is_needed=False",
        "tests/flows/test_process.py -k hash_secret",
    ),
    # ---- deliveries under way
    Mutant(
        "a supplier answers for the time it had no window",
        "delivery/verdict.py",
        "return self.last_us - self.first_us - self.closed_us",
        "return self.last_us - self.first_us",
        PIPE,
    ),
)
