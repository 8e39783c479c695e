"""Notices: once for each crossing, on time before an end; and the webhooks they go to."""

from typing import Any

import pytest

from tests.support.market import (
    DOLLAR,
    HOUR,
    SECOND,
    Exchange,
    consuming_exchange,
    report,
    reserve,
)
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import NoticeRaised
from thegrid_exchange.engine.records import Notice

MILLION = 1_000_000


@pytest.fixture
def exchange() -> Exchange:
    return consuming_exchange()


def told(exchange: Exchange) -> list[Notice]:
    """Notices of the last command."""
    return [event.notice for event in exchange.events(NoticeRaised)]


def ever_told(exchange: Exchange) -> list[Notice]:
    """Every notice so far that bob got."""
    notices = [event.notice for event in exchange.all_events(NoticeRaised)]
    return [each for each in notices if each.member_id == exchange.bob]


def settings(exchange: Exchange, **changes: Any) -> None:
    exchange.ok(commands.UpdateSettings(exchange.bob, **changes))


def key(exchange: Exchange, key_id: str, after_us: int) -> commands.CreateKey:
    return commands.CreateKey(
        exchange.bob, key_id, f"hash of {key_id}", "", ("consume",), exchange.at_us + after_us
    )


def test_low_cash_is_told_once_until_it_has_come_back(exchange: Exchange) -> None:
    cash = exchange.cash(exchange.bob)
    settings(exchange, notice_cash_micros=cash)
    exchange.order(exchange.bob, "buy", 1, DOLLAR)
    (notice,) = told(exchange)
    assert (notice.kind, notice.limit, notice.value) == ("low_cash", cash, cash - DOLLAR)
    exchange.order(exchange.bob, "buy", 1, DOLLAR)
    assert told(exchange) == []
    exchange.ok(commands.Deposit(exchange.bob, 2 * DOLLAR))
    assert told(exchange) == []
    exchange.ok(commands.Withdraw(exchange.bob, 1))
    assert len(told(exchange)) == 1


def test_cash_on_its_bound_is_not_low(exchange: Exchange) -> None:
    settings(exchange, notice_cash_micros=exchange.cash(exchange.bob) - DOLLAR)
    exchange.ok(commands.Withdraw(exchange.bob, DOLLAR))
    assert told(exchange) == []


def test_low_tokens_are_told_by_instrument(exchange: Exchange) -> None:
    settings(exchange, notice_tokens=2_950_000)
    exchange.ok(reserve("dlv_1", exchange.bob, 100_000, 0))
    (notice,) = told(exchange)
    assert (notice.kind, notice.instrument_id) == ("low_tokens", "ins_text-prime")
    assert (notice.limit, notice.value) == (2_950_000, 2_900_000)
    exchange.ok(report("dlv_1", "failed", 0))
    exchange.ok(reserve("dlv_2", exchange.bob, 100_000, 0))
    assert len(told(exchange)) == 1, "the tokens had come back"


def test_nobody_else_is_told(exchange: Exchange) -> None:
    settings(exchange, notice_cash_micros=10**12, notice_tokens=10**12)
    exchange.ok(commands.Withdraw(exchange.ann, 1))
    assert told(exchange) == []


def test_a_lot_is_told_of_its_lead_before_it_expires(exchange: Exchange) -> None:
    settings(exchange, notice_lot_lead_us=HOUR)
    exchange.later(3 * HOUR - 1)
    exchange.tick()
    assert told(exchange) == []
    assert exchange.state.next_deadline_us() == exchange.at_us + 1
    exchange.later(1)
    exchange.tick()
    (notice,) = told(exchange)
    assert (notice.kind, notice.value) == ("lot_expiring", 3 * MILLION)
    assert notice.due_us == exchange.at_us + HOUR
    exchange.later(10)
    exchange.tick()
    assert told(exchange) == []


def test_a_new_lot_is_watched_and_an_ended_one_no_more(exchange: Exchange) -> None:
    settings(exchange, notice_lot_lead_us=HOUR)
    exchange.bought(exchange.ann, exchange.bob, 1, 2 * DOLLAR, auto_transfer=True)
    assert len(exchange.state.alarms) == 2
    settings(exchange, notice_lot_lead_us=0)
    assert not exchange.state.alarms
    exchange.later(5 * HOUR)
    exchange.tick()
    assert not ever_told(exchange)


