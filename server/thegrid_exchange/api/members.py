"""MemberService: a member's own settings and keys.

Secrets are made here, shown once, and go on as keyed hashes alone.
"""

import hashlib
from typing import Any

from thegrid.v1 import members_pb2, members_pb2_grpc
from thegrid_exchange.api.auth import Caller
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import micros_of
from thegrid_exchange.api.convert.members import (
    ACCOUNT_MODES,
    SCOPES,
    key_message,
    member_message,
    settings_message,
)
from thegrid_exchange.api.convert.trading import PREVENTIONS
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.engine.commands import CreateKey, RevokeKey, UpdateSettings


class MemberServicer(Handler, members_pb2_grpc.MemberServiceServicer):
    """Settings and keys."""

    async def GetMember(  # noqa: N802
        self, request: members_pb2.GetMemberRequest, context: Any
    ) -> members_pb2.GetMemberResponse:
        await self.reach(request)
        asking = caller()
        member_id = _whose(asking, request.member_id)
        member = self.services.live.state.members.get(member_id)
        if member is None:
            raise _no_member(member_id)
        return members_pb2.GetMemberResponse(
            member=member_message(member),
            scopes=[SCOPES.wire(scope) for scope in sorted(asking.scopes)],
        )

    async def UpdateSettings(  # noqa: N802
        self, request: members_pb2.UpdateSettingsRequest, context: Any
    ) -> members_pb2.UpdateSettingsResponse:
        command = UpdateSettings(
            member_id=_whose(caller(), request.member_id),
            account_mode=_given(request, "account_mode", ACCOUNT_MODES.to_word),
            auto_buy_ceiling_micros=_given(request, "auto_buy_ceiling_micros"),
            auto_buy_units=_given(request, "auto_buy_units"),
            auto_transfer=_given(request, "auto_transfer"),
            self_trade_prevention=_given(request, "self_trade_prevention", PREVENTIONS.to_word),
        )
        answer = await self.ask(command, request.request_id)
        return members_pb2.UpdateSettingsResponse(
            settings=settings_message(answer.reply.member), position=self.position(answer.seq)
        )

    async def CreateKey(  # noqa: N802
        self, request: members_pb2.CreateKeyRequest, context: Any
    ) -> members_pb2.CreateKeyResponse:
        asking = caller()
        scopes = tuple(dict.fromkeys(SCOPES.word(number) for number in request.scopes))
        if not asking.may("admin"):
            for scope in scopes:
                asking.require(scope)
        made = self.services.vault.new_key()
        command = CreateKey(
            member_id=_whose(asking, request.member_id),
            key_id=made.key_id,
            key_hash=made.key_hash,
            label=request.label,
            scopes=scopes,
            expires_at_us=micros_of(request, "expire_time"),
            requests_per_second=request.limits.requests_per_second,
            concurrent_deliveries=request.limits.concurrent_deliveries,
            key_prefix=made.key_id[:12],
        )
        answer = await self.ask(command, request.request_id, _body_hash(command))
        key = answer.reply.key
        if not answer.repeated:
            self.services.new_secrets.keep(made.key_id, made.secret)
        return members_pb2.CreateKeyResponse(
            key=key_message(key),
            secret=self.services.new_secrets.find(key.key_id),
            position=self.position(answer.seq),
        )

    async def RevokeKey(  # noqa: N802
        self, request: members_pb2.RevokeKeyRequest, context: Any
    ) -> members_pb2.RevokeKeyResponse:
        asking = caller()
        member_id = asking.member_id
        known = self.services.live.state.keys.get(request.key_id)
        if known is not None and asking.may("admin"):
            member_id = known.member_id
        answer = await self.ask(RevokeKey(member_id, request.key_id), request.request_id)
        return members_pb2.RevokeKeyResponse(
            key=key_message(answer.reply.key), position=self.position(answer.seq)
        )

    async def ListKeys(  # noqa: N802
        self, request: members_pb2.ListKeysRequest, context: Any
    ) -> members_pb2.ListKeysResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        page = page_of(vault, request, member_id)
        members = self.services.live.members
        before = page.number(members.key_count(member_id))
        keys = members.keys(member_id, before, page.limit)
        cursors = range(before - 1, before - 1 - len(keys), -1)
        shown, token = cut(vault, page, keys, cursors)
        return members_pb2.ListKeysResponse(
            keys=[key_message(key) for key in shown], next_page_token=token
        )


def _whose(asking: Caller, member_id: str) -> str:
    """The member meant: the caller, or with the scope `admin` anyone."""
    if not member_id or member_id == asking.member_id:
        return asking.member_id
    if not asking.may("admin"):
        raise _no_member(member_id)
    return member_id


def _no_member(member_id: str) -> Exception:
    return refused(
        "MEMBER_NOT_FOUND", "member_id", f"there is no member {member_id[:64]!r} that you may see"
    )


def _given(request: Any, name: str, words: dict[int, str] | None = None) -> Any:
    """An optional field, or None to keep what is there."""
    if not request.HasField(name):
        return None
    value = getattr(request, name)
    return value if words is None else words[value]


def _body_hash(command: CreateKey) -> bytes:
    """The hash of what was asked for: a repeat brings another secret, but is no other request."""
    asked = command._replace(key_id="", key_hash="", key_prefix="")
    return hashlib.sha256(repr(asked).encode()).digest()[:16]
