import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from thegrid.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReasoningBilling(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REASONING_BILLING_UNSPECIFIED: _ClassVar[ReasoningBilling]
    REASONING_BILLING_COUNTED: _ClassVar[ReasoningBilling]
    REASONING_BILLING_VISIBLE: _ClassVar[ReasoningBilling]
    REASONING_BILLING_FORBIDDEN: _ClassVar[ReasoningBilling]
REASONING_BILLING_UNSPECIFIED: ReasoningBilling
REASONING_BILLING_COUNTED: ReasoningBilling
REASONING_BILLING_VISIBLE: ReasoningBilling
REASONING_BILLING_FORBIDDEN: ReasoningBilling

class ListMeteringPoliciesRequest(_message.Message):
    __slots__ = ("min_position",)
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    min_position: _common_pb2.Position
    def __init__(self, min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListMeteringPoliciesResponse(_message.Message):
    __slots__ = ("policies",)
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    policies: _containers.RepeatedCompositeFieldContainer[MeteringPolicyVersion]
    def __init__(self, policies: _Optional[_Iterable[_Union[MeteringPolicyVersion, _Mapping]]] = ...) -> None: ...

class GetInstrumentRequest(_message.Message):
    __slots__ = ("instrument", "min_position")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    instrument: str
    min_position: _common_pb2.Position
    def __init__(self, instrument: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetInstrumentResponse(_message.Message):
    __slots__ = ("instrument",)
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    instrument: Instrument
    def __init__(self, instrument: _Optional[_Union[Instrument, _Mapping]] = ...) -> None: ...

class ListInstrumentsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListInstrumentsResponse(_message.Message):
    __slots__ = ("instruments", "next_page_token")
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    instruments: _containers.RepeatedCompositeFieldContainer[Instrument]
    next_page_token: str
    def __init__(self, instruments: _Optional[_Iterable[_Union[Instrument, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Instrument(_message.Message):
    __slots__ = ("instrument_id", "symbol", "name", "market_id", "spec", "versions", "create_time")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    symbol: str
    name: str
    market_id: str
    spec: InstrumentSpec
    versions: _containers.RepeatedCompositeFieldContainer[InstrumentSpec]
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., name: _Optional[str] = ..., market_id: _Optional[str] = ..., spec: _Optional[_Union[InstrumentSpec, _Mapping]] = ..., versions: _Optional[_Iterable[_Union[InstrumentSpec, _Mapping]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class InstrumentSpec(_message.Message):
    __slots__ = ("version", "effective_time", "quality_index", "quality_min_milli", "first_token_bands", "throughput_min_tokens_per_second", "context_min_tokens", "output_min_tokens", "availability_min_ppm", "error_rate_max_ppm", "metering", "capabilities", "service_type", "capacity_weight_milli", "embedding")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    QUALITY_INDEX_FIELD_NUMBER: _ClassVar[int]
    QUALITY_MIN_MILLI_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_BANDS_FIELD_NUMBER: _ClassVar[int]
    THROUGHPUT_MIN_TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_MIN_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_MIN_TOKENS_FIELD_NUMBER: _ClassVar[int]
    AVAILABILITY_MIN_PPM_FIELD_NUMBER: _ClassVar[int]
    ERROR_RATE_MAX_PPM_FIELD_NUMBER: _ClassVar[int]
    METERING_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    SERVICE_TYPE_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_WEIGHT_MILLI_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    version: int
    effective_time: _timestamp_pb2.Timestamp
    quality_index: str
    quality_min_milli: int
    first_token_bands: _containers.RepeatedCompositeFieldContainer[FirstTokenBand]
    throughput_min_tokens_per_second: int
    context_min_tokens: int
    output_min_tokens: int
    availability_min_ppm: int
    error_rate_max_ppm: int
    metering: MeteringPolicy
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    service_type: str
    capacity_weight_milli: int
    embedding: EmbeddingSpec
    def __init__(self, version: _Optional[int] = ..., effective_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., quality_index: _Optional[str] = ..., quality_min_milli: _Optional[int] = ..., first_token_bands: _Optional[_Iterable[_Union[FirstTokenBand, _Mapping]]] = ..., throughput_min_tokens_per_second: _Optional[int] = ..., context_min_tokens: _Optional[int] = ..., output_min_tokens: _Optional[int] = ..., availability_min_ppm: _Optional[int] = ..., error_rate_max_ppm: _Optional[int] = ..., metering: _Optional[_Union[MeteringPolicy, _Mapping]] = ..., capabilities: _Optional[_Iterable[str]] = ..., service_type: _Optional[str] = ..., capacity_weight_milli: _Optional[int] = ..., embedding: _Optional[_Union[EmbeddingSpec, _Mapping]] = ...) -> None: ...

class EmbeddingSpec(_message.Message):
    __slots__ = ("space", "dimensions", "dimensions_min", "input_max_tokens", "inputs_max")
    SPACE_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_MIN_FIELD_NUMBER: _ClassVar[int]
    INPUT_MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_MAX_FIELD_NUMBER: _ClassVar[int]
    space: str
    dimensions: int
    dimensions_min: int
    input_max_tokens: int
    inputs_max: int
    def __init__(self, space: _Optional[str] = ..., dimensions: _Optional[int] = ..., dimensions_min: _Optional[int] = ..., input_max_tokens: _Optional[int] = ..., inputs_max: _Optional[int] = ...) -> None: ...

class FirstTokenBand(_message.Message):
    __slots__ = ("prompt_max_tokens", "first_token_max_us")
    PROMPT_MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_MAX_US_FIELD_NUMBER: _ClassVar[int]
    prompt_max_tokens: int
    first_token_max_us: int
    def __init__(self, prompt_max_tokens: _Optional[int] = ..., first_token_max_us: _Optional[int] = ...) -> None: ...

class MeteringPolicy(_message.Message):
    __slots__ = ("version", "tokenizer", "bills_hidden_reasoning")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TOKENIZER_FIELD_NUMBER: _ClassVar[int]
    BILLS_HIDDEN_REASONING_FIELD_NUMBER: _ClassVar[int]
    version: int
    tokenizer: str
    bills_hidden_reasoning: bool
    def __init__(self, version: _Optional[int] = ..., tokenizer: _Optional[str] = ..., bills_hidden_reasoning: bool = ...) -> None: ...

class MeteringPolicyVersion(_message.Message):
    __slots__ = ("version", "tokenizer", "request_tokens", "message_tokens", "tool_tokens", "tool_call_tokens", "schema_tokens", "images", "reasoning", "divergence_per_mille", "divergence_floor_tokens", "define_time", "input_tokens")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TOKENIZER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOOL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TOOL_CALL_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_TOKENS_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    REASONING_FIELD_NUMBER: _ClassVar[int]
    DIVERGENCE_PER_MILLE_FIELD_NUMBER: _ClassVar[int]
    DIVERGENCE_FLOOR_TOKENS_FIELD_NUMBER: _ClassVar[int]
    DEFINE_TIME_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    version: int
    tokenizer: str
    request_tokens: int
    message_tokens: int
    tool_tokens: int
    tool_call_tokens: int
    schema_tokens: int
    images: ImageMetering
    reasoning: ReasoningBilling
    divergence_per_mille: int
    divergence_floor_tokens: int
    define_time: _timestamp_pb2.Timestamp
    input_tokens: int
    def __init__(self, version: _Optional[int] = ..., tokenizer: _Optional[str] = ..., request_tokens: _Optional[int] = ..., message_tokens: _Optional[int] = ..., tool_tokens: _Optional[int] = ..., tool_call_tokens: _Optional[int] = ..., schema_tokens: _Optional[int] = ..., images: _Optional[_Union[ImageMetering, _Mapping]] = ..., reasoning: _Optional[_Union[ReasoningBilling, str]] = ..., divergence_per_mille: _Optional[int] = ..., divergence_floor_tokens: _Optional[int] = ..., define_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., input_tokens: _Optional[int] = ...) -> None: ...

class ImageMetering(_message.Message):
    __slots__ = ("low_tokens", "unknown_size_tokens", "tile_px", "tile_tokens", "base_tokens", "long_side_px", "short_side_px")
    LOW_TOKENS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_SIZE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TILE_PX_FIELD_NUMBER: _ClassVar[int]
    TILE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    BASE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    LONG_SIDE_PX_FIELD_NUMBER: _ClassVar[int]
    SHORT_SIDE_PX_FIELD_NUMBER: _ClassVar[int]
    low_tokens: int
    unknown_size_tokens: int
    tile_px: int
    tile_tokens: int
    base_tokens: int
    long_side_px: int
    short_side_px: int
    def __init__(self, low_tokens: _Optional[int] = ..., unknown_size_tokens: _Optional[int] = ..., tile_px: _Optional[int] = ..., tile_tokens: _Optional[int] = ..., base_tokens: _Optional[int] = ..., long_side_px: _Optional[int] = ..., short_side_px: _Optional[int] = ...) -> None: ...
