"""Limits of keys and what they leave, sub-keys, rotation and notices, through the public door."""

import asyncio
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from tests.support.exchange import HOUR_US, SYMBOL, Exchange, Participant
from tests.support.refusals import refused
from thegrid.v1 import accounts_pb2, members_pb2, notices_pb2, trading_pb2

KEYS = members_pb2.SCOPE_KEYS
CONSUME = members_pb2.SCOPE_CONSUME
READ = members_pb2.SCOPE_TRADE_READ


@pytest.fixture
async def member(exchange: Exchange) -> Participant:
    await exchange.define_instrument()
    return await exchange.create_member("member", deposit_micros=5_000_000)


async def sub_key(
    holder: Participant, request_id: str, scopes: list[int], **limits: Any
) -> tuple[members_pb2.Key, Participant]:
    made = await holder.members.CreateKey(
        members_pb2.CreateKeyRequest(
            request_id=request_id, scopes=scopes, limits=members_pb2.KeyLimits(**limits)
        )
    )
    return made.key, Participant(holder.member_id, made.secret, holder.exchange)


async def bounded(exchange: Exchange, member: Participant, **limits: Any) -> Participant:
    """A key of the member with the scope `keys`, made by the operator."""
    secret = await exchange.create_key(
        member.member_id,
        ("KEYS", "CONSUME", "TRADE_READ"),
        limits=members_pb2.KeyLimits(**limits),
    )
    return Participant(member.member_id, secret, exchange)


async def get_member(holder: Participant) -> Any:
    return await holder.members.GetMember(members_pb2.GetMemberRequest())


async def test_requests_per_minute_are_refused_by_name_and_come_back(
    exchange: Exchange, member: Participant
) -> None:
    holder = await bounded(exchange, member, requests_per_minute=3)
    for _ in range(3):
        await get_member(holder)
    refusal = await refused(get_member(holder))
    assert refusal.reason == "RATE_LIMITED"
    assert refusal.metadata["name"] == "requests_per_minute"
    assert refusal.metadata["limit"] == "3"
    assert refusal.retry_after_us == pytest.approx(20_000_000, abs=10)
    await exchange.advance(20_000_001)
    await get_member(holder)
    await refused(get_member(holder))


async def test_calls_of_sub_keys_count_for_the_key_above(
    exchange: Exchange, member: Participant
) -> None:
    holder = await bounded(exchange, member, requests_per_minute=4)
    key, below = await sub_key(holder, "k", [CONSUME])
    assert key.parent_key_id == holder.secret.partition(".")[0]
    for _ in range(3):
        await get_member(below)
    refusal = await refused(get_member(below))
    assert refusal.metadata["name"] == "requests_per_minute"
    assert "above this one" in refusal.message
    await refused(get_member(holder))
    await get_member(member)


async def test_a_bounded_key_gives_no_more_than_it_has(
    exchange: Exchange, member: Participant
) -> None:
    holder = await bounded(exchange, member, spend_per_day_micros=1_000)
    request = members_pb2.CreateKeyRequest(
        request_id="a", scopes=[members_pb2.SCOPE_TRADE_WRITE], limits={}
    )
    assert (await refused(holder.members.CreateKey(request))).reason == "SCOPE_MISSING"
    over = members_pb2.CreateKeyRequest(
        request_id="b", scopes=[CONSUME], limits={"spend_per_day_micros": 1_001}
    )
    refusal = await refused(holder.members.CreateKey(over))
    assert (refusal.reason, refusal.metadata["field"]) == (
        "KEY_ABOVE_PARENT",
        "spend_per_day_micros",
    )
    assert (refusal.metadata["limit"], refusal.metadata["value"]) == ("1000", "1001")
    key_id = holder.secret.partition(".")[0]
    itself = members_pb2.UpdateKeyRequest(request_id="c", key_id=key_id, limits={})
    assert (await refused(holder.members.UpdateKey(itself))).reason == "KEY_NOT_FOUND"
    changed = await member.members.UpdateKey(
        members_pb2.UpdateKeyRequest(
            request_id="d", key_id=key_id, label="new", limits={"instruments": [SYMBOL]}
        )
    )
    assert changed.key.label == "new"
    assert changed.key.limits == members_pb2.KeyLimits(instruments=[f"ins_{SYMBOL}"])


async def test_a_key_ends_with_the_one_above_and_so_do_its_streams(
    exchange: Exchange, member: Participant
) -> None:
    holder = await bounded(exchange, member)
    key, below = await sub_key(holder, "k", [READ], spend_per_day_micros=5)
    _, lowest = await sub_key(holder, "l", [READ])
    stream = lowest.accounts.StreamAccount(accounts_pb2.StreamAccountRequest())
    await stream.read()
    key_id = holder.secret.partition(".")[0]
    free = await member.members.RevokeKey(
        members_pb2.RevokeKeyRequest(request_id="r", key_id=key_id)
    )
    assert free.key.HasField("revoke_time")
    assert (await refused(get_member(below))).reason == "KEY_REVOKED"
    frame = await asyncio.wait_for(stream.read(), 5)
    while frame.events[-1].WhichOneof("payload") != "stream_end":
        frame = await asyncio.wait_for(stream.read(), 5)
    listed = await member.members.ListKeys(members_pb2.ListKeysRequest())
    assert next(each for each in listed.keys if each.key_id == key.key_id).HasField("revoke_time")


