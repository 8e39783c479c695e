"""What the gateway answers, as JSON Schema, for `/openapi.json`.

Keys that suppliers may add are not listed: every object may hold more. What may be asked is told by
the checks of `validation.py` and its neighbours.
"""

from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

from thegrid.v1 import usage_pb2
from thegrid_gateway.fields import COMPONENT, Schema, nullable
from thegrid_gateway.queries import VERDICTS
from thegrid_gateway.records import COUNTS, OPTIONAL, PLAIN, TOTALS

STRING: Final[Schema] = {"type": "string"}
INTEGER: Final[Schema] = {"type": "integer"}
BOOLEAN: Final[Schema] = {"type": "boolean"}
OBJECT: Final[Schema] = {"type": "object"}
_INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}


def just(value: str) -> Schema:
    """Answer the schema of one word."""
    return {"type": "string", "enum": [value]}


def listed(items: Schema) -> Schema:
    """Answer the schema of an array."""
    return {"type": "array", "items": items}


def holding(**properties: Schema) -> Schema:
    """Answer the schema of an object that always has these keys."""
    return {"type": "object", "required": list(properties), "properties": properties}


def named(name: str, schema: Schema) -> Schema:
    """Answer the same schema, written once under a name."""
    return {"$ref": f"#/components/schemas/{name}", COMPONENT: schema}


ERROR: Final = named(
    "Error",
    holding(
        error=holding(message=STRING, type=STRING, param=nullable(STRING), code=nullable(STRING))
    ),
)
MESSAGES_ERROR: Final = named(
    "MessagesError",
    holding(type=just("error"), error=holding(type=STRING, message=STRING), request_id=STRING),
)

_USAGE = named(
    "TokenUsage", holding(prompt_tokens=INTEGER, completion_tokens=INTEGER, total_tokens=INTEGER)
)
CHAT: Final = named(
    "ChatCompletion",
    holding(
        id=STRING,
        object=just("chat.completion"),
        created=INTEGER,
        model=STRING,
        choices=listed(holding(index=INTEGER, message=OBJECT, finish_reason=nullable(STRING))),
        usage=_USAGE,
    ),
)
EMBEDDINGS: Final = named(
    "Embeddings",
    holding(
        object=just("list"),
        data=listed(
            holding(
                object=just("embedding"),
                index=INTEGER,
                embedding={"anyOf": [listed({"type": "number"}), STRING]},
            )
        ),
        model=STRING,
        usage=holding(prompt_tokens=INTEGER, total_tokens=INTEGER),
    ),
)
COMPLETION: Final = named(
    "Completion",
    holding(
        id=STRING,
        object=just("text_completion"),
        created=INTEGER,
        model=STRING,
        choices=listed(holding(index=INTEGER, text=STRING, finish_reason=nullable(STRING))),
        usage=_USAGE,
    ),
)
RESPONSE: Final = named(
    "Response",
    holding(
        id=STRING,
        object=just("response"),
        status=STRING,
        output=listed(OBJECT),
        error=nullable(OBJECT),
        incomplete_details=nullable(OBJECT),
    ),
)
RESPONSE_DELETED: Final = holding(id=STRING, object=just("response"), deleted=BOOLEAN)
RESPONSE_TOKENS: Final = holding(object=just("response.input_tokens"), input_tokens=INTEGER)
INPUT_ITEMS: Final = holding(
    object=just("list"),
    data=listed(OBJECT),
    first_id=nullable(STRING),
    last_id=nullable(STRING),
    has_more=BOOLEAN,
)
MESSAGE: Final = named(
    "Message",
    holding(
        id=STRING,
        type=just("message"),
        role=just("assistant"),
        model=STRING,
        content=listed(holding(type=STRING)),
        stop_reason=nullable(STRING),
        stop_sequence=nullable(STRING),
        usage=holding(input_tokens=INTEGER, output_tokens=INTEGER),
    ),
)
MESSAGE_TOKENS: Final = holding(input_tokens=INTEGER)

