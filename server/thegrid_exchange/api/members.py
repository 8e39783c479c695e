"""MemberService: a member's own settings.

Its keys are in `keys`.
"""

from typing import Any

from thegrid.v1 import members_pb2, members_pb2_grpc
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import span_micros_of
from thegrid_exchange.api.convert.members import ACCOUNT_MODES, SCOPES, settings_message
from thegrid_exchange.api.convert.trading import PREVENTIONS
from thegrid_exchange.api.keys import KeysMixin, no_member, whose
from thegrid_exchange.engine.commands import UpdateSettings


class MemberServicer(KeysMixin, members_pb2_grpc.MemberServiceServicer):
    """Settings, and with `KeysMixin` keys."""

    async def GetMember(  # noqa: N802
        self, request: members_pb2.GetMemberRequest, context: Any
    ) -> members_pb2.GetMemberResponse:
        await self.reach(request)
        asking = caller()
        member_id = whose(asking, request.member_id)
        member = self.services.live.state.members.get(member_id)
        if member is None:
            raise no_member(member_id)
        return members_pb2.GetMemberResponse(
            member=self.member_shown(member),
            scopes=[SCOPES.wire(scope) for scope in sorted(asking.scopes)],
        )

    async def UpdateSettings(  # noqa: N802
        self, request: members_pb2.UpdateSettingsRequest, context: Any
    ) -> members_pb2.UpdateSettingsResponse:
        command = UpdateSettings(
            member_id=whose(caller(), request.member_id),
            account_mode=_given(request, "account_mode", ACCOUNT_MODES.to_word),
            auto_buy_ceiling_micros=_given(request, "auto_buy_ceiling_micros"),
            auto_buy_units=_given(request, "auto_buy_units"),
            auto_transfer=_given(request, "auto_transfer"),
            self_trade_prevention=_given(request, "self_trade_prevention", PREVENTIONS.to_word),
            auto_buy_day_ceiling_micros=_given(request, "auto_buy_day_ceiling_micros"),
            auto_buy_threshold_tokens=_given(request, "auto_buy_threshold_tokens"),
        )
        if request.HasField("notices"):
            command = _with_notices(command, request.notices)
        answer = await self.ask(command, request.request_id)
        member = answer.reply.member
        return members_pb2.UpdateSettingsResponse(
            settings=settings_message(member, self.spend(member.member_id)),
            position=self.position(answer.seq),
        )


def _given(request: Any, name: str, words: dict[int, str] | None = None) -> Any:
    """An optional field, or None to keep what is there."""
    if not request.HasField(name):
        return None
    value = getattr(request, name)
    return value if words is None else words[value]


def _with_notices(command: UpdateSettings, wanted: members_pb2.NoticeSettings) -> UpdateSettings:
    """The command with the settings of notices, all of them."""
    return command._replace(
        notice_cash_micros=wanted.cash_micros,
        notice_tokens=wanted.tokens,
        notice_lot_lead_us=span_micros_of(wanted, "lot_lead"),
        notice_key_lead_us=span_micros_of(wanted, "key_lead"),
    )
