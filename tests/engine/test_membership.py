"""Operators, members, keys, cash and suppliers: who may do what, and how much of it."""

from typing import Any

import pytest

from tests.support.market import DOLLAR, HOUR, INSTRUMENT, MARKET, SPEC, Exchange, small_exchange
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.policy import POLICY_DEFAULTS, POLICY_TERMS
from thegrid_exchange.engine.quantities import INT64_MAX
from thegrid_exchange.engine.records import MarketTerms


@pytest.fixture
def exchange() -> Exchange:
    exchange = small_exchange()
    exchange.ann = exchange.supplier("ann")
    exchange.bob = exchange.member("bob")
    return exchange


# ---- policy and instruments --------------------------------------------------------------------


def test_every_figure_of_the_policy_has_a_default_in_its_range() -> None:
    for name, term in POLICY_TERMS.items():
        assert term.least <= term.default <= term.greatest, name
        assert term.meaning.endswith(".")
        assert POLICY_DEFAULTS[name] == term.default


@pytest.mark.parametrize("change", [("no_such", 1), ("max_draws", 0), ("max_draws", 10**6)])
def test_a_wrong_policy_is_refused_whole(exchange: Exchange, change: tuple[str, int]) -> None:
    wrong = commands.SetPolicy((("max_keys", 5), change))
    assert exchange.refused(wrong).reason == "POLICY_INVALID"
    assert exchange.refused(commands.SetPolicy(())).reason == "POLICY_INVALID"


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("INSTRUMENT_EXISTS", {"symbol": "text-prime"}),
        ("INVALID_ARGUMENT", {"symbol": "Text Prime"}),
        ("INVALID_ARGUMENT", {"spec": SPEC._replace(first_token_bands=())}),
        ("INVALID_ARGUMENT", {"spec": SPEC._replace(context_tokens_min=0)}),
        ("INVALID_ARGUMENT", {"terms": MarketTerms(tick_micros=0)}),
        ("INVALID_ARGUMENT", {"terms": MarketTerms(taker_fee_bps=10_001)}),
        ("INVALID_ARGUMENT", {"terms": MarketTerms(quantity_units_min=5, quantity_units_max=4)}),
        ("INVALID_ARGUMENT", {"terms": MarketTerms(price_micros_max=2**62)}),
    ],
)
def test_a_wrong_instrument_is_refused_by_name(
    exchange: Exchange, reason: str, changes: dict[str, Any]
) -> None:
    good = commands.DefineInstrument("code-max", "Code Max", SPEC)
    assert exchange.refused(good._replace(**changes)).reason == reason
    exchange.ok(good)


def test_a_version_takes_force_in_its_time_and_never_before_the_last(exchange: Exchange) -> None:
    later_us = exchange.at_us + HOUR
    exchange.ok(commands.PublishSpec(INSTRUMENT, SPEC, later_us))
    for wrong_us in (exchange.at_us + 5, 5):
        wrong = commands.PublishSpec(INSTRUMENT, SPEC, wrong_us)
        assert exchange.refused(wrong).reason == "INVALID_ARGUMENT"
    unknown = commands.PublishSpec("ins_none", SPEC, later_us)
    assert exchange.refused(unknown).reason == "INSTRUMENT_NOT_FOUND"


def test_a_market_keeps_its_state_and_reason(exchange: Exchange) -> None:
    exchange.ok(commands.SetMarketState(MARKET, "halted", "news"))
    market = exchange.state.markets[MARKET]
    assert (market.state, market.state_reason) == ("halted", "news")
    exchange.ok(commands.SetMarketState(MARKET, "halted", "news"))
    assert exchange.outcome.events == ()
    unknown = commands.SetMarketState("mkt_none", "open")
    assert exchange.refused(unknown).reason == "MARKET_NOT_FOUND"


# ---- members and cash --------------------------------------------------------------------------


def test_handles_are_unique_and_roles_known(exchange: Exchange) -> None:
    assert exchange.refused(commands.CreateMember("bob")).field == "handle"
    assert exchange.refused(commands.CreateMember("")).field == "handle"
    assert exchange.refused(commands.CreateMember("new", ("king",))).field == "roles"


def test_roles_bound_what_a_member_may_do(exchange: Exchange) -> None:
    idle = exchange.ok(commands.CreateMember("idle", ())).member.member_id
    for command in (
        commands.PlaceOrder(idle, MARKET, "buy", "limit", 1, 5),
        commands.TransferUnits(idle, INSTRUMENT, 1),
        commands.IssueUnits(idle, INSTRUMENT, 1),
    ):
        assert exchange.refused(command).reason == "ROLE_MISSING"


