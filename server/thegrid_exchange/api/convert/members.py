"""Members, their settings and their keys.

Secrets never come here.
"""

from typing import Final

from thegrid.v1 import members_pb2
from thegrid_exchange.api.convert.common import Names, optional_time, span_of, time_of
from thegrid_exchange.api.convert.trading import PREVENTIONS
from thegrid_exchange.engine.quantities import next_day_us, next_month_us
from thegrid_exchange.engine.records import Key, Member, Spend

SCOPES: Final = Names(
    members_pb2.Scope,
    "SCOPE",
    {
        "trade:read": "TRADE_READ",
        "trade:write": "TRADE_WRITE",
        "consume": "CONSUME",
        "supply": "SUPPLY",
        "gateway": "GATEWAY",
        "admin": "ADMIN",
        "keys": "KEYS",
    },
)
ROLES: Final = Names(members_pb2.Role, "ROLE", ("trader", "consumer", "supplier", "operator"))
ACCOUNT_MODES: Final = Names(members_pb2.AccountMode, "ACCOUNT_MODE", ("auto", "advanced"))


def settings_message(member: Member, spend: Spend) -> members_pb2.MemberSettings:
    """What a member chose; `spend` is that of its auto mode as it counts now."""
    return members_pb2.MemberSettings(
        account_mode=ACCOUNT_MODES.wire(member.account_mode),
        auto_buy_ceiling_micros=member.auto_buy_ceiling_micros,
        auto_transfer=member.auto_transfer,
        auto_buy_units=member.auto_buy_units,
        self_trade_prevention=PREVENTIONS.wire(member.self_trade_prevention),
        auto_buy_day_ceiling_micros=member.auto_buy_day_ceiling_micros,
        auto_buy_threshold_tokens=member.auto_buy_threshold_tokens,
        auto_buy_day_micros=spend.day_micros,
        notices=members_pb2.NoticeSettings(
            cash_micros=member.notice_cash_micros,
            tokens=member.notice_tokens,
            lot_lead=span_of(member.notice_lot_lead_us),
            key_lead=span_of(member.notice_key_lead_us),
        ),
    )


def member_message(member: Member, spend: Spend) -> members_pb2.Member:
    """A participant; `spend` is that of its auto mode as it counts now."""
    return members_pb2.Member(
        member_id=member.member_id,
        handle=member.handle,
        affiliation_group=member.affiliation_group,
        suspended=member.suspended,
        settings=settings_message(member, spend),
        create_time=time_of(member.created_at_us),
        roles=[ROLES.wire(role) for role in member.roles],
        prevention_group=member.prevention_group,
        fee_tier=member.fee_tier,
    )


def key_message(key: Key, spend: Spend, now_us: int) -> members_pb2.Key:
    """A credential without its secret; `spend` is its own as it counts now."""
    return members_pb2.Key(
        key_id=key.key_id,
        member_id=key.member_id,
        label=key.label,
        scopes=[SCOPES.wire(scope) for scope in key.scopes],
        expire_time=optional_time(key.expires_at_us),
        revoke_time=optional_time(key.revoked_at_us),
        create_time=time_of(key.created_at_us),
        limits=members_pb2.KeyLimits(
            requests_per_second=key.requests_per_second,
            concurrent_deliveries=key.concurrent_deliveries,
            requests_per_minute=key.limits.requests_per_minute,
            tokens_per_minute=key.limits.tokens_per_minute,
            spend_per_day_micros=key.limits.spend_per_day_micros,
            spend_per_month_micros=key.limits.spend_per_month_micros,
            instruments=key.limits.instrument_ids,
        ),
        parent_key_id=key.parent_id,
        usage=members_pb2.KeyUsage(
            day_micros=spend.day_micros,
            day_tokens=spend.day_tokens,
            month_micros=spend.month_micros,
            month_tokens=spend.month_tokens,
            total_micros=spend.total_micros,
            total_tokens=spend.total_tokens,
            calls=spend.calls,
            held_micros=spend.held_micros,
            day_reset_time=time_of(next_day_us(now_us)),
            month_reset_time=time_of(next_month_us(now_us)),
        ),
        previous_secret_expire_time=optional_time(key.previous_until_us),
    )
