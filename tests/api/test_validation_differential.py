"""Our compiled rules against the official protovalidate, on messages of every type of the contract.

The library is no dependency, since it pulls in much for one test; where it is not installed the
test says so and is skipped.
"""

import importlib.util
import random
import sys
import types
from typing import Any

import pytest
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,  # noqa: F401 - imported by the rules
    field_mask_pb2,  # noqa: F401 - imported by the rules
    message_factory,
    timestamp_pb2,  # noqa: F401 - imported by the rules
)
from google.protobuf.internal import builder

from thegrid_exchange.api.validation import Validator, descriptor_image

HOW = "pip install protovalidate==1.2.0 to compare with the official rules"
RULES_FILE = "buf/validate/validate.proto"


def _provide_rules() -> None:
    """Make `buf.validate.validate_pb2` from our own image: the library comes without it."""
    if "buf.validate.validate_pb2" in sys.modules or not importlib.util.find_spec("protovalidate"):
        return
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_image()).file
    [file] = [each for each in files if each.name == RULES_FILE]
    for name in ("buf", "buf.validate", "buf.validate.validate_pb2"):
        sys.modules.setdefault(name, types.ModuleType(name))
    made = sys.modules["buf.validate.validate_pb2"]
    described = descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
    builder.BuildMessageAndEnumDescriptors(described, vars(made))
    builder.BuildTopDescriptorsAndMessages(described, made.__name__, vars(made))
    sys.modules["buf.validate"].validate_pb2 = made  # type: ignore[attr-defined]


_provide_rules()
protovalidate = pytest.importorskip("protovalidate", reason=HOW)

INTEGERS = (0, 1, -1, 2, 500, 1_000, 1_001, 10**6, 10**12, 10**12 + 1, 2**31 - 1, -(2**31))
WIDE = (2**63 - 1, -(2**63), 600_000_001, 100_000_001)
STRINGS = ("", "a", "text-prime", "A", "-", "a\n", "x" * 48, "x" * 49, "x" * 64, "x" * 65, "ü" * 64)
IDS = ("dlv_" + "0" * 20, "dlv_" + "Z" * 20, "x" * 129, "x" * 513)


def a_pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_image()).file:
        pool.Add(file)
    return pool


def a_value(field: Any, chance: random.Random, depth: int) -> Any:
    kind = field.type
    if kind == field.TYPE_MESSAGE and field.message_type.full_name.startswith("google."):
        return message_factory.GetMessageClass(field.message_type)()
    if kind == field.TYPE_MESSAGE:
        return a_message(field.message_type, chance, depth + 1)
    if kind == field.TYPE_STRING:
        return chance.choice(STRINGS + IDS)
    if kind == field.TYPE_BYTES:
        return b"x" * chance.choice((0, 1, 262_144, 262_145))
    if kind == field.TYPE_BOOL:
        return chance.random() < 0.5
    if kind == field.TYPE_ENUM and field.is_repeated:
        # The library passes over `defined_only` inside lists, so only defined values are compared.
        return chance.choice([value.number for value in field.enum_type.values])
    if kind == field.TYPE_ENUM:
        return chance.choice((0, 1, 2, 3, 5, 9))
    if kind in (field.TYPE_DOUBLE, field.TYPE_FLOAT):
        return chance.random()
    number = chance.choice(INTEGERS + WIDE)
    if kind in (field.TYPE_UINT32, field.TYPE_UINT64):
        number = abs(number)
    if kind in (field.TYPE_INT32, field.TYPE_UINT32):
        number = max(-(2**31), min(number, 2**31 - 1))
    return number


def a_message(descriptor: Any, chance: random.Random, depth: int = 0) -> Any:
    message = message_factory.GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if depth > 4 or chance.random() < 0.3:
            continue
        if field.is_repeated:
            if field.message_type is not None and field.message_type.GetOptions().map_entry:
                continue
            items = [a_value(field, chance, depth) for _ in range(chance.choice((0, 1, 3)))]
            getattr(message, field.name).extend(items)
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(a_value(field, chance, depth))
        else:
            setattr(message, field.name, a_value(field, chance, depth))
    return message


def theirs(validator: Any, message: Any) -> set[str]:
    found = set()
    for violation in validator.collect_violations(message):
        path = ""
        for element in violation.proto.field.elements:
            path += ("." if path else "") + element.field_name
            if element.HasField("index"):
                path += f"[{element.index}]"
        found.add(path)
    return found


def test_both_find_the_same_fields_at_fault() -> None:
    chance, pool, ours = random.Random(11), a_pool(), Validator()
    official, compared, faults = protovalidate.Validator(), 0, 0
    for _, _, name in sorted(ours.methods()):
        descriptor = pool.FindMessageTypeByName(name)
        for _ in range(20):
            message = a_message(descriptor, chance)
            check = ours.check_of(name)
            found: list[Any] = []
            if check is not None:
                check(message, "", found)
            expected = theirs(official, message)
            assert {each.field for each in found} == expected, f"{name}: {message}"
            compared += 1
            faults += bool(expected)
    assert compared > 1_000
    assert faults > 500
