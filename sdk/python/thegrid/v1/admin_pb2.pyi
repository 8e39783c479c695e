import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from thegrid.v1 import common_pb2 as _common_pb2
from thegrid.v1 import instruments_pb2 as _instruments_pb2
from thegrid.v1 import market_data_pb2 as _market_data_pb2
from thegrid.v1 import members_pb2 as _members_pb2
from thegrid.v1 import usage_pb2 as _usage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FeeTierMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEE_TIER_MODE_UNSPECIFIED: _ClassVar[FeeTierMode]
    FEE_TIER_MODE_RATES: _ClassVar[FeeTierMode]
    FEE_TIER_MODE_DISCOUNT: _ClassVar[FeeTierMode]
FEE_TIER_MODE_UNSPECIFIED: FeeTierMode
FEE_TIER_MODE_RATES: FeeTierMode
FEE_TIER_MODE_DISCOUNT: FeeTierMode

class CreateMemberRequest(_message.Message):
    __slots__ = ("request_id", "handle", "affiliation_group", "roles", "prevention_group", "fee_tier")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    AFFILIATION_GROUP_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    PREVENTION_GROUP_FIELD_NUMBER: _ClassVar[int]
    FEE_TIER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    handle: str
    affiliation_group: str
    roles: _containers.RepeatedScalarFieldContainer[_members_pb2.Role]
    prevention_group: str
    fee_tier: str
    def __init__(self, request_id: _Optional[str] = ..., handle: _Optional[str] = ..., affiliation_group: _Optional[str] = ..., roles: _Optional[_Iterable[_Union[_members_pb2.Role, str]]] = ..., prevention_group: _Optional[str] = ..., fee_tier: _Optional[str] = ...) -> None: ...

