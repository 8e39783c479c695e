"""The compiled rules of the contract: what they let pass, what they name, and that none is lost."""

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.message import Message

from thegrid.v1 import admin_pb2, delivery_pb2, members_pb2, trading_pb2
from thegrid_exchange.api.errors import InvalidRequest
from thegrid_exchange.api.validation import UnknownRule, Validator, descriptor_image

VALIDATOR = Validator()


def an_order(**changes: object) -> trading_pb2.OrderTerms:
    return trading_pb2.OrderTerms(
        **{"market": "m", "side": 1, "type": 1, "quantity_units": 1, "price_micros": 1, **changes}
    )


def test_every_message_of_the_contract_compiles() -> None:
    assert VALIDATOR.compile_package() > 90


@pytest.mark.parametrize(
    ("message", "field", "rule"),
    [
        (trading_pb2.PlaceOrderRequest(order=an_order()), "request_id", "string.min_len"),
        (trading_pb2.PlaceOrderRequest(request_id="a" * 65), "request_id", "string.max_len"),
        (trading_pb2.PlaceOrderRequest(request_id="a"), "order", "required"),
        (an_order(side=0), "side", "enum.not_in"),
        (an_order(side=9), "side", "enum.defined_only"),
        (an_order(quantity_units=0), "quantity_units", "int64.gt"),
        (an_order(quantity_units=-(2**63)), "quantity_units", "int64.gt"),
        (an_order(price_micros=-1), "price_micros", "int64.gte"),
        (an_order(max_slippage_bps=-1), "max_slippage_bps", "int64.gte_lte"),
        (trading_pb2.OrderRef(), "ref", "required"),
        (trading_pb2.OrderRef(order_id=""), "order_id", "string.min_len"),
        (trading_pb2.ListOrdersRequest(page_size=1_001), "page_size", "int32.gte_lte"),
        (trading_pb2.BatchOrdersRequest(request_id="a"), "items", "repeated.min_items"),
        (members_pb2.CreateKeyRequest(request_id="a", scopes=[1, 0]), "scopes[1]", "enum.not_in"),
        (members_pb2.UpdateSettingsRequest(request_id="a", account_mode=0), "account_mode",
         "enum.not_in"),
        (admin_pb2.SetMarketStateRequest(request_id="a", market="m", state=5, reason="r"),
         "state", "enum.in"),
        (delivery_pb2.RequestPart(data=b"x" * 262_145), "data", "bytes.max_len"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_named(message: Message, field: str, rule: str) -> None:
    found = {each.field: each.rule for each in VALIDATOR.violations(message)}
    assert found.get(field) == rule


@pytest.mark.parametrize("symbol", ["Text", "a--b", "-a", "a\n", "ä", "", "a" * 49])
def test_a_symbol_of_another_shape_is_named(symbol: str) -> None:
    request = admin_pb2.DefineInstrumentRequest(symbol=symbol)
    assert "symbol" in {each.field for each in VALIDATOR.violations(request)}


def test_nested_and_repeated_messages_are_named_by_their_path() -> None:
    request = trading_pb2.BatchOrdersRequest(
        request_id="a",
        items=[
            trading_pb2.BatchItem(place=an_order()),
            trading_pb2.BatchItem(amend=trading_pb2.Amend(price_micros=0)),
            trading_pb2.BatchItem(),
        ],
    )
    with pytest.raises(InvalidRequest) as caught:
        VALIDATOR.require(request)
    assert [each.field for each in caught.value.violations] == [
        "items[1].amend.price_micros",
        "items[1].amend.order",
        "items[2].action",
    ]


def test_absent_optional_fields_break_no_rule() -> None:
    amend = trading_pb2.Amend(order=trading_pb2.OrderRef(order_id="o"))
    assert VALIDATOR.violations(amend) == []
    assert VALIDATOR.violations(an_order()) == []


def test_lengths_count_characters_not_bytes() -> None:
    assert VALIDATOR.violations(an_order(client_order_id="€" * 64)) == []
    assert VALIDATOR.violations(an_order(client_order_id="€" * 65)) != []


def _planted(option: bytes) -> bytes:
    """The contract with `buf.validate.field` options of our own on `OrderTerms.tag`."""
    image = descriptor_pb2.FileDescriptorSet.FromString(descriptor_image())
    for file in image.file:
        for message in file.message_type:
            if message.name == "OrderTerms":
                [tag] = [field for field in message.field if field.name == "tag"]
                tag.options.Clear()
                tag.options.MergeFromString(option)
    return image.SerializeToString()


def test_an_unknown_rule_stops_the_start() -> None:
    # buf.validate.field (1159) { string (14) { prefix (7): "a" } }: a rule the compiler lacks.
    string_rules = b"\x3a\x01a"
    rules = b"\x72" + bytes([len(string_rules)]) + string_rules
    planted = Validator(_planted(b"\xba\x48" + bytes([len(rules)]) + rules))
    with pytest.raises(UnknownRule, match=r"OrderTerms\.tag: the rule prefix is not known"):
        planted.compile_package()
