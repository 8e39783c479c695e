"""What keys may spend and use, keys below keys, and the ceilings of auto mode."""

from typing import Any

import pytest

from tests.support.market import (
    DOLLAR,
    HOUR,
    INSTRUMENT,
    SECOND,
    SPEC,
    Exchange,
    consuming_exchange,
    report,
    reserve,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import NoticeRaised, SpendNoted
from thegrid_exchange.engine.quantities import DAY_US, month_of, month_start_us, next_day_us
from thegrid_exchange.engine.records import KeyLimits
from thegrid_exchange.engine.rules.spending import spend_of

MILLION = 1_000_000
SCOPES = ("consume", "trade:write", "keys")


@pytest.fixture
def exchange() -> Exchange:
    """Bob has three Units at 2 dollars in a Lot: 500,000 tokens cost him one dollar."""
    made = consuming_exchange()
    long = SPEC._replace(context_tokens_min=1_000_000)
    made.ok(commands.PublishSpec(INSTRUMENT, long, made.at_us))
    made.ok(
        commands.RegisterOffer(
            made.ann, INSTRUMENT, "demo/model", 40_000, 1_000_000, 64_000, 80, 400_000, 64
        )
    )
    return made


def make_key(exchange: Exchange, key_id: str, **more: Any) -> Any:
    limits = KeyLimits(**{name: more.pop(name) for name in KeyLimits._fields if name in more})
    more.setdefault("scopes", SCOPES)
    return commands.CreateKey(exchange.bob, key_id, f"hash of {key_id}", "", limits=limits, **more)


def with_key(exchange: Exchange, key_id: str = "key_1", **more: Any) -> None:
    exchange.ok(make_key(exchange, key_id, **more))


def call(exchange: Exchange, delivery_id: str, prompt: int, key_id: str = "key_1") -> Any:
    return reserve(delivery_id, exchange.bob, prompt, 0, key_id=key_id)


def used(exchange: Exchange, delivery_id: str, prompt: int, key_id: str = "key_1") -> None:
    """A call of so many tokens that went well."""
    exchange.ok(call(exchange, delivery_id, prompt, key_id))
    exchange.ok(report(delivery_id, "in_spec", prompt))


# ---- days and months ---------------------------------------------------------------------------


def test_months_begin_and_end_where_the_calendar_says() -> None:
    for month, days in ((0, 0), (1, 31), (12, 365), (360, 10_957)):
        assert month_start_us(month) == days * DAY_US
    # 29 February 2024 is a leap day; 2100 has none.
    leap_us = 1_709_164_800_000_000
    march_2024_us = 1_709_251_200_000_000
    assert month_of(leap_us) == month_of(march_2024_us) - 1
    assert month_start_us(month_of(march_2024_us)) == march_2024_us
    march_2100_us = 4_107_542_400_000_000
    assert month_start_us(month_of(march_2100_us)) == march_2100_us
    assert month_of(march_2100_us - 1) == month_of(march_2100_us) - 1
    for month in range(3_000):
        start_us = month_start_us(month)
        assert month_of(start_us) == month
        assert month_of(start_us - 1) == month - 1


# ---- spend -------------------------------------------------------------------------------------


def test_a_key_spends_up_to_its_limit_and_not_a_micro_dollar_more(exchange: Exchange) -> None:
    with_key(exchange, spend_per_day_micros=DOLLAR)
    over = exchange.refused(call(exchange, "dlv_1", 500_001))
    assert (over.reason, over.field) == ("SPEND_LIMIT_REACHED", "spend_per_day_micros")
    assert (over.limit, over.value) == (DOLLAR, DOLLAR + 2)
    assert over.retry_after_us == next_day_us(exchange.at_us) - exchange.at_us
    used(exchange, "dlv_1", 500_000)
    assert exchange.refused(call(exchange, "dlv_2", 1)).reason == "SPEND_LIMIT_REACHED"
    exchange.ok(call(exchange, "dlv_3", 1, key_id="key_other"))


def test_the_limit_of_a_day_frees_at_its_end_in_utc(exchange: Exchange) -> None:
    exchange.policy(lot_window_us=48 * HOUR)
    exchange.bought(exchange.ann, exchange.bob, 3, 2 * DOLLAR, auto_transfer=True)
    with_key(exchange, spend_per_day_micros=DOLLAR)
    used(exchange, "dlv_1", 500_000)
    refusal = exchange.refused(call(exchange, "dlv_2", 10))
    exchange.later(refusal.retry_after_us - 1)
    assert exchange.refused(call(exchange, "dlv_2", 10)).retry_after_us == 1
    exchange.later(1)
    exchange.ok(call(exchange, "dlv_2", 10))


def test_the_limit_of_a_month_outlives_its_days(exchange: Exchange) -> None:
    exchange.policy(lot_window_us=8_000 * HOUR)
    exchange.bought(exchange.ann, exchange.bob, 3, 2 * DOLLAR, auto_transfer=True)
    with_key(exchange, spend_per_month_micros=DOLLAR)
    used(exchange, "dlv_1", 500_000)
    exchange.later(24 * HOUR)
    refusal = exchange.refused(call(exchange, "dlv_2", 10))
    assert (refusal.field, refusal.limit) == ("spend_per_month_micros", DOLLAR)
    frees_us = month_start_us(month_of(exchange.at_us) + 1)
    assert refusal.retry_after_us == frees_us - exchange.at_us
    exchange.later(refusal.retry_after_us)
    exchange.ok(call(exchange, "dlv_2", 10))


def test_open_calls_hold_their_cost_and_give_back_what_they_do_not_use(exchange: Exchange) -> None:
    with_key(exchange, spend_per_day_micros=DOLLAR)
    exchange.ok(call(exchange, "dlv_1", 400_000))
    refusal = exchange.refused(call(exchange, "dlv_2", 200_000))
    assert refusal.retry_after_us == SECOND, "it frees when a call ends, not at midnight"
    assert "open calls hold 800000" in refusal.message
    exchange.ok(report("dlv_1", "failed", 0))
    exchange.ok(call(exchange, "dlv_2", 500_000))


def test_an_answer_ends_where_the_limit_of_spend_is_reached(exchange: Exchange) -> None:
    with_key(exchange, spend_per_day_micros=12_000)
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 20_000, key_id="key_1"))
    reply = exchange.ok(commands.Mark("dlv_1", 4_000))
    assert reply.extension_refused == "SPEND_LIMIT_REACHED"
    assert reply.reserved_tokens == 5_096
    exchange.ok(report("dlv_1", "in_spec", 5_096))
    assert spend_of(exchange.state, "key_1").day_micros == 5_096 * 2


