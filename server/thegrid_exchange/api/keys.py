"""The keys of MemberService: making, changing, rotating, revoking and showing them.

Secrets are made here, shown once, and go on as keyed hashes alone.
"""

import hashlib
from typing import Any

from thegrid.v1 import members_pb2
from thegrid_exchange.api.auth import Caller
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import micros_of, optional_of, span_micros_of
from thegrid_exchange.api.convert.members import SCOPES
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.engine.commands import CreateKey, RevokeKey, RotateKey, UpdateKey
from thegrid_exchange.engine.records import Key, KeyLimits


class KeysMixin(Handler):
    """The part of MemberService that is about keys."""

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
            member_id=whose(asking, request.member_id),
            key_id=made.key_id,
            key_hash=made.key_hash,
            label=request.label,
            scopes=scopes,
            expires_at_us=micros_of(request, "expire_time"),
            requests_per_second=request.limits.requests_per_second,
            concurrent_deliveries=request.limits.concurrent_deliveries,
            key_prefix=made.key_id[:12],
            limits=self._limits(request.limits),
            parent_id=request.parent_key_id,
            by_key_id=_acting(asking),
        )
        asked = command._replace(key_id="", key_hash="", key_prefix="")
        answer = await self.ask(command, request.request_id, hash_of(asked))
        key = answer.reply.key
        if not answer.repeated:
            self.services.new_secrets.keep(made.key_hash, made.secret)
        return members_pb2.CreateKeyResponse(
            key=self.key_shown(key),
            secret=self.services.new_secrets.find(key.key_hash),
            position=self.position(answer.seq),
        )

    async def UpdateKey(  # noqa: N802
        self, request: members_pb2.UpdateKeyRequest, context: Any
    ) -> members_pb2.UpdateKeyResponse:
        asking = caller()
        command = UpdateKey(
            member_id=self._owner_id(asking, request.key_id),
            key_id=request.key_id,
            label=optional_of(request, "label"),
            by_key_id=_acting(asking),
        )
        if request.HasField("limits"):
            command = command._replace(
                limits=self._limits(request.limits),
                requests_per_second=request.limits.requests_per_second,
                concurrent_deliveries=request.limits.concurrent_deliveries,
            )
        answer = await self.ask(command, request.request_id)
        return members_pb2.UpdateKeyResponse(
            key=self.key_shown(answer.reply.key), position=self.position(answer.seq)
        )

    async def RotateKey(  # noqa: N802
        self, request: members_pb2.RotateKeyRequest, context: Any
    ) -> members_pb2.RotateKeyResponse:
        asking, vault = caller(), self.services.vault
        key_id = request.key_id or asking.key_id
        made = vault.new_secret(key_id)
        command = RotateKey(
            member_id=self._owner_id(asking, key_id),
            key_id=key_id,
            key_hash=made.key_hash,
            grace_us=span_micros_of(request, "grace"),
            by_key_id=_acting(asking),
        )
        asked = command._replace(key_hash="")
        answer = await self.ask(command, request.request_id, hash_of(asked))
        key = answer.reply.key
        if not answer.repeated:
            self.services.new_secrets.keep(made.key_hash, made.secret)
        return members_pb2.RotateKeyResponse(
            key=self.key_shown(key),
            secret=self.services.new_secrets.find(key.key_hash),
            position=self.position(answer.seq),
        )

    async def RevokeKey(  # noqa: N802
        self, request: members_pb2.RevokeKeyRequest, context: Any
    ) -> members_pb2.RevokeKeyResponse:
        asking = caller()
        member_id = self._owner_id(asking, request.key_id)
        command = RevokeKey(member_id, request.key_id, _acting(asking))
        answer = await self.ask(command, request.request_id)
        return members_pb2.RevokeKeyResponse(
            key=self.key_shown(answer.reply.key), position=self.position(answer.seq)
        )

    async def GetKey(  # noqa: N802
        self, request: members_pb2.GetKeyRequest, context: Any
    ) -> members_pb2.GetKeyResponse:
        await self.reach(request)
        asking = caller()
        key = self._key(asking, request.key_id or asking.key_id)
        if key is None:
            raise refused("KEY_NOT_FOUND", "key_id", "you have no such key")
        return members_pb2.GetKeyResponse(key=self.key_shown(key))

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
            keys=[self.key_shown(key) for key in shown], next_page_token=token
        )

    def _key(self, asking: Caller, key_id: str) -> Key | None:
        """A key that the caller may see: its member's, or with the scope `admin` any."""
        key = self.services.live.state.keys.get(key_id)
        is_seen = key is not None and (key.member_id == asking.member_id or asking.may("admin"))
        return key if is_seen else None

    def _owner_id(self, asking: Caller, key_id: str) -> str:
        key = self._key(asking, key_id)
        return asking.member_id if key is None else key.member_id

    def _limits(self, limits: members_pb2.KeyLimits) -> KeyLimits:
        names = dict.fromkeys(limits.instruments)
        return KeyLimits(
            requests_per_minute=limits.requests_per_minute,
            tokens_per_minute=limits.tokens_per_minute,
            spend_per_day_micros=limits.spend_per_day_micros,
            spend_per_month_micros=limits.spend_per_month_micros,
            instrument_ids=tuple(
                self.instrument(name, "limits.instruments").instrument_id for name in names
            ),
        )


def whose(asking: Caller, member_id: str) -> str:
    """The member meant: the caller, or with the scope `admin` anyone."""
    if not member_id or member_id == asking.member_id:
        return asking.member_id
    if not asking.may("admin"):
        raise no_member(member_id)
    return member_id


def no_member(member_id: str) -> Exception:
    """The refusal of a member that is not there, or not the caller's business."""
    return refused(
        "MEMBER_NOT_FOUND", "member_id", f"there is no member {member_id[:64]!r} that you may see"
    )


def _acting(asking: Caller) -> str:
    """The key whose reach bounds the command; empty for an operator's."""
    return "" if asking.may("admin") else asking.key_id


def hash_of(asked: object) -> bytes:
    """The hash of what was asked for: a repeat brings another id or secret, but is no other."""
    return hashlib.sha256(repr(asked).encode()).digest()[:16]