def test_settings_change_one_by_one(exchange: Exchange) -> None:
    exchange.ok(commands.UpdateSettings(exchange.bob, auto_buy_ceiling_micros=5))
    member = exchange.ok(commands.UpdateSettings(exchange.bob, account_mode="auto")).member
    assert (member.auto_buy_ceiling_micros, member.account_mode) == (5, "auto")
    wrong = commands.UpdateSettings(exchange.bob, auto_buy_ceiling_micros=-1)
    assert exchange.refused(wrong).reason == "PRICE_OUT_OF_RANGE"
    wrong = commands.UpdateSettings(exchange.bob, auto_buy_units=0)
    assert exchange.refused(wrong).reason == "QUANTITY_OUT_OF_RANGE"


def test_cash_goes_in_and_out_against_the_outside(exchange: Exchange) -> None:
    before = exchange.cash("house", "external")
    assert exchange.ok(commands.Deposit(exchange.bob, 5)).amount_micros == 5
    exchange.ok(commands.Withdraw(exchange.bob, 3))
    assert exchange.cash("house", "external") == before - 2
    exchange.order(exchange.bob, "buy", 1, 999_999 * DOLLAR)
    refusal = exchange.refused(commands.Withdraw(exchange.bob, 2 * DOLLAR))
    assert (refusal.reason, refusal.limit) == ("INSUFFICIENT_FUNDS", DOLLAR + 2)


@pytest.mark.parametrize("amount", [0, -1, INT64_MAX, 2**80])
def test_amounts_out_of_range_are_refused(exchange: Exchange, amount: int) -> None:
    for command in (
        commands.Deposit(exchange.bob, amount),
        commands.Withdraw(exchange.bob, amount),
        commands.FundGuarantee(amount),
    ):
        assert exchange.refused(command).field == "amount_micros"


def test_all_money_inside_stays_within_64_bits(exchange: Exchange) -> None:
    room = INT64_MAX + exchange.cash("house", "external")
    exchange.ok(commands.Deposit(exchange.bob, room))
    assert exchange.refused(commands.Deposit(exchange.ann, 1)).limit == 0


# ---- keys --------------------------------------------------------------------------------------


def key(exchange: Exchange, key_id: str, key_hash: str, **more: Any) -> commands.CreateKey:
    return commands.CreateKey(exchange.bob, key_id, key_hash, "laptop", ("consume",), **more)


def test_a_key_is_registered_once_and_revoked_for_good(exchange: Exchange) -> None:
    exchange.ok(key(exchange, "key_1", "aa"))
    assert exchange.state.indices.key_by_hash["aa"] == "key_1"
    assert exchange.refused(key(exchange, "key_1", "bb")).reason == "KEY_LIMIT"
    assert exchange.refused(key(exchange, "key_2", "aa")).reason == "KEY_LIMIT"
    past = key(exchange, "key_2", "bb", expires_at_us=5)
    assert exchange.refused(past).reason == "KEY_EXPIRED"
    foreign = commands.RevokeKey(exchange.ann, "key_1")
    assert exchange.refused(foreign).reason == "KEY_NOT_FOUND"
    revoked = exchange.ok(commands.RevokeKey(exchange.bob, "key_1")).key
    assert revoked.revoked_at_us == exchange.at_us
    exchange.later(5)
    assert exchange.ok(commands.RevokeKey(exchange.bob, "key_1")).key == revoked


def test_revoked_keys_do_not_count_against_the_limit(exchange: Exchange) -> None:
    exchange.policy(max_keys=1)
    exchange.ok(key(exchange, "key_1", "aa"))
    assert exchange.refused(key(exchange, "key_2", "bb")).reason == "KEY_LIMIT"
    exchange.ok(commands.RevokeKey(exchange.bob, "key_1"))
    exchange.ok(key(exchange, "key_2", "bb"))


# ---- supply ------------------------------------------------------------------------------------


def test_only_admitted_suppliers_with_an_offer_issue(exchange: Exchange) -> None:
    issue = commands.IssueUnits(exchange.bob, INSTRUMENT, 1)
    assert exchange.refused(issue).reason == "SUPPLIER_NOT_ADMITTED"
    exchange.ok(commands.AdmitSupplier(exchange.bob, INSTRUMENT, 1_000))
    assert exchange.refused(issue).reason == "OFFER_NOT_FOUND"
    exchange.offer(exchange.bob)
    exchange.ok(issue)
    exchange.ok(commands.WithdrawOffer(exchange.bob, INSTRUMENT))
    assert exchange.refused(issue).reason == "OFFER_NOT_FOUND"
    withdraw = commands.WithdrawOffer(exchange.bob, INSTRUMENT)
    assert exchange.refused(withdraw).reason == "OFFER_NOT_FOUND"