def test_usage_is_counted_for_every_key_and_its_call_ends_what_it_held(exchange: Exchange) -> None:
    with_key(exchange)
    used(exchange, "dlv_1", 1_000)
    exchange.ok(call(exchange, "dlv_2", 500))
    exchange.ok(report("dlv_2", "failed", 0))
    spend = spend_of(exchange.state, "key_1")
    assert (spend.day_micros, spend.day_tokens, spend.calls) == (2_000, 1_000, 2)
    exchange.later(40 * 24 * HOUR)
    exchange.tick()
    later = spend_of(exchange.state, "key_1")
    assert (later.day_micros, later.month_tokens) == (0, 0)
    assert (later.total_micros, later.total_tokens) == (2_000, 1_000)


# ---- instruments and tokens per minute ---------------------------------------------------------


def test_a_key_uses_its_instruments_only(exchange: Exchange) -> None:
    exchange.instrument("code-max")
    with_key(exchange, instrument_ids=("ins_code-max",))
    refusal = exchange.refused(call(exchange, "dlv_1", 10))
    assert refusal.reason == "INSTRUMENT_NOT_ALLOWED"
    assert "ins_code-max" in refusal.message
    unknown = make_key(exchange, "key_2", instrument_ids=("ins_none",))
    assert exchange.refused(unknown).reason == "INSTRUMENT_NOT_FOUND"


def test_tokens_per_minute_flow_back_evenly(exchange: Exchange) -> None:
    with_key(exchange, tokens_per_minute=60_000)
    used(exchange, "dlv_1", 60_000)
    refusal = exchange.refused(call(exchange, "dlv_2", 1_000))
    assert (refusal.reason, refusal.field) == ("RATE_LIMITED", "tokens_per_minute")
    assert (refusal.limit, refusal.value, refusal.retry_after_us) == (60_000, 61_000, SECOND)
    exchange.later(SECOND - 1)
    assert exchange.refused(call(exchange, "dlv_2", 1_000)).retry_after_us == 1
    exchange.later(1)
    used(exchange, "dlv_2", 1_000)
    too_long = exchange.refused(call(exchange, "dlv_3", 60_001))
    assert too_long.retry_after_us is None, "no waiting helps"