class CreateMemberResponse(_message.Message):
    __slots__ = ("member", "position")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    member: _members_pb2.Member
    position: _common_pb2.Position
    def __init__(self, member: _Optional[_Union[_members_pb2.Member, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListMembersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListMembersResponse(_message.Message):
    __slots__ = ("members", "next_page_token")
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    members: _containers.RepeatedCompositeFieldContainer[_members_pb2.Member]
    next_page_token: str
    def __init__(self, members: _Optional[_Iterable[_Union[_members_pb2.Member, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SetMemberSuspendedRequest(_message.Message):
    __slots__ = ("request_id", "member_id", "suspended", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    member_id: str
    suspended: bool
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., member_id: _Optional[str] = ..., suspended: bool = ..., reason: _Optional[str] = ...) -> None: ...

class SetMemberSuspendedResponse(_message.Message):
    __slots__ = ("member", "position")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    member: _members_pb2.Member
    position: _common_pb2.Position
    def __init__(self, member: _Optional[_Union[_members_pb2.Member, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class DepositRequest(_message.Message):
    __slots__ = ("request_id", "member_id", "amount_micros", "reference")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    member_id: str
    amount_micros: int
    reference: str
    def __init__(self, request_id: _Optional[str] = ..., member_id: _Optional[str] = ..., amount_micros: _Optional[int] = ..., reference: _Optional[str] = ...) -> None: ...

class DepositResponse(_message.Message):
    __slots__ = ("available_micros", "position")
    AVAILABLE_MICROS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    available_micros: int
    position: _common_pb2.Position
    def __init__(self, available_micros: _Optional[int] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class WithdrawRequest(_message.Message):
    __slots__ = ("request_id", "member_id", "amount_micros", "reference")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    member_id: str
    amount_micros: int
    reference: str
    def __init__(self, request_id: _Optional[str] = ..., member_id: _Optional[str] = ..., amount_micros: _Optional[int] = ..., reference: _Optional[str] = ...) -> None: ...

class WithdrawResponse(_message.Message):
    __slots__ = ("available_micros", "position")
    AVAILABLE_MICROS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    available_micros: int
    position: _common_pb2.Position
    def __init__(self, available_micros: _Optional[int] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class FundGuaranteeRequest(_message.Message):
    __slots__ = ("request_id", "amount_micros", "reference")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    amount_micros: int
    reference: str
    def __init__(self, request_id: _Optional[str] = ..., amount_micros: _Optional[int] = ..., reference: _Optional[str] = ...) -> None: ...

class FundGuaranteeResponse(_message.Message):
    __slots__ = ("guarantee_micros", "position")
    GUARANTEE_MICROS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    guarantee_micros: int
    position: _common_pb2.Position
    def __init__(self, guarantee_micros: _Optional[int] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class DefineInstrumentRequest(_message.Message):
    __slots__ = ("request_id", "symbol", "name", "spec", "terms")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    symbol: str
    name: str
    spec: _instruments_pb2.InstrumentSpec
    terms: _market_data_pb2.MarketTerms
    def __init__(self, request_id: _Optional[str] = ..., symbol: _Optional[str] = ..., name: _Optional[str] = ..., spec: _Optional[_Union[_instruments_pb2.InstrumentSpec, _Mapping]] = ..., terms: _Optional[_Union[_market_data_pb2.MarketTerms, _Mapping]] = ...) -> None: ...

class DefineInstrumentResponse(_message.Message):
    __slots__ = ("instrument", "position")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    instrument: _instruments_pb2.Instrument
    position: _common_pb2.Position
    def __init__(self, instrument: _Optional[_Union[_instruments_pb2.Instrument, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class PublishSpecRequest(_message.Message):
    __slots__ = ("request_id", "instrument", "spec")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    instrument: str
    spec: _instruments_pb2.InstrumentSpec
    def __init__(self, request_id: _Optional[str] = ..., instrument: _Optional[str] = ..., spec: _Optional[_Union[_instruments_pb2.InstrumentSpec, _Mapping]] = ...) -> None: ...

class PublishSpecResponse(_message.Message):
    __slots__ = ("instrument", "position")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    instrument: _instruments_pb2.Instrument
    position: _common_pb2.Position
    def __init__(self, instrument: _Optional[_Union[_instruments_pb2.Instrument, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class SetMarketStateRequest(_message.Message):
    __slots__ = ("request_id", "market", "state", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    market: str
    state: _market_data_pb2.MarketState
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., market: _Optional[str] = ..., state: _Optional[_Union[_market_data_pb2.MarketState, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class SetMarketStateResponse(_message.Message):
    __slots__ = ("market", "position")
    MARKET_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    market: _market_data_pb2.Market
    position: _common_pb2.Position
    def __init__(self, market: _Optional[_Union[_market_data_pb2.Market, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class SetMarketPolicyRequest(_message.Message):
    __slots__ = ("request_id", "market", "policy")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    market: str
    policy: _market_data_pb2.MarketPolicy
    def __init__(self, request_id: _Optional[str] = ..., market: _Optional[str] = ..., policy: _Optional[_Union[_market_data_pb2.MarketPolicy, _Mapping]] = ...) -> None: ...

class SetMarketPolicyResponse(_message.Message):
    __slots__ = ("market", "position")
    MARKET_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    market: _market_data_pb2.Market
    position: _common_pb2.Position
    def __init__(self, market: _Optional[_Union[_market_data_pb2.Market, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class StartAuctionRequest(_message.Message):
    __slots__ = ("request_id", "market", "until_time", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    market: str
    until_time: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., market: _Optional[str] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class StartAuctionResponse(_message.Message):
    __slots__ = ("market", "position")
    MARKET_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    market: _market_data_pb2.Market
    position: _common_pb2.Position
    def __init__(self, market: _Optional[_Union[_market_data_pb2.Market, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class FeeTier(_message.Message):
    __slots__ = ("fee_tier", "mode", "maker_bps", "taker_bps")
    FEE_TIER_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    MAKER_BPS_FIELD_NUMBER: _ClassVar[int]
    TAKER_BPS_FIELD_NUMBER: _ClassVar[int]
    fee_tier: str
    mode: FeeTierMode
    maker_bps: int
    taker_bps: int
    def __init__(self, fee_tier: _Optional[str] = ..., mode: _Optional[_Union[FeeTierMode, str]] = ..., maker_bps: _Optional[int] = ..., taker_bps: _Optional[int] = ...) -> None: ...

class SetFeeTierRequest(_message.Message):
    __slots__ = ("request_id", "tier")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    tier: FeeTier
    def __init__(self, request_id: _Optional[str] = ..., tier: _Optional[_Union[FeeTier, _Mapping]] = ...) -> None: ...

class SetFeeTierResponse(_message.Message):
    __slots__ = ("tier", "position")
    TIER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    tier: FeeTier
    position: _common_pb2.Position
    def __init__(self, tier: _Optional[_Union[FeeTier, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListFeeTiersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListFeeTiersResponse(_message.Message):
    __slots__ = ("tiers", "next_page_token")
    TIERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tiers: _containers.RepeatedCompositeFieldContainer[FeeTier]
    next_page_token: str
    def __init__(self, tiers: _Optional[_Iterable[_Union[FeeTier, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateMemberRequest(_message.Message):
    __slots__ = ("request_id", "member_id", "prevention_group", "fee_tier", "reason", "affiliation_group")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    PREVENTION_GROUP_FIELD_NUMBER: _ClassVar[int]
    FEE_TIER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AFFILIATION_GROUP_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    member_id: str
    prevention_group: str
    fee_tier: str
    reason: str
    affiliation_group: str
    def __init__(self, request_id: _Optional[str] = ..., member_id: _Optional[str] = ..., prevention_group: _Optional[str] = ..., fee_tier: _Optional[str] = ..., reason: _Optional[str] = ..., affiliation_group: _Optional[str] = ...) -> None: ...

class UpdateMemberResponse(_message.Message):
    __slots__ = ("member", "position")
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    member: _members_pb2.Member
    position: _common_pb2.Position
    def __init__(self, member: _Optional[_Union[_members_pb2.Member, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class AdmitSupplierRequest(_message.Message):
    __slots__ = ("request_id", "member_id", "instrument", "verified_tokens_per_second", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    member_id: str
    instrument: str
    verified_tokens_per_second: int
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., member_id: _Optional[str] = ..., instrument: _Optional[str] = ..., verified_tokens_per_second: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class AdmitSupplierResponse(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: _common_pb2.Position
    def __init__(self, position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class SetSupplierSuspendedRequest(_message.Message):
    __slots__ = ("request_id", "member_id", "instrument", "suspended", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    SUSPENDED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    member_id: str
    instrument: str
    suspended: bool
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., member_id: _Optional[str] = ..., instrument: _Optional[str] = ..., suspended: bool = ..., reason: _Optional[str] = ...) -> None: ...

class SetSupplierSuspendedResponse(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: _common_pb2.Position
    def __init__(self, position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class PolicyValue(_message.Message):
    __slots__ = ("name", "value", "description")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: int
    description: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[int] = ..., description: _Optional[str] = ...) -> None: ...

class SetPolicyRequest(_message.Message):
    __slots__ = ("request_id", "changes")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    changes: _containers.RepeatedCompositeFieldContainer[PolicyValue]
    def __init__(self, request_id: _Optional[str] = ..., changes: _Optional[_Iterable[_Union[PolicyValue, _Mapping]]] = ...) -> None: ...

class SetPolicyResponse(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: _common_pb2.Position
    def __init__(self, position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetPolicyRequest(_message.Message):
    __slots__ = ("min_position",)
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    min_position: _common_pb2.Position
    def __init__(self, min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetPolicyResponse(_message.Message):
    __slots__ = ("policy",)
    POLICY_FIELD_NUMBER: _ClassVar[int]
    policy: _containers.RepeatedCompositeFieldContainer[PolicyValue]
    def __init__(self, policy: _Optional[_Iterable[_Union[PolicyValue, _Mapping]]] = ...) -> None: ...

class GetTrialBalanceRequest(_message.Message):
    __slots__ = ("min_position",)
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    min_position: _common_pb2.Position
    def __init__(self, min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetTrialBalanceResponse(_message.Message):
    __slots__ = ("lines", "position", "balance_time")
    LINES_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    BALANCE_TIME_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[TrialBalanceLine]
    position: _common_pb2.Position
    balance_time: _timestamp_pb2.Timestamp
    def __init__(self, lines: _Optional[_Iterable[_Union[TrialBalanceLine, _Mapping]]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ..., balance_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TrialBalanceLine(_message.Message):
    __slots__ = ("asset", "account", "amount")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    asset: str
    account: str
    amount: int
    def __init__(self, asset: _Optional[str] = ..., account: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class DefineMeteringPolicyRequest(_message.Message):
    __slots__ = ("request_id", "policy")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    policy: _instruments_pb2.MeteringPolicyVersion
    def __init__(self, request_id: _Optional[str] = ..., policy: _Optional[_Union[_instruments_pb2.MeteringPolicyVersion, _Mapping]] = ...) -> None: ...

class DefineMeteringPolicyResponse(_message.Message):
    __slots__ = ("policy", "position")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    policy: _instruments_pb2.MeteringPolicyVersion
    position: _common_pb2.Position
    def __init__(self, policy: _Optional[_Union[_instruments_pb2.MeteringPolicyVersion, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListDisputesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "status", "member_id", "supplier_id", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    status: _usage_pb2.DisputeStatus
    member_id: str
    supplier_id: str
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., status: _Optional[_Union[_usage_pb2.DisputeStatus, str]] = ..., member_id: _Optional[str] = ..., supplier_id: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListDisputesResponse(_message.Message):
    __slots__ = ("disputes", "next_page_token")
    DISPUTES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    disputes: _containers.RepeatedCompositeFieldContainer[_usage_pb2.UsageDispute]
    next_page_token: str
    def __init__(self, disputes: _Optional[_Iterable[_Union[_usage_pb2.UsageDispute, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ResolveDisputeRequest(_message.Message):
    __slots__ = ("request_id", "dispute_id", "refund_micros", "payer", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    REFUND_MICROS_FIELD_NUMBER: _ClassVar[int]
    PAYER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    dispute_id: str
    refund_micros: int
    payer: _usage_pb2.DisputePayer
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., dispute_id: _Optional[str] = ..., refund_micros: _Optional[int] = ..., payer: _Optional[_Union[_usage_pb2.DisputePayer, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class ResolveDisputeResponse(_message.Message):
    __slots__ = ("dispute", "position")
    DISPUTE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    dispute: _usage_pb2.UsageDispute
    position: _common_pb2.Position
    def __init__(self, dispute: _Optional[_Union[_usage_pb2.UsageDispute, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...