_PRICING = holding(
    currency=just("USD"),
    unit_tokens=INTEGER,
    last_price_micros=nullable(INTEGER),
    best_bid_micros=nullable(INTEGER),
    best_ask_micros=nullable(INTEGER),
    reference_index=nullable(
        holding(
            price_micros=nullable(INTEGER),
            window_start_time=_INSTANT,
            window_end_time=_INSTANT,
            trade_count=INTEGER,
            volume_tokens=INTEGER,
            status=STRING,
            method_version=INTEGER,
        )
    ),
)
_FUNDS = holding(
    is_funded=BOOLEAN,
    lot_tokens=INTEGER,
    reserved_tokens=INTEGER,
    trading_tokens=INTEGER,
    held_tokens=INTEGER,
    lots=listed(holding(lot_id=STRING, free_tokens=INTEGER, expire_time=_INSTANT)),
)
_MODEL = named(
    "Model",
    {
        **holding(
            id=STRING,
            object=just("model"),
            created=INTEGER,
            owned_by=STRING,
            name=STRING,
            instrument_id=STRING,
            context_window=INTEGER,
            max_output_tokens=INTEGER,
            capabilities=listed(STRING),
            specification=OBJECT,
            pricing=nullable(_PRICING),
            funds=nullable(_FUNDS),
        ),
    },
)
_ANTHROPIC_MODEL = holding(type=just("model"), id=STRING, display_name=STRING, created_at=_INSTANT)
_BALANCE = holding(available_micros=INTEGER, held_micros=INTEGER)
MODEL: Final[Schema] = {"anyOf": [_MODEL, _ANTHROPIC_MODEL]}
MODELS: Final[Schema] = {
    "anyOf": [
        holding(object=just("list"), data=listed(_MODEL), balance=nullable(_BALANCE)),
        holding(
            data=listed(_ANTHROPIC_MODEL),
            has_more=BOOLEAN,
            first_id=nullable(STRING),
            last_id=nullable(STRING),
        ),
    ]
}


def _of_field(name: str) -> Schema:
    kind = usage_pb2.UsageRecord.DESCRIPTOR.fields_by_name[name].type
    words = {FieldDescriptor.TYPE_STRING: STRING, FieldDescriptor.TYPE_BOOL: BOOLEAN}
    return words.get(kind, INTEGER)


def _counts(names: tuple[str, ...]) -> Schema:
    return holding(**dict.fromkeys(names, INTEGER))


_RECORD_KEYS: dict[str, Any] = {
    "object": just("grid.usage"),
    "request_id": STRING,
    "instrument": STRING,
    "status": STRING,
    "verdict": nullable({"type": "string", "enum": list(VERDICTS)}),
    **{name: _of_field(name) for name in PLAIN},
    **{name: nullable(_of_field(name)) for name in OPTIONAL},
    "counted": _counts(COUNTS),
    "reported": nullable(_counts(COUNTS)),
    "draws": listed(holding(lot_id=STRING, tokens=INTEGER, cost_micros=INTEGER)),
    "attempts": listed(holding(supplier_id=STRING, outcome=STRING)),
    "start_time": nullable(_INSTANT),
    "settle_time": nullable(_INSTANT),
}
_RECORD = named("UsageRecord", holding(**_RECORD_KEYS))
USAGE: Final = named("SignedUsageRecord", holding(**_RECORD_KEYS, signed=nullable(STRING)))
USAGES: Final = holding(
    object=just("list"), data=listed(_RECORD), has_more=BOOLEAN, next=nullable(STRING)
)
_TOTALS = _counts(TOTALS)
SUMMARY: Final = holding(
    object=just("grid.usage.summary"),
    start_time=_INSTANT,
    end_time=_INSTANT,
    interval=nullable(STRING),
    group_by=listed(STRING),
    data=listed(OBJECT),
    totals=_TOTALS,
)
STATUS: Final = holding(status=STRING)