def test_an_outage_moves_the_notice_with_the_lot() -> None:
    exchange = Exchange(outages=True)
    exchange.instrument()
    exchange.ann, exchange.bob = exchange.supplier("ann", 10), exchange.member("bob")
    exchange.bought(exchange.ann, exchange.bob, 1, DOLLAR, auto_transfer=True)
    settings(exchange, notice_lot_lead_us=HOUR)
    minted_us = exchange.at_us
    exchange.later(2 * HOUR)
    exchange.tick()
    while exchange.at_us < minted_us + 5 * HOUR - 30 * SECOND:
        exchange.later(30 * SECOND)
        exchange.tick()
        assert not ever_told(exchange)
    exchange.later(30 * SECOND)
    exchange.tick()
    assert [each.due_us for each in ever_told(exchange)] == [minted_us + 6 * HOUR]


def test_a_key_is_told_of_before_it_expires(exchange: Exchange) -> None:
    exchange.ok(key(exchange, "key_1", 30 * HOUR))
    settings(exchange, notice_key_lead_us=24 * HOUR)
    exchange.ok(key(exchange, "key_2", 40 * HOUR))
    exchange.ok(key(exchange, "key_3", 41 * HOUR))
    exchange.ok(commands.RevokeKey(exchange.bob, "key_3"))
    exchange.later(20 * HOUR)
    exchange.tick()
    assert [(each.kind, each.subject_id) for each in ever_told(exchange)] == [
        ("key_expiring", "key_1"),
        ("key_expiring", "key_2"),
    ]


@pytest.mark.parametrize("name", ["notice_cash_micros", "notice_lot_lead_us"])
def test_a_negative_bound_is_refused_by_name(exchange: Exchange, name: str) -> None:
    wrong = commands.UpdateSettings(exchange.bob, **{name: -1})  # type: ignore[arg-type]
    refusal = exchange.refused(wrong)
    assert (refusal.reason, refusal.field, refusal.value) == ("INVALID_ARGUMENT", name, -1)


# ---- webhooks ----------------------------------------------------------------------------------


def webhook(exchange: Exchange, webhook_id: str = "whk_1") -> commands.CreateWebhook:
    return commands.CreateWebhook(exchange.bob, webhook_id, "https://example.com/hook")


def test_a_webhook_begins_with_the_notices_that_come(exchange: Exchange) -> None:
    settings(exchange, notice_cash_micros=10**12)
    exchange.ok(commands.Withdraw(exchange.bob, 1))
    made = exchange.ok(webhook(exchange)).webhook
    assert made.delivered_number == len(exchange.all_events(NoticeRaised))
    note = commands.NoteWebhook(exchange.bob, "whk_1", 5)
    assert exchange.ok(note).webhook.delivered_number == 5
    assert exchange.ok(note._replace(delivered_number=3)).webhook.delivered_number == 5


def test_a_webhook_that_is_given_up_is_disabled_with_a_notice(exchange: Exchange) -> None:
    exchange.ok(webhook(exchange))
    exchange.ok(commands.NoteWebhook(exchange.bob, "whk_1", 0, "it never answered"))
    (notice,) = told(exchange)
    assert (notice.kind, notice.subject_id) == ("webhook_disabled", "whk_1")
    enabled = exchange.ok(commands.UpdateWebhook(exchange.bob, "whk_1", enabled=True)).webhook
    every = len(exchange.all_events(NoticeRaised))
    assert (enabled.disabled_at_us, enabled.delivered_number) == (None, every)


def test_webhooks_are_bounded_and_their_members_own(exchange: Exchange) -> None:
    exchange.policy(max_webhooks=1)
    exchange.ok(webhook(exchange))
    refusal = exchange.refused(webhook(exchange, "whk_2"))
    assert (refusal.reason, refusal.limit) == ("WEBHOOK_LIMIT", 1)
    for command in (
        commands.DeleteWebhook(exchange.ann, "whk_1"),
        commands.UpdateWebhook(exchange.ann, "whk_1", enabled=False),
        commands.NoteWebhook(exchange.ann, "whk_1", 9),
    ):
        assert exchange.refused(command).reason == "WEBHOOK_NOT_FOUND"
    exchange.ok(commands.DeleteWebhook(exchange.bob, "whk_1"))
    exchange.ok(webhook(exchange, "whk_2"))
