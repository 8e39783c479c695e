"""Members, their settings and their keys.

Secrets never come here.
"""

from typing import Final

from thegrid.v1 import members_pb2
from thegrid_exchange.api.convert.common import Names, optional_time, time_of
from thegrid_exchange.api.convert.trading import PREVENTIONS
from thegrid_exchange.engine.records import Key, Member

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
    },
)
ROLES: Final = Names(members_pb2.Role, "ROLE", ("trader", "consumer", "supplier", "operator"))
ACCOUNT_MODES: Final = Names(members_pb2.AccountMode, "ACCOUNT_MODE", ("auto", "advanced"))


def settings_message(member: Member) -> members_pb2.MemberSettings:
    """What a member chose."""
    return members_pb2.MemberSettings(
        account_mode=ACCOUNT_MODES.wire(member.account_mode),
        auto_buy_ceiling_micros=member.auto_buy_ceiling_micros,
        auto_transfer=member.auto_transfer,
        auto_buy_units=member.auto_buy_units,
        self_trade_prevention=PREVENTIONS.wire(member.self_trade_prevention),
    )


def member_message(member: Member) -> members_pb2.Member:
    """A participant."""
    return members_pb2.Member(
        member_id=member.member_id,
        handle=member.handle,
        affiliation_group=member.affiliation_group,
        suspended=member.suspended,
        settings=settings_message(member),
        create_time=time_of(member.created_at_us),
        roles=[ROLES.wire(role) for role in member.roles],
        prevention_group=member.prevention_group,
        fee_tier=member.fee_tier,
    )


def key_message(key: Key) -> members_pb2.Key:
    """A credential without its secret."""
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
        ),
    )
