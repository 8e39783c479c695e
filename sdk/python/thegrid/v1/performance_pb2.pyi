import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from thegrid.v1 import common_pb2 as _common_pb2
from thegrid.v1 import usage_pb2 as _usage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SupplierStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUPPLIER_STATUS_UNSPECIFIED: _ClassVar[SupplierStatus]
    SUPPLIER_STATUS_NONE: _ClassVar[SupplierStatus]
    SUPPLIER_STATUS_ADMITTED: _ClassVar[SupplierStatus]
    SUPPLIER_STATUS_WARNED: _ClassVar[SupplierStatus]
    SUPPLIER_STATUS_SUSPENDED: _ClassVar[SupplierStatus]
    SUPPLIER_STATUS_PROBATION: _ClassVar[SupplierStatus]
    SUPPLIER_STATUS_ENDED: _ClassVar[SupplierStatus]

class StandingCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STANDING_CAUSE_UNSPECIFIED: _ClassVar[StandingCause]
    STANDING_CAUSE_OPERATOR: _ClassVar[StandingCause]
    STANDING_CAUSE_PERFORMANCE: _ClassVar[StandingCause]
    STANDING_CAUSE_UPTIME: _ClassVar[StandingCause]
    STANDING_CAUSE_OFFER: _ClassVar[StandingCause]
    STANDING_CAUSE_BENCHMARK: _ClassVar[StandingCause]

class BenchmarkStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BENCHMARK_STATUS_UNSPECIFIED: _ClassVar[BenchmarkStatus]
    BENCHMARK_STATUS_RUNNING: _ClassVar[BenchmarkStatus]
    BENCHMARK_STATUS_PASSED: _ClassVar[BenchmarkStatus]
    BENCHMARK_STATUS_FAILED: _ClassVar[BenchmarkStatus]
SUPPLIER_STATUS_UNSPECIFIED: SupplierStatus
SUPPLIER_STATUS_NONE: SupplierStatus
SUPPLIER_STATUS_ADMITTED: SupplierStatus
SUPPLIER_STATUS_WARNED: SupplierStatus
SUPPLIER_STATUS_SUSPENDED: SupplierStatus
SUPPLIER_STATUS_PROBATION: SupplierStatus
SUPPLIER_STATUS_ENDED: SupplierStatus
STANDING_CAUSE_UNSPECIFIED: StandingCause
STANDING_CAUSE_OPERATOR: StandingCause
STANDING_CAUSE_PERFORMANCE: StandingCause
STANDING_CAUSE_UPTIME: StandingCause
STANDING_CAUSE_OFFER: StandingCause
STANDING_CAUSE_BENCHMARK: StandingCause
BENCHMARK_STATUS_UNSPECIFIED: BenchmarkStatus
BENCHMARK_STATUS_RUNNING: BenchmarkStatus
BENCHMARK_STATUS_PASSED: BenchmarkStatus
BENCHMARK_STATUS_FAILED: BenchmarkStatus

class ListPerformanceRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "instrument", "supplier_id", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    instrument: str
    supplier_id: str
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., instrument: _Optional[str] = ..., supplier_id: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListPerformanceResponse(_message.Message):
    __slots__ = ("performance", "next_page_token")
    PERFORMANCE_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    performance: _containers.RepeatedCompositeFieldContainer[SupplierPerformance]
    next_page_token: str
    def __init__(self, performance: _Optional[_Iterable[_Union[SupplierPerformance, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SupplierPerformance(_message.Message):
    __slots__ = ("supplier_id", "handle", "instrument_id", "symbol", "status", "able", "windows")
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ABLE_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    supplier_id: str
    handle: str
    instrument_id: str
    symbol: str
    status: SupplierStatus
    able: bool
    windows: _containers.RepeatedCompositeFieldContainer[PerformanceWindow]
    def __init__(self, supplier_id: _Optional[str] = ..., handle: _Optional[str] = ..., instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., status: _Optional[_Union[SupplierStatus, str]] = ..., able: bool = ..., windows: _Optional[_Iterable[_Union[PerformanceWindow, _Mapping]]] = ...) -> None: ...

class PerformanceWindow(_message.Message):
    __slots__ = ("window_us", "start_time", "calls", "delivered", "late", "slow", "failed", "refused", "output_tokens", "contested_faults", "error_rate_ppm", "first_token_p50_us", "first_token_p95_us", "throughput_p50_tokens_per_second", "throughput_p05_tokens_per_second", "uptime_ppm", "probes", "divergent")
    WINDOW_US_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    DELIVERED_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    SLOW_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CONTESTED_FAULTS_FIELD_NUMBER: _ClassVar[int]
    ERROR_RATE_PPM_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_P50_US_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_P95_US_FIELD_NUMBER: _ClassVar[int]
    THROUGHPUT_P50_TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    THROUGHPUT_P05_TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    UPTIME_PPM_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    DIVERGENT_FIELD_NUMBER: _ClassVar[int]
    window_us: int
    start_time: _timestamp_pb2.Timestamp
    calls: int
    delivered: int
    late: int
    slow: int
    failed: int
    refused: int
    output_tokens: int
    contested_faults: int
    error_rate_ppm: int
    first_token_p50_us: int
    first_token_p95_us: int
    throughput_p50_tokens_per_second: int
    throughput_p05_tokens_per_second: int
    uptime_ppm: int
    probes: int
    divergent: int
    def __init__(self, window_us: _Optional[int] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., calls: _Optional[int] = ..., delivered: _Optional[int] = ..., late: _Optional[int] = ..., slow: _Optional[int] = ..., failed: _Optional[int] = ..., refused: _Optional[int] = ..., output_tokens: _Optional[int] = ..., contested_faults: _Optional[int] = ..., error_rate_ppm: _Optional[int] = ..., first_token_p50_us: _Optional[int] = ..., first_token_p95_us: _Optional[int] = ..., throughput_p50_tokens_per_second: _Optional[int] = ..., throughput_p05_tokens_per_second: _Optional[int] = ..., uptime_ppm: _Optional[int] = ..., probes: _Optional[int] = ..., divergent: _Optional[int] = ...) -> None: ...

class ListSupplierChangesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "supplier_id", "instrument", "start_time", "end_time", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    supplier_id: str
    instrument: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., supplier_id: _Optional[str] = ..., instrument: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListSupplierChangesResponse(_message.Message):
    __slots__ = ("changes", "next_page_token")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[SupplierChange]
    next_page_token: str
    def __init__(self, changes: _Optional[_Iterable[_Union[SupplierChange, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SupplierChange(_message.Message):
    __slots__ = ("change_id", "supplier_id", "instrument_id", "symbol", "change_time", "before", "status", "cause", "reason", "until_time", "policy_version", "spec_version", "findings", "window", "benchmark_id")
    CHANGE_ID_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    CHANGE_TIME_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    SPEC_VERSION_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    BENCHMARK_ID_FIELD_NUMBER: _ClassVar[int]
    change_id: str
    supplier_id: str
    instrument_id: str
    symbol: str
    change_time: _timestamp_pb2.Timestamp
    before: SupplierStatus
    status: SupplierStatus
    cause: StandingCause
    reason: str
    until_time: _timestamp_pb2.Timestamp
    policy_version: int
    spec_version: int
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    window: PerformanceWindow
    benchmark_id: str
    def __init__(self, change_id: _Optional[str] = ..., supplier_id: _Optional[str] = ..., instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., change_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., before: _Optional[_Union[SupplierStatus, str]] = ..., status: _Optional[_Union[SupplierStatus, str]] = ..., cause: _Optional[_Union[StandingCause, str]] = ..., reason: _Optional[str] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., policy_version: _Optional[int] = ..., spec_version: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., window: _Optional[_Union[PerformanceWindow, _Mapping]] = ..., benchmark_id: _Optional[str] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("figure", "value", "limit")
    FIGURE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    figure: str
    value: int
    limit: int
    def __init__(self, figure: _Optional[str] = ..., value: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class RunBenchmarkRequest(_message.Message):
    __slots__ = ("request_id", "instrument", "supplier_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    instrument: str
    supplier_id: str
    def __init__(self, request_id: _Optional[str] = ..., instrument: _Optional[str] = ..., supplier_id: _Optional[str] = ...) -> None: ...

class RunBenchmarkResponse(_message.Message):
    __slots__ = ("benchmark", "position")
    BENCHMARK_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    benchmark: Benchmark
    position: _common_pb2.Position
    def __init__(self, benchmark: _Optional[_Union[Benchmark, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetBenchmarkRequest(_message.Message):
    __slots__ = ("instrument", "supplier_id", "min_position")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    instrument: str
    supplier_id: str
    min_position: _common_pb2.Position
    def __init__(self, instrument: _Optional[str] = ..., supplier_id: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetBenchmarkResponse(_message.Message):
    __slots__ = ("benchmark",)
    BENCHMARK_FIELD_NUMBER: _ClassVar[int]
    benchmark: Benchmark
    def __init__(self, benchmark: _Optional[_Union[Benchmark, _Mapping]] = ...) -> None: ...

class Benchmark(_message.Message):
    __slots__ = ("benchmark_id", "supplier_id", "instrument_id", "symbol", "status", "create_time", "deadline_time", "end_time", "probes_wanted", "concurrent_probes", "spec_version", "probes", "first_token_p50_us", "first_token_p95_us", "throughput_p50_tokens_per_second", "measured_tokens_per_second", "verified_tokens_per_second", "findings")
    BENCHMARK_ID_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PROBES_WANTED_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_PROBES_FIELD_NUMBER: _ClassVar[int]
    SPEC_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_P50_US_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_P95_US_FIELD_NUMBER: _ClassVar[int]
    THROUGHPUT_P50_TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    MEASURED_TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    benchmark_id: str
    supplier_id: str
    instrument_id: str
    symbol: str
    status: BenchmarkStatus
    create_time: _timestamp_pb2.Timestamp
    deadline_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    probes_wanted: int
    concurrent_probes: int
    spec_version: int
    probes: _containers.RepeatedCompositeFieldContainer[Probe]
    first_token_p50_us: int
    first_token_p95_us: int
    throughput_p50_tokens_per_second: int
    measured_tokens_per_second: int
    verified_tokens_per_second: int
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    def __init__(self, benchmark_id: _Optional[str] = ..., supplier_id: _Optional[str] = ..., instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., status: _Optional[_Union[BenchmarkStatus, str]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deadline_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., probes_wanted: _Optional[int] = ..., concurrent_probes: _Optional[int] = ..., spec_version: _Optional[int] = ..., probes: _Optional[_Iterable[_Union[Probe, _Mapping]]] = ..., first_token_p50_us: _Optional[int] = ..., first_token_p95_us: _Optional[int] = ..., throughput_p50_tokens_per_second: _Optional[int] = ..., measured_tokens_per_second: _Optional[int] = ..., verified_tokens_per_second: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ...) -> None: ...

class Probe(_message.Message):
    __slots__ = ("delivery_id", "verdict", "cause", "prompt_tokens", "completion_tokens", "first_token_us", "duration_us", "streamed_us", "divergent")
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_US_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    STREAMED_US_FIELD_NUMBER: _ClassVar[int]
    DIVERGENT_FIELD_NUMBER: _ClassVar[int]
    delivery_id: str
    verdict: _usage_pb2.Verdict
    cause: str
    prompt_tokens: int
    completion_tokens: int
    first_token_us: int
    duration_us: int
    streamed_us: int
    divergent: bool
    def __init__(self, delivery_id: _Optional[str] = ..., verdict: _Optional[_Union[_usage_pb2.Verdict, str]] = ..., cause: _Optional[str] = ..., prompt_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., first_token_us: _Optional[int] = ..., duration_us: _Optional[int] = ..., streamed_us: _Optional[int] = ..., divergent: bool = ...) -> None: ...