def test_tokens_that_were_not_used_are_there_again_at_once(exchange: Exchange) -> None:
    with_key(exchange, tokens_per_minute=60_000)
    reply = exchange.ok(call(exchange, "dlv_1", 50_000))
    assert (reply.limits.tokens_limit, reply.limits.tokens_left) == (60_000, 10_000)
    assert reply.limits.tokens_reset_us == 50 * SECOND
    exchange.ok(report("dlv_1", "in_spec", 10_000))
    exchange.ok(call(exchange, "dlv_2", 50_000))


def test_an_answer_under_way_is_not_cut_for_its_tokens_per_minute(exchange: Exchange) -> None:
    with_key(exchange, tokens_per_minute=6_000)
    exchange.ok(reserve("dlv_1", exchange.bob, 1_000, 20_000, key_id="key_1"))
    reply = exchange.ok(commands.Mark("dlv_1", 4_000))
    assert not reply.extension_refused
    assert exchange.refused(call(exchange, "dlv_2", 1_000)).reason == "RATE_LIMITED"


# ---- keys below keys ---------------------------------------------------------------------------


def test_a_bounded_key_makes_keys_below_itself(exchange: Exchange) -> None:
    with_key(exchange, spend_per_day_micros=DOLLAR)
    below = exchange.ok(make_key(exchange, "key_2", by_key_id="key_1")).key
    assert below.parent_id == "key_1"
    free = exchange.ok(make_key(exchange, "key_3")).key
    assert exchange.ok(make_key(exchange, "key_4", by_key_id="key_3")).key.parent_id == ""
    assert free.parent_id == ""
    chosen = make_key(exchange, "key_5", by_key_id="key_3", parent_id="key_2")
    assert exchange.ok(chosen).key.parent_id == "key_2"


def test_what_is_below_counts_for_all_above(exchange: Exchange) -> None:
    with_key(exchange, "key_top", spend_per_day_micros=DOLLAR, tokens_per_minute=700_000)
    with_key(exchange, "key_mid", by_key_id="key_top")
    with_key(exchange, "key_low", by_key_id="key_mid")
    used(exchange, "dlv_1", 300_000, "key_low")
    assert spend_of(exchange.state, "key_top").day_micros == 600_000
    refusal = exchange.refused(call(exchange, "dlv_2", 300_000, "key_mid"))
    assert (refusal.field, refusal.value) == ("spend_per_day_micros", 1_200_000)
    assert "key_top above this one" in refusal.message
    exchange.ok(call(exchange, "dlv_2", 200_000, "key_mid"))
    assert spend_of(exchange.state, "key_top").held_micros == 400_000
    assert spend_of(exchange.state, "key_low").held_micros == 0
    assert exchange.refused(call(exchange, "dlv_3", 250_000, "key_low")).reason == "RATE_LIMITED"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("scopes", {"scopes": ("consume", "admin")}),
        ("spend_per_day_micros", {"spend_per_day_micros": DOLLAR + 1}),
        ("tokens_per_minute", {"tokens_per_minute": 61_000}),
        ("instrument_ids", {"instrument_ids": ("ins_code-max",)}),
        ("concurrent_deliveries", {"concurrent_deliveries": 3}),
    ],
)
def test_no_key_exceeds_the_one_above(
    exchange: Exchange, field: str, changes: dict[str, Any]
) -> None:
    exchange.instrument("code-max")
    with_key(
        exchange,
        spend_per_day_micros=DOLLAR,
        tokens_per_minute=60_000,
        instrument_ids=(INSTRUMENT,),
        concurrent_deliveries=2,
    )
    refusal = exchange.refused(make_key(exchange, "key_2", by_key_id="key_1", **changes))
    assert (refusal.reason, refusal.field) == ("KEY_ABOVE_PARENT", field)
    with_key(exchange, "key_3", by_key_id="key_1", spend_per_day_micros=DOLLAR)


