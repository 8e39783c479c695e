import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from thegrid.v1 import common_pb2 as _common_pb2
from thegrid.v1 import trading_pb2 as _trading_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AccountMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCOUNT_MODE_UNSPECIFIED: _ClassVar[AccountMode]
    ACCOUNT_MODE_AUTO: _ClassVar[AccountMode]
    ACCOUNT_MODE_ADVANCED: _ClassVar[AccountMode]

class Scope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCOPE_UNSPECIFIED: _ClassVar[Scope]
    SCOPE_TRADE_READ: _ClassVar[Scope]
    SCOPE_TRADE_WRITE: _ClassVar[Scope]
    SCOPE_CONSUME: _ClassVar[Scope]
    SCOPE_SUPPLY: _ClassVar[Scope]
    SCOPE_GATEWAY: _ClassVar[Scope]
    SCOPE_ADMIN: _ClassVar[Scope]
    SCOPE_KEYS: _ClassVar[Scope]

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_TRADER: _ClassVar[Role]
    ROLE_CONSUMER: _ClassVar[Role]
    ROLE_SUPPLIER: _ClassVar[Role]
    ROLE_OPERATOR: _ClassVar[Role]
ACCOUNT_MODE_UNSPECIFIED: AccountMode
ACCOUNT_MODE_AUTO: AccountMode
ACCOUNT_MODE_ADVANCED: AccountMode
SCOPE_UNSPECIFIED: Scope
SCOPE_TRADE_READ: Scope
SCOPE_TRADE_WRITE: Scope
SCOPE_CONSUME: Scope
SCOPE_SUPPLY: Scope
SCOPE_GATEWAY: Scope
SCOPE_ADMIN: Scope
SCOPE_KEYS: Scope
ROLE_UNSPECIFIED: Role
ROLE_TRADER: Role
ROLE_CONSUMER: Role
ROLE_SUPPLIER: Role
ROLE_OPERATOR: Role