def test_issuance_stays_within_the_verified_capacity_of_one_pool(exchange: Exchange) -> None:
    exchange.instrument("code-max")
    exchange.ok(commands.AdmitSupplier(exchange.ann, "ins_code-max", 1_000))
    exchange.offer(exchange.ann, "ins_code-max")
    capacity = 1_000 * 4 * 3_600 * 8 // 10
    reply = exchange.ok(commands.IssueUnits(exchange.ann, INSTRUMENT, 6))
    assert (reply.capacity_tokens, reply.obligation_tokens) == (capacity, 6_000_000)
    exchange.bought(exchange.ann, exchange.bob, 6, DOLLAR)
    refusal = exchange.refused(commands.IssueUnits(exchange.ann, "ins_code-max", 6))
    assert (refusal.reason, refusal.limit) == ("CAPACITY_EXCEEDED", capacity)
    assert refusal.value == 12_000_000
    exchange.ok(commands.IssueUnits(exchange.ann, "ins_code-max", 5))
    exchange.ok(commands.RetireUnits(exchange.ann, "ins_code-max", 5))
    exchange.ok(commands.IssueUnits(exchange.ann, INSTRUMENT, 5))


def test_tokens_weigh_in_the_pool_as_their_contract_says(exchange: Exchange) -> None:
    heavy = SPEC._replace(capacity_weight_per_mille=2_500)
    exchange.ok(commands.DefineInstrument("heavy", "Heavy", heavy))
    exchange.ok(commands.AdmitSupplier(exchange.ann, "ins_heavy", 1_000))
    exchange.offer(exchange.ann, "ins_heavy")
    reply = exchange.ok(commands.IssueUnits(exchange.ann, "ins_heavy", 4))
    assert reply.obligation_tokens == 10_000_000
    over = commands.IssueUnits(exchange.ann, "ins_heavy", 1)
    assert exchange.refused(over).reason == "CAPACITY_EXCEEDED"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quality_score", 37_999),
        ("context_tokens", 127_999),
        ("output_tokens", 1),
        ("tokens_per_second", 39),
        ("concurrent_deliveries", 0),
        ("first_token_us", 4_620_001),
    ],
)
def test_an_offer_below_the_contract_names_the_dimension(
    exchange: Exchange, field: str, value: int
) -> None:
    good = commands.RegisterOffer(
        exchange.ann, INSTRUMENT, "m", 38_000, 128_000, 30_000, 40, 4_620_000, 1
    )
    exchange.ok(good)
    refusal = exchange.refused(good._replace(**{field: value}))
    assert (refusal.reason, refusal.field, refusal.value) == ("OFFER_BELOW_SPEC", field, value)


def test_an_offer_must_have_the_capabilities_of_the_contract(exchange: Exchange) -> None:
    able = SPEC._replace(capabilities=("tools",))
    exchange.ok(commands.PublishSpec(INSTRUMENT, able, exchange.at_us))
    good = commands.RegisterOffer(
        exchange.ann, INSTRUMENT, "m", 38_000, 128_000, 30_000, 40, 4_620_000, 1
    )
    assert exchange.refused(good).field == "capabilities"
    exchange.ok(good._replace(capabilities=("vision", "tools")))


def test_a_suspended_supplier_issues_nothing_and_still_owes(exchange: Exchange) -> None:
    exchange.ok(commands.IssueUnits(exchange.ann, INSTRUMENT, 2))
    issue = commands.IssueUnits(exchange.ann, INSTRUMENT, 1)
    for instrument_id in ("", INSTRUMENT):
        exchange.ok(commands.SuspendSupplier(exchange.ann, instrument_id, "slow"))
        assert exchange.refused(issue).reason == "SUPPLIER_NOT_ADMITTED"
        exchange.ok(commands.ReinstateSupplier(exchange.ann, instrument_id))
        exchange.ok(issue)
    exchange.ok(commands.AdmitSupplier(exchange.ann, INSTRUMENT, 0))
    assert exchange.refused(issue).reason == "SUPPLIER_NOT_ADMITTED"
    assert exchange.state.suppliers[exchange.ann].verified_tokens_per_second > 0
    unknown = commands.SuspendSupplier(exchange.bob)
    assert exchange.refused(unknown).reason == "SUPPLIER_NOT_ADMITTED"


def test_only_unsold_and_unlisted_units_are_retired(exchange: Exchange) -> None:
    exchange.ok(commands.IssueUnits(exchange.ann, INSTRUMENT, 5))
    exchange.issue_and_sell(exchange.ann, 3, DOLLAR)
    refusal = exchange.refused(commands.RetireUnits(exchange.ann, INSTRUMENT, 3))
    assert (refusal.reason, refusal.limit) == ("INSUFFICIENT_UNITS", 2)
    assert exchange.ok(commands.RetireUnits(exchange.ann, INSTRUMENT, 2)).unsold_units == 0


def test_connected_time_adds_up(exchange: Exchange) -> None:
    for connected in (True, True, False, False, True):
        exchange.ok(commands.Availability(exchange.ann, "relay-1", (INSTRUMENT,), connected))
        exchange.later(HOUR)
    link = exchange.state.supplier_links[(exchange.ann, "relay-1")]
    assert (link.connected, link.connected_us) == (True, 2 * HOUR)
    stranger = commands.Availability(exchange.bob, "relay-1", (INSTRUMENT,), True)
    assert exchange.refused(stranger).reason == "SUPPLIER_NOT_ADMITTED"