def test_a_bounded_key_reaches_only_what_is_below_it(exchange: Exchange) -> None:
    with_key(exchange, "key_free")
    with_key(exchange, "key_1", spend_per_day_micros=DOLLAR)
    with_key(exchange, "key_2", by_key_id="key_1")
    more = KeyLimits(spend_per_day_micros=9 * DOLLAR)
    for key_id in ("key_1", "key_free"):
        change = commands.UpdateKey(exchange.bob, key_id, limits=more, by_key_id="key_1")
        assert exchange.refused(change).reason == "KEY_NOT_FOUND"
    up = commands.RevokeKey(exchange.bob, "key_1", by_key_id="key_2")
    assert exchange.refused(up).reason == "KEY_NOT_FOUND"
    out = make_key(exchange, "key_5", by_key_id="key_1", parent_id="key_free")
    assert exchange.refused(out).reason == "KEY_NOT_FOUND"
    less = KeyLimits(spend_per_day_micros=5)
    exchange.ok(commands.UpdateKey(exchange.bob, "key_2", limits=less, by_key_id="key_1"))
    exchange.ok(commands.UpdateKey(exchange.bob, "key_1", limits=more, by_key_id="key_free"))
    exchange.ok(commands.RevokeKey(exchange.bob, "key_1", by_key_id="key_1"))


def test_a_key_ends_with_all_below_it(exchange: Exchange) -> None:
    with_key(exchange, "key_top")
    with_key(exchange, "key_mid", parent_id="key_top")
    with_key(exchange, "key_low", parent_id="key_mid")
    exchange.ok(commands.RevokeKey(exchange.bob, "key_top"))
    keys = exchange.state.keys
    assert all(keys[name].revoked_at_us for name in ("key_top", "key_mid", "key_low"))
    dead = make_key(exchange, "key_4", parent_id="key_mid")
    assert exchange.refused(dead).reason == "KEY_REVOKED"
    assert exchange.state.indices.keys_of[exchange.bob] == []


def test_a_line_of_keys_has_a_length(exchange: Exchange) -> None:
    exchange.policy(max_key_depth=2)
    with_key(exchange, "key_1")
    with_key(exchange, "key_2", parent_id="key_1")
    refusal = exchange.refused(make_key(exchange, "key_3", parent_id="key_2"))
    assert (refusal.reason, refusal.limit, refusal.value) == ("KEY_LIMIT", 2, 3)


def test_a_rotated_key_keeps_the_secret_before_for_its_grace(exchange: Exchange) -> None:
    with_key(exchange)
    rotated = exchange.ok(commands.RotateKey(exchange.bob, "key_1", "new", HOUR)).key
    assert (rotated.key_hash, rotated.previous_hash) == ("new", "hash of key_1")
    assert rotated.previous_until_us == exchange.at_us + HOUR
    taken = commands.RotateKey(exchange.bob, "key_1", "hash of key_1")
    assert exchange.refused(taken).reason == "KEY_LIMIT"
    exchange.ok(commands.RotateKey(exchange.bob, "key_1", "newer"))
    assert "new" not in exchange.state.indices.key_by_hash
    long = commands.RotateKey(exchange.bob, "key_1", "newest", 25 * HOUR)
    assert exchange.refused(long).field == "grace_us"


# ---- auto mode ---------------------------------------------------------------------------------


def in_auto_mode(exchange: Exchange, **more: Any) -> None:
    exchange.issue_and_sell(exchange.ann, 20, 2 * DOLLAR)
    settings = {"account_mode": "auto", "auto_buy_ceiling_micros": 3 * DOLLAR, **more}
    exchange.ok(commands.UpdateSettings(exchange.bob, **settings))


