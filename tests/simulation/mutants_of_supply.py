"""Faults to plant in indexes, escrow, resales, the waterfall, collateral and renewal.
All others, and the list of them all, are in `mutants`.
"""

from typing import Final

from tests.simulation.mutants_of_orders import Mutant

INDEXES: Final = "tests/engine/test_reference_index.py"
ESCROW: Final = "tests/engine/test_escrow.py"
COLLATERAL: Final = "tests/engine/test_collateral.py"
GAMING: Final = "tests/engine/test_gaming.py"

SUPPLY_MUTANTS: Final = (
    # ---- reference indexes
    Mutant(
        "the index is the price of a quarter of the tokens",
        "engine/rules/reference_index.py",
        "twice_left -= 2 * tokens",
        "twice_left -= 4 * tokens",
        INDEXES,
    ),
    Mutant(
        "calls that were cancelled go into the index",
        "engine/rules/reference_index.py",
        'if report.verdict != "in_spec":',
        "if not report.verdict:",
        INDEXES,
    ),
    Mutant(
        "trades between affiliates go into the index",
        "engine/rules/reference_index.py",
        "parcel.cost_affiliated:\n        return False",
        "parcel.cost_affiliated:\n        pass",
        "tests/engine/test_reference_index.py tests/engine/test_gaming.py",
    ),
    Mutant(
        "deliveries between affiliates go into the index",
        "engine/rules/reference_index.py",
        "return not any(are_affiliated(state, owner_id, each) for each in parties)",
        "return True",
        INDEXES,
    ),
    Mutant(
        "one trade makes an index",
        "engine/rules/reference_index.py",
        'if trades >= state.term("index_trades_min"):',
        "if trades:",
        INDEXES,
    ),
    Mutant(
        "an index is final at once",
        "engine/rules/reference_index.py",
        'return window.end_us + state.term("index_final_after_us")',
        "return window.end_us",
        INDEXES,
    ),
    # ---- escrow and availability
    Mutant(
        "expired tokens earn though their issuer was away",
        "engine/rules/escrow.py",
        "return _Share(life_us - min(able, life_us), life_us)",
        "return _Share(0, life_us)",
        ESCROW,
    ),
    Mutant(
        "what happens after a Lot's life counts",
        "engine/rules/escrow.py",
        "until_us = lot.expires_at_us - lot.outage_base_us",
        "until_us = state.now_us",
        ESCROW,
    ),
    Mutant(
        "a suspended supplier is able",
        "engine/rules/availability.py",
        "if supplier is None or supplier.suspended or admission is None or admission.suspended:",
        "if supplier is None or admission is None:",
        ESCROW,
    ),
    Mutant(
        "the issuer keeps what its owner did not pay",
        "engine/rules/escrow.py",
        'refunded = [Posting(HOUSE, "guarantee", CASH, unearned - refund)]',
        'refunded = [Posting(parcel.issuer_id, "available", CASH, unearned - refund)]',
        GAMING,
    ),
    Mutant(
        "a refund goes as high as a false price",
        "engine/rules/escrow.py",
        "return min(parcel.cost_price_micros, max(parcel.issue_price_micros, usual_micros))",
        "return parcel.cost_price_micros",
        ESCROW,
    ),
    # ---- resales
    Mutant(
        "a reseller's gain is its own at once",
        "engine/rules/resale.py",
        "if net_micros > from_micros:",
        "if net_micros < 0:",
        GAMING,
    ),
    Mutant(
        "a loss frees no gains of those before",
        "engine/rules/resale.py",
        "until_micros = max(min(gain.until_micros, price_micros), gain.from_micros)",
        "until_micros = gain.until_micros",
        ESCROW,
    ),
    Mutant(
        "the greatest gain is let go",
        "engine/rules/resale.py",
        "least = min(layers,",
        "least = max(layers,",
        ESCROW,
    ),
    # ---- the waterfall
    Mutant(
        "earnings pay before collateral",
        "engine/rules/waterfall.py",
        '(("collateral", "collateral"), ("available", "earnings"))',
        '(("available", "earnings"), ("collateral", "collateral"))',
        ESCROW,
    ),
    Mutant(
        "the guarantee pays an issuer's own ring",
        "engine/rules/waterfall.py",
        "0 if are_affiliated(state, issuer_id, owner_id) else min(amount, pot)",
        "min(amount, pot)",
        GAMING,
    ),
    Mutant(
        "a debt to the guarantee is forgotten",
        "engine/rules/waterfall.py",
        "guarantee_micros=before.guarantee_micros + loss.guarantee_micros,",
        "guarantee_micros=0,",
        ESCROW,
    ),
    # ---- collateral, capacity, renewal
    Mutant(
        "collateral looks at the first price alone",
        "engine/rules/collateral.py",
        "worth = max(proceeds, value_micros(index_micros, owed_tokens))",
        "worth = proceeds",
        COLLATERAL,
    ),
    Mutant(
        "required collateral may be taken back",
        "engine/rules/collateral.py",
        "free = max(0, posted - required_micros(state, member_id))",
        "free = posted",
        COLLATERAL,
    ),
    Mutant(
        "a short supplier may take its earnings out",
        "engine/rules/accounts.py",
        "    check_withdrawal(state, member.member_id, amount_micros)\n",
        "",
        COLLATERAL,
    ),
    Mutant(
        "a short supplier may issue",
        "engine/rules/supply.py",
        "    check_issue(state, member.member_id, instrument_id, command.quantity_units)\n",
        "",
        COLLATERAL,
    ),
    Mutant(
        "one event marks all the suppliers there are",
        "engine/rules/collateral.py",
        "            then = window._replace(marking_from=member_id)\n",
        "",
        COLLATERAL,
    ),
    Mutant(
        "collateral is rounded in favour of who owes it",
        "engine/rules/collateral.py",
        "required += -(-worth * loaded // PER_MILLE)",
        "required += worth * loaded // PER_MILLE",
        COLLATERAL,
    ),
    Mutant(
        "a renewal needs no capacity",
        "engine/rules/collateral.py",
        "if obligation_tokens(state, member_id) > capacity_tokens(state, supplier):",
        "if False:",
        COLLATERAL,
    ),
    Mutant(
        "what was sold takes no capacity",
        "engine/rules/obligations.py",
        "instrument_id, outstanding_tokens(state, member_id, instrument_id))",
        "instrument_id, unsold_tokens(state, member_id, instrument_id))",
        GAMING,
    ),
    Mutant(
        "every instrument has a pool of its own",
        "engine/rules/obligations.py",
        "for instrument_id in state.indices.admissions_of[member_id]",
        "for instrument_id in state.indices.admissions_of[member_id][:1]",
        GAMING,
    ),
)