async def test_an_expired_key_takes_its_sub_keys_along(
    exchange: Exchange, member: Participant
) -> None:
    expire = exchange.clock.now_us() // 1_000_000 + 3_600
    secret = await exchange.create_key(
        member.member_id, ("KEYS", "TRADE_READ"), expire_time={"seconds": expire}
    )
    holder = Participant(member.member_id, secret, exchange)
    _, below = await sub_key(holder, "k", [READ])
    await get_member(below)
    await exchange.advance(HOUR_US)
    assert (await refused(get_member(below))).reason == "KEY_EXPIRED"


async def test_a_rotated_secret_works_beside_the_old_one_for_its_grace(
    exchange: Exchange, member: Participant
) -> None:
    holder = await bounded(exchange, member)
    request = members_pb2.RotateKeyRequest(request_id="r", grace=Duration(seconds=60))
    made, again = [await holder.members.RotateKey(request) for _ in range(2)]
    assert made.secret == again.secret
    assert made.secret.partition(".")[0] == made.key.key_id
    fresh = Participant(member.member_id, made.secret, exchange)
    await get_member(fresh)
    await get_member(holder)
    await exchange.advance(60_000_000)
    await get_member(fresh)
    assert (await refused(get_member(holder))).reason == "KEY_UNKNOWN"


async def test_strangers_keys_are_out_of_reach(exchange: Exchange, member: Participant) -> None:
    stranger = await exchange.create_member("stranger")
    key_id = member.secret.partition(".")[0]
    for method, request in (
        ("GetKey", members_pb2.GetKeyRequest(key_id=key_id)),
        ("UpdateKey", members_pb2.UpdateKeyRequest(request_id="u", key_id=key_id, label="mine")),
        ("RotateKey", members_pb2.RotateKeyRequest(request_id="o", key_id=key_id)),
        ("RevokeKey", members_pb2.RevokeKeyRequest(request_id="v", key_id=key_id)),
    ):
        refusal = await refused(getattr(stranger.members, method)(request))
        assert refusal.reason == "KEY_NOT_FOUND", method
    parent = members_pb2.CreateKeyRequest(request_id="p", scopes=[CONSUME], parent_key_id=key_id)
    assert (await refused(stranger.members.CreateKey(parent))).reason == "KEY_NOT_FOUND"


async def test_notices_come_by_the_private_stream_and_in_pages(
    exchange: Exchange, member: Participant
) -> None:
    stream = member.accounts.StreamAccount(accounts_pb2.StreamAccountRequest())
    await stream.read()
    settings = members_pb2.UpdateSettingsRequest(
        request_id="s",
        auto_buy_day_ceiling_micros=7,
        notices=members_pb2.NoticeSettings(cash_micros=5_000_000, lot_lead={"seconds": 600}),
    )
    told = (await member.members.UpdateSettings(settings)).settings
    assert (told.auto_buy_day_ceiling_micros, told.notices.lot_lead.seconds) == (7, 600)
    for number in range(3):
        placed = await exchange.place(
            member, side="buy", quantity_units=1, price_micros=1_000, client_order_id=f"c{number}"
        )
        await member.trading.CancelOrder(
            trading_pb2.CancelOrderRequest(
                request_id=f"x{number}",
                order=trading_pb2.OrderRef(order_id=placed.order.order_id),
            )
        )
    seen: list[str] = []
    while len(seen) < 3:
        frame = await asyncio.wait_for(stream.read(), 5)
        seen += [event.notice.notice_id for event in frame.events if event.HasField("notice")]
    listed: list[notices_pb2.Notice] = []
    token = ""
    for _ in range(3):
        page = await member.notices.ListNotices(
            notices_pb2.ListNoticesRequest(page_size=1, page_token=token)
        )
        listed += page.notices
        token = page.next_page_token
    assert token == ""
    assert [each.notice_id for each in listed] == seen[::-1]
    assert listed[0].kind == notices_pb2.NOTICE_KIND_LOW_CASH
    assert (listed[0].limit, listed[0].value) == (5_000_000, 4_999_000)
    other = notices_pb2.ListNoticesRequest(kind=notices_pb2.NOTICE_KIND_LOT_EXPIRING)
    assert not (await member.notices.ListNotices(other)).notices


async def test_a_negative_lead_is_refused_by_name(member: Participant) -> None:
    request = members_pb2.UpdateSettingsRequest(
        request_id="s", notices=members_pb2.NoticeSettings(key_lead={"seconds": -5})
    )
    refusal = await refused(member.members.UpdateSettings(request))
    assert (refusal.reason, refusal.metadata["field"]) == ("INVALID_ARGUMENT", "notice_key_lead_us")