def test_auto_mode_spends_no_more_in_a_day_than_its_ceiling(exchange: Exchange) -> None:
    in_auto_mode(exchange, auto_buy_day_ceiling_micros=4 * DOLLAR, auto_buy_units=2)
    exchange.policy(lot_window_us=48 * HOUR)
    for number in range(50):
        exchange.ok(reserve(f"dlv_{number}", exchange.bob, 100_000, 0))
    assert spend_of(exchange.state, exchange.bob).day_micros == 4 * DOLLAR
    refusal = exchange.refused(reserve("dlv_x", exchange.bob, 100_000, 0))
    assert (refusal.reason, refusal.field) == (
        "SPEND_LIMIT_REACHED",
        "auto_buy_day_ceiling_micros",
    )
    assert (refusal.limit, refusal.value) == (4 * DOLLAR, 6 * DOLLAR)
    assert refusal.retry_after_us == next_day_us(exchange.at_us) - exchange.at_us
    exchange.later(refusal.retry_after_us)
    exchange.tick()
    exchange.ok(commands.IssueUnits(exchange.ann, INSTRUMENT, 2))
    exchange.issue_and_sell(exchange.ann, 2, 2 * DOLLAR)
    exchange.ok(reserve("dlv_x", exchange.bob, 100_000, 0))


def test_auto_mode_buys_less_than_its_size_where_the_day_allows_no_more(
    exchange: Exchange,
) -> None:
    in_auto_mode(exchange, auto_buy_day_ceiling_micros=2 * DOLLAR, auto_buy_units=5)
    for number in range(30):
        exchange.ok(reserve(f"dlv_{number}", exchange.bob, 100_000, 0))
    reply = exchange.ok(reserve("dlv_x", exchange.bob, 100_000, 0))
    assert (reply.bought_units, reply.bought_micros) == (1, 2 * DOLLAR)


def test_auto_mode_buys_ahead_once_below_its_threshold(exchange: Exchange) -> None:
    in_auto_mode(exchange, auto_buy_threshold_tokens=MILLION, auto_buy_units=2)
    reply = exchange.ok(reserve("dlv_1", exchange.bob, 100_000, 0))
    assert reply.bought_units == 0
    assert exchange.tokens(exchange.bob, "lots") == 2_900_000
    for number in range(2, 22):
        exchange.ok(reserve(f"dlv_{number}", exchange.bob, 100_000, 0))
    assert exchange.tokens(exchange.bob, "lots") == 900_000 + 2 * MILLION
    assert exchange.events(SpendNoted)[0].spends[0].day_micros == 4 * DOLLAR


def test_a_purchase_ahead_that_cannot_be_made_stops_no_call(exchange: Exchange) -> None:
    in_auto_mode(exchange, auto_buy_threshold_tokens=MILLION, auto_buy_ceiling_micros=DOLLAR)
    for number in range(30):
        exchange.ok(reserve(f"dlv_{number}", exchange.bob, 100_000, 0))
    exchange.policy(max_events=1_000)
    assert exchange.tokens(exchange.bob, "lots") == 0
    assert spend_of(exchange.state, exchange.bob).day_micros == 0
    assert exchange.refused(reserve("dlv_x", exchange.bob, 1, 0)).reason == "ABOVE_CEILING"


def test_a_settled_call_buys_ahead_too(exchange: Exchange) -> None:
    exchange.ok(reserve("dlv_1", exchange.bob, 2_500_000 // 20, 0))
    for number in range(2, 20):
        exchange.ok(reserve(f"dlv_{number}", exchange.bob, 125_000, 0))
    in_auto_mode(exchange, auto_buy_threshold_tokens=MILLION)
    exchange.ok(report("dlv_1", "in_spec", 125_000))
    assert exchange.tokens(exchange.bob, "lots") == 3_000_000 - 19 * 125_000 + MILLION


# ---- notices of limits -------------------------------------------------------------------------


def test_most_of_a_limit_gives_one_notice_a_day(exchange: Exchange) -> None:
    exchange.policy(lot_window_us=72 * HOUR)
    exchange.bought(exchange.ann, exchange.bob, 3, 2 * DOLLAR, auto_transfer=True)
    with_key(exchange, spend_per_day_micros=DOLLAR)
    used(exchange, "dlv_1", 449_999)
    assert exchange.events(NoticeRaised) == []
    used(exchange, "dlv_2", 1)
    (told,) = exchange.events(NoticeRaised)
    assert (told.notice.kind, told.notice.value) == ("spend_limit", 900_000)
    assert told.notice.due_us == next_day_us(exchange.at_us)
    used(exchange, "dlv_3", 10)
    assert exchange.events(NoticeRaised) == []
    exchange.later(24 * HOUR)
    used(exchange, "dlv_4", 10)
    used(exchange, "dlv_5", 450_000)
    assert len(exchange.events(NoticeRaised)) == 1