class Member(_message.Message):
    __slots__ = ("member_id", "handle", "affiliation_group", "suspended", "settings", "create_time", "roles", "prevention_group", "fee_tier")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    AFFILIATION_GROUP_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    PREVENTION_GROUP_FIELD_NUMBER: _ClassVar[int]
    FEE_TIER_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    handle: str
    affiliation_group: str
    suspended: bool
    settings: MemberSettings
    create_time: _timestamp_pb2.Timestamp
    roles: _containers.RepeatedScalarFieldContainer[Role]
    prevention_group: str
    fee_tier: str
    def __init__(self, member_id: _Optional[str] = ..., handle: _Optional[str] = ..., affiliation_group: _Optional[str] = ..., suspended: bool = ..., settings: _Optional[_Union[MemberSettings, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., roles: _Optional[_Iterable[_Union[Role, str]]] = ..., prevention_group: _Optional[str] = ..., fee_tier: _Optional[str] = ...) -> None: ...

class MemberSettings(_message.Message):
    __slots__ = ("account_mode", "auto_buy_ceiling_micros", "auto_transfer", "auto_buy_units", "self_trade_prevention", "auto_buy_day_ceiling_micros", "auto_buy_threshold_tokens", "auto_buy_day_micros", "notices")
    ACCOUNT_MODE_FIELD_NUMBER: _ClassVar[int]
    AUTO_BUY_CEILING_MICROS_FIELD_NUMBER: _ClassVar[int]
    AUTO_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    AUTO_BUY_UNITS_FIELD_NUMBER: _ClassVar[int]
    SELF_TRADE_PREVENTION_FIELD_NUMBER: _ClassVar[int]
    AUTO_BUY_DAY_CEILING_MICROS_FIELD_NUMBER: _ClassVar[int]
    AUTO_BUY_THRESHOLD_TOKENS_FIELD_NUMBER: _ClassVar[int]
    AUTO_BUY_DAY_MICROS_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    account_mode: AccountMode
    auto_buy_ceiling_micros: int
    auto_transfer: bool
    auto_buy_units: int
    self_trade_prevention: _trading_pb2.SelfTradePrevention
    auto_buy_day_ceiling_micros: int
    auto_buy_threshold_tokens: int
    auto_buy_day_micros: int
    notices: NoticeSettings
    def __init__(self, account_mode: _Optional[_Union[AccountMode, str]] = ..., auto_buy_ceiling_micros: _Optional[int] = ..., auto_transfer: bool = ..., auto_buy_units: _Optional[int] = ..., self_trade_prevention: _Optional[_Union[_trading_pb2.SelfTradePrevention, str]] = ..., auto_buy_day_ceiling_micros: _Optional[int] = ..., auto_buy_threshold_tokens: _Optional[int] = ..., auto_buy_day_micros: _Optional[int] = ..., notices: _Optional[_Union[NoticeSettings, _Mapping]] = ...) -> None: ...

class NoticeSettings(_message.Message):
    __slots__ = ("cash_micros", "tokens", "lot_lead", "key_lead")
    CASH_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    LOT_LEAD_FIELD_NUMBER: _ClassVar[int]
    KEY_LEAD_FIELD_NUMBER: _ClassVar[int]
    cash_micros: int
    tokens: int
    lot_lead: _duration_pb2.Duration
    key_lead: _duration_pb2.Duration
    def __init__(self, cash_micros: _Optional[int] = ..., tokens: _Optional[int] = ..., lot_lead: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., key_lead: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GetMemberRequest(_message.Message):
    __slots__ = ("member_id", "min_position")
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    member_id: str
    min_position: _common_pb2.Position
    def __init__(self, member_id: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetMemberResponse(_message.Message):
    __slots__ = ("member", "scopes")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    member: Member
    scopes: _containers.RepeatedScalarFieldContainer[Scope]
    def __init__(self, member: _Optional[_Union[Member, _Mapping]] = ..., scopes: _Optional[_Iterable[_Union[Scope, str]]] = ...) -> None: ...

class UpdateSettingsRequest(_message.Message):
    __slots__ = ("request_id", "account_mode", "auto_buy_ceiling_micros", "auto_transfer", "member_id", "auto_buy_units", "self_trade_prevention", "auto_buy_day_ceiling_micros", "auto_buy_threshold_tokens", "notices")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_MODE_FIELD_NUMBER: _ClassVar[int]
    AUTO_BUY_CEILING_MICROS_FIELD_NUMBER: _ClassVar[int]
    AUTO_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    AUTO_BUY_UNITS_FIELD_NUMBER: _ClassVar[int]
    SELF_TRADE_PREVENTION_FIELD_NUMBER: _ClassVar[int]
    AUTO_BUY_DAY_CEILING_MICROS_FIELD_NUMBER: _ClassVar[int]
    AUTO_BUY_THRESHOLD_TOKENS_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    account_mode: AccountMode
    auto_buy_ceiling_micros: int
    auto_transfer: bool
    member_id: str
    auto_buy_units: int
    self_trade_prevention: _trading_pb2.SelfTradePrevention
    auto_buy_day_ceiling_micros: int
    auto_buy_threshold_tokens: int
    notices: NoticeSettings
    def __init__(self, request_id: _Optional[str] = ..., account_mode: _Optional[_Union[AccountMode, str]] = ..., auto_buy_ceiling_micros: _Optional[int] = ..., auto_transfer: bool = ..., member_id: _Optional[str] = ..., auto_buy_units: _Optional[int] = ..., self_trade_prevention: _Optional[_Union[_trading_pb2.SelfTradePrevention, str]] = ..., auto_buy_day_ceiling_micros: _Optional[int] = ..., auto_buy_threshold_tokens: _Optional[int] = ..., notices: _Optional[_Union[NoticeSettings, _Mapping]] = ...) -> None: ...

class UpdateSettingsResponse(_message.Message):
    __slots__ = ("settings", "position")
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    settings: MemberSettings
    position: _common_pb2.Position
    def __init__(self, settings: _Optional[_Union[MemberSettings, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class Key(_message.Message):
    __slots__ = ("key_id", "member_id", "label", "scopes", "expire_time", "revoke_time", "create_time", "limits", "parent_key_id", "usage", "previous_secret_expire_time")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVOKE_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    PARENT_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SECRET_EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    member_id: str
    label: str
    scopes: _containers.RepeatedScalarFieldContainer[Scope]
    expire_time: _timestamp_pb2.Timestamp
    revoke_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    limits: KeyLimits
    parent_key_id: str
    usage: KeyUsage
    previous_secret_expire_time: _timestamp_pb2.Timestamp
    def __init__(self, key_id: _Optional[str] = ..., member_id: _Optional[str] = ..., label: _Optional[str] = ..., scopes: _Optional[_Iterable[_Union[Scope, str]]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoke_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., limits: _Optional[_Union[KeyLimits, _Mapping]] = ..., parent_key_id: _Optional[str] = ..., usage: _Optional[_Union[KeyUsage, _Mapping]] = ..., previous_secret_expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class KeyUsage(_message.Message):
    __slots__ = ("day_micros", "day_tokens", "month_micros", "month_tokens", "total_micros", "total_tokens", "calls", "held_micros", "day_reset_time", "month_reset_time")
    DAY_MICROS_FIELD_NUMBER: _ClassVar[int]
    DAY_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MONTH_MICROS_FIELD_NUMBER: _ClassVar[int]
    MONTH_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    HELD_MICROS_FIELD_NUMBER: _ClassVar[int]
    DAY_RESET_TIME_FIELD_NUMBER: _ClassVar[int]
    MONTH_RESET_TIME_FIELD_NUMBER: _ClassVar[int]
    day_micros: int
    day_tokens: int
    month_micros: int
    month_tokens: int
    total_micros: int
    total_tokens: int
    calls: int
    held_micros: int
    day_reset_time: _timestamp_pb2.Timestamp
    month_reset_time: _timestamp_pb2.Timestamp
    def __init__(self, day_micros: _Optional[int] = ..., day_tokens: _Optional[int] = ..., month_micros: _Optional[int] = ..., month_tokens: _Optional[int] = ..., total_micros: _Optional[int] = ..., total_tokens: _Optional[int] = ..., calls: _Optional[int] = ..., held_micros: _Optional[int] = ..., day_reset_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., month_reset_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class KeyLimits(_message.Message):
    __slots__ = ("requests_per_second", "concurrent_deliveries", "requests_per_minute", "tokens_per_minute", "spend_per_day_micros", "spend_per_month_micros", "instruments")
    REQUESTS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    SPEND_PER_DAY_MICROS_FIELD_NUMBER: _ClassVar[int]
    SPEND_PER_MONTH_MICROS_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    requests_per_second: int
    concurrent_deliveries: int
    requests_per_minute: int
    tokens_per_minute: int
    spend_per_day_micros: int
    spend_per_month_micros: int
    instruments: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, requests_per_second: _Optional[int] = ..., concurrent_deliveries: _Optional[int] = ..., requests_per_minute: _Optional[int] = ..., tokens_per_minute: _Optional[int] = ..., spend_per_day_micros: _Optional[int] = ..., spend_per_month_micros: _Optional[int] = ..., instruments: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateKeyRequest(_message.Message):
    __slots__ = ("request_id", "label", "scopes", "expire_time", "member_id", "limits", "parent_key_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    PARENT_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    label: str
    scopes: _containers.RepeatedScalarFieldContainer[Scope]
    expire_time: _timestamp_pb2.Timestamp
    member_id: str
    limits: KeyLimits
    parent_key_id: str
    def __init__(self, request_id: _Optional[str] = ..., label: _Optional[str] = ..., scopes: _Optional[_Iterable[_Union[Scope, str]]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., member_id: _Optional[str] = ..., limits: _Optional[_Union[KeyLimits, _Mapping]] = ..., parent_key_id: _Optional[str] = ...) -> None: ...

class CreateKeyResponse(_message.Message):
    __slots__ = ("key", "secret", "position")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    key: Key
    secret: str
    position: _common_pb2.Position
    def __init__(self, key: _Optional[_Union[Key, _Mapping]] = ..., secret: _Optional[str] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class UpdateKeyRequest(_message.Message):
    __slots__ = ("request_id", "key_id", "label", "limits")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    key_id: str
    label: str
    limits: KeyLimits
    def __init__(self, request_id: _Optional[str] = ..., key_id: _Optional[str] = ..., label: _Optional[str] = ..., limits: _Optional[_Union[KeyLimits, _Mapping]] = ...) -> None: ...

class UpdateKeyResponse(_message.Message):
    __slots__ = ("key", "position")
    KEY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    key: Key
    position: _common_pb2.Position
    def __init__(self, key: _Optional[_Union[Key, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class RotateKeyRequest(_message.Message):
    __slots__ = ("request_id", "key_id", "grace")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    GRACE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    key_id: str
    grace: _duration_pb2.Duration
    def __init__(self, request_id: _Optional[str] = ..., key_id: _Optional[str] = ..., grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RotateKeyResponse(_message.Message):
    __slots__ = ("key", "secret", "position")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    key: Key
    secret: str
    position: _common_pb2.Position
    def __init__(self, key: _Optional[_Union[Key, _Mapping]] = ..., secret: _Optional[str] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetKeyRequest(_message.Message):
    __slots__ = ("key_id", "min_position")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    min_position: _common_pb2.Position
    def __init__(self, key_id: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetKeyResponse(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: Key
    def __init__(self, key: _Optional[_Union[Key, _Mapping]] = ...) -> None: ...

class RevokeKeyRequest(_message.Message):
    __slots__ = ("request_id", "key_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    key_id: str
    def __init__(self, request_id: _Optional[str] = ..., key_id: _Optional[str] = ...) -> None: ...

class RevokeKeyResponse(_message.Message):
    __slots__ = ("key", "position")
    KEY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    key: Key
    position: _common_pb2.Position
    def __init__(self, key: _Optional[_Union[Key, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListKeysRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListKeysResponse(_message.Message):
    __slots__ = ("keys", "next_page_token")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[Key]
    next_page_token: str
    def __init__(self, keys: _Optional[_Iterable[_Union[Key, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
