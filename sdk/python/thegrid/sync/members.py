# Made by `make proto` from thegrid/aio/members.py; edit that file instead.
"""The caller's own membership: settings and keys.
What only the operator may do is in `admin`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from google.protobuf.duration_pb2 import Duration

from thegrid.enums import enum_number
from thegrid.sync.transport import Transport
from thegrid.times import timestamp
from thegrid.v1 import common_pb2, members_pb2, trading_pb2


class Members:
    """`member_id` may name another member where the key has the scope `admin`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(
        self, member_id: str = "", *, min_position: common_pb2.Position | None = None
    ) -> members_pb2.GetMemberResponse:
        """Return the member, and the scopes of the key that asks."""
        request = members_pb2.GetMemberRequest(member_id=member_id, min_position=min_position)
        return self._transport.call(request, members_pb2.GetMemberResponse)

    def update_settings(
        self,
        *,
        account_mode: int | str | None = None,
        auto_buy_ceiling_micros: int | None = None,
        auto_buy_units: int | None = None,
        self_trade_prevention: int | str | None = None,
        auto_transfer: bool | None = None,
        auto_buy_day_ceiling_micros: int | None = None,
        auto_buy_threshold_tokens: int | None = None,
        notices: members_pb2.NoticeSettings | None = None,
        member_id: str = "",
        request_id: str = "",
    ) -> members_pb2.MemberSettings:
        """Change what is given and keep the rest; the mode is `auto` or `advanced`.

        `notices` are given all at once: what it leaves out is turned off.
        """
        given: dict[str, Any] = {
            "auto_buy_ceiling_micros": auto_buy_ceiling_micros,
            "auto_buy_units": auto_buy_units,
            "auto_buy_day_ceiling_micros": auto_buy_day_ceiling_micros,
            "auto_buy_threshold_tokens": auto_buy_threshold_tokens,
            "notices": notices,
        }
        for name, wrapper, value in (
            ("account_mode", members_pb2.AccountMode, account_mode),
            ("self_trade_prevention", trading_pb2.SelfTradePrevention, self_trade_prevention),
        ):
            given[name] = None if value is None else enum_number(wrapper, value, name)
        request = members_pb2.UpdateSettingsRequest(
            request_id=request_id, member_id=member_id, **given
        )
        if auto_transfer is not None:
            request.auto_transfer = auto_transfer
        response = self._transport.call(request, members_pb2.UpdateSettingsResponse)
        return response.settings

    def create_key(
        self,
        scopes: Iterable[int | str],
        label: str = "",
        *,
        expire_time: datetime | None = None,
        limits: members_pb2.KeyLimits | None = None,
        parent_key_id: str = "",
        member_id: str = "",
        request_id: str = "",
    ) -> members_pb2.CreateKeyResponse:
        """Make a key; its `secret` is shown this once.

        With `parent_key_id` it stands below that key, shares its limits and ends with it; what a
        bounded key makes stands below itself.
        """
        request = members_pb2.CreateKeyRequest(
            request_id=request_id,
            label=label,
            scopes=[enum_number(members_pb2.Scope, scope, "scopes") for scope in scopes],  # type: ignore[misc]
            expire_time=timestamp(expire_time),
            limits=limits,
            parent_key_id=parent_key_id,
            member_id=member_id,
        )
        return self._transport.call(request, members_pb2.CreateKeyResponse)

    def update_key(
        self,
        key_id: str,
        *,
        label: str | None = None,
        limits: members_pb2.KeyLimits | None = None,
        request_id: str = "",
    ) -> members_pb2.Key:
        """Change a key's label, or its limits, which are given all at once."""
        request = members_pb2.UpdateKeyRequest(
            request_id=request_id, key_id=key_id, label=label, limits=limits
        )
        response = self._transport.call(request, members_pb2.UpdateKeyResponse)
        return response.key

    def rotate_key(
        self, key_id: str = "", *, grace_s: int = 0, request_id: str = ""
    ) -> members_pb2.RotateKeyResponse:
        """Give a key, or that of this client, another `secret`, shown this once.

        The secret before works for `grace_s` seconds more.
        """
        request = members_pb2.RotateKeyRequest(
            request_id=request_id, key_id=key_id, grace=Duration(seconds=grace_s)
        )
        return self._transport.call(request, members_pb2.RotateKeyResponse)

    def key(
        self, key_id: str = "", *, min_position: common_pb2.Position | None = None
    ) -> members_pb2.Key:
        """Return a key, or that of this client, with its limits and what it has used."""
        request = members_pb2.GetKeyRequest(key_id=key_id, min_position=min_position)
        response = self._transport.call(request, members_pb2.GetKeyResponse)
        return response.key

    def revoke_key(self, key_id: str, *, request_id: str = "") -> members_pb2.Key:
        """End a key and all below it; what they have open ends within a second."""
        request = members_pb2.RevokeKeyRequest(request_id=request_id, key_id=key_id)
        response = self._transport.call(request, members_pb2.RevokeKeyResponse)
        return response.key

    def keys(
        self, *, page_size: int = 0, min_position: common_pb2.Position | None = None
    ) -> Iterator[members_pb2.Key]:
        """Iterate over the caller's keys, newest first, without secrets."""
        request = members_pb2.ListKeysRequest(page_size=page_size, min_position=min_position)
        return self._transport.pages(request, members_pb2.ListKeysResponse, lambda page: page.keys)
