"""The rules of the contract, compiled from its descriptors into one check per request message.

Only the kinds of rules that the contract uses are known here; any other stops the start, so that no
rule is ever passed over in silence.
"""

import re
from collections.abc import Callable, Iterable
from importlib import resources
from operator import attrgetter
from typing import Any, Final, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor

from thegrid_exchange.api.errors import InvalidRequest, Violation


class Rule(NamedTuple):
    """A rule's id, what to say when it is broken, and whether a value keeps it."""

    rule_id: str
    text: str
    keeps: Callable[[Any], bool]


class _Flat(NamedTuple):
    """A scalar field with its rules; `quick` says at once whether a value keeps them all."""

    name: str
    presence: bool
    rules: list[Rule]
    quick: Callable[[Any], bool]


Found = list[Violation]
Check = Callable[[Any, str, Found], None]
"""Looks at one message under a path and adds what it finds."""

_PACKAGE: Final = "thegrid.v1."
_INTEGERS: Final = ("int32", "int64", "uint32", "uint64")


class UnknownRule(Exception):
    """The contract holds a rule that this compiler does not know; the exchange must not start."""


def descriptor_image() -> bytes:
    """The contract with all it imports, as a serialised FileDescriptorSet."""
    return resources.files("thegrid_exchange.api").joinpath("descriptors.binpb").read_bytes()


class Validator:
    """Checks messages of the contract; every check is compiled once."""

    def __init__(self, image: bytes | None = None) -> None:
        self._pool = _pool_of(image or descriptor_image())
        options = {
            name: message_factory.GetMessageClass(
                self._pool.FindMessageTypeByName(f"google.protobuf.{name}")
            )
            for name in ("FieldOptions", "OneofOptions", "MessageOptions")
        }
        self._options = options
        self._extensions: dict[str, Any] = {
            "FieldOptions": self._pool.FindExtensionByName("buf.validate.field"),
            "OneofOptions": self._pool.FindExtensionByName("buf.validate.oneof"),
            "MessageOptions": self._pool.FindExtensionByName("buf.validate.message"),
        }
        self._checks: dict[str, Check | None] = {}

    def violations(self, message: Any) -> Found:
        """Every field of the message that breaks a rule; empty when all is well."""
        found: Found = []
        check = self.check_of(message.DESCRIPTOR.full_name)
        if check is not None:
            check(message, "", found)
        return found

    def require(self, message: Any, path: str = "") -> None:
        """Raise InvalidRequest naming every field that breaks a rule."""
        check = self.check_of(message.DESCRIPTOR.full_name)
        if check is not None:
            found: Found = []
            check(message, path, found)
            if found:
                raise InvalidRequest(found)

    def check_of(self, full_name: str) -> Check | None:
        """The check of a message type; None when nothing in it has a rule."""
        if full_name not in self._checks:
            checks: list[Check] = []
            self._checks[full_name] = _run_all(checks)  # a message may hold itself
            checks.extend(self._compile(self._pool.FindMessageTypeByName(full_name)))
            if not checks:
                self._checks[full_name] = None
        return self._checks[full_name]

    def compile_package(self) -> int:
        """Compile every message of the contract now; answer how many have rules."""
        names = [
            message.full_name
            for name in sorted(self._contract_files())
            for message in self._pool.FindFileByName(name).message_types_by_name.values()
        ]
        return sum(self.check_of(name) is not None for name in names)

    def methods(self) -> Iterable[tuple[str, str, str]]:
        """Service, method and request message of every method of the contract, in full names."""
        for name in self._contract_files():
            for service in self._pool.FindFileByName(name).services_by_name.values():
                for method in service.methods:
                    yield service.full_name, method.name, method.input_type.full_name

    def _contract_files(self) -> Iterable[str]:
        files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_image()).file
        return [file.name for file in files if file.package == _PACKAGE.rstrip(".")]

    # ---- compiling -----------------------------------------------------------------------------

    def _compile(self, message: Descriptor) -> Iterable[Check]:
        if self._rules(message, "MessageOptions").ListFields():
            raise UnknownRule(f"{message.full_name}: rules of whole messages are not known")
        for oneof in message.oneofs:
            if self._required(oneof):
                yield _oneof_check(oneof.name)
        flat = [each for field in message.fields if (each := self._flat(field)) is not None]
        if flat:
            yield _flat_check(flat)
        for field in message.fields:
            yield from self._compile_field(field)

    def _required(self, oneof: OneofDescriptor) -> bool:
        rules = self._rules(oneof, "OneofOptions")
        _only(oneof.full_name, rules, {"required"})
        return bool(rules.required)

    def _flat(self, field: FieldDescriptor) -> _Flat | None:
        """The rules of a single scalar field, all looked at in one go."""
        rules = self._rules(field, "FieldOptions")
        kind = rules.WhichOneof("type") or ""
        if field.is_repeated or not kind:
            return None
        made = _value_rules(field, kind, getattr(rules, kind))
        return _Flat(field.name, field.has_presence, made, _quick(made)) if made else None

    def _compile_field(self, field: FieldDescriptor) -> Iterable[Check]:
        """The checks of a field that are not flat: presence, lists, messages."""
        rules = self._rules(field, "FieldOptions")
        kind = rules.WhichOneof("type") or ""
        _only(field.full_name, rules, {"required", kind})
        if rules.required:
            if not field.has_presence:
                raise UnknownRule(f"{field.full_name}: required needs a field with presence")
            yield _required_check(field.name)
        if kind and field.is_repeated != (kind == "repeated"):
            raise UnknownRule(f"{field.full_name}: a list takes rules of `repeated` alone")
        if kind == "repeated":
            yield from _repeated_checks(field, rules.repeated)
        inner = self._inner(field)
        if inner is not None:
            yield (_each_check if field.is_repeated else _nested_check)(field.name, inner)

    def _inner(self, field: FieldDescriptor) -> Check | None:
        inner = field.message_type
        if inner is None or not inner.full_name.startswith(_PACKAGE):
            return None
        return self.check_of(inner.full_name)

    def _rules(self, described: Any, options: str) -> Any:
        parsed = self._options[options].FromString(described.GetOptions().SerializeToString())
        return parsed.Extensions[self._extensions[options]]


def _pool_of(image: bytes) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(image).file:
        pool.Add(file)
    return pool


def _only(where: str, rules: Any, known: set[str]) -> None:
    for field, _ in rules.ListFields():
        if field.name not in known:
            raise UnknownRule(f"{where}: the rule {field.name} is not known to this exchange")


# ---- rules of values ---------------------------------------------------------------------------


def _value_rules(field: FieldDescriptor, kind: str, rules: Any) -> list[Rule]:
    where = field.full_name
    if kind == "string":
        return _string_rules(where, rules)
    if kind == "bytes":
        _only(where, rules, {"max_len"})
        return _length_rules("bytes", rules, "bytes")
    if kind == "enum":
        return _enum_rules(field, rules)
    if kind in _INTEGERS:
        return _integer_rules(where, kind, rules)
    raise UnknownRule(f"{where}: rules of the kind {kind} are not known to this exchange")


def _string_rules(where: str, rules: Any) -> list[Rule]:
    _only(where, rules, {"min_len", "max_len", "pattern"})
    made = _length_rules("string", rules, "characters")
    if rules.HasField("pattern"):
        # In RE2 `$` means the very end; in Python it would let a line feed pass.
        search = re.compile(re.sub(r"\$$", r"\\Z", rules.pattern)).search
        made.append(
            Rule("string.pattern", f"must match `{rules.pattern}`", lambda v: bool(search(v)))
        )
    return made


def _length_rules(kind: str, rules: Any, unit: str) -> list[Rule]:
    made: list[Rule] = []
    if kind == "string" and rules.HasField("min_len"):
        least = rules.min_len
        text = "must not be empty" if least == 1 else f"must have at least {least} {unit}"
        made.append(Rule(f"{kind}.min_len", text, lambda value: len(value) >= least))
    if rules.HasField("max_len"):
        most = rules.max_len
        text = f"must have at most {most} {unit}"
        made.append(Rule(f"{kind}.max_len", text, lambda value: len(value) <= most))
    return made


def _enum_rules(field: Any, rules: Any) -> list[Rule]:
    _only(field.full_name, rules, {"defined_only", "not_in", "in"})
    made: list[Rule] = []
    if rules.defined_only:
        values = field.enum_type.values_by_number
        text = "must be a value of the contract"
        made.append(Rule("enum.defined_only", text, frozenset(values).__contains__))
    if rules.not_in:
        excluded = frozenset(rules.not_in)
        text = f"must be set, and not {_names(field, excluded)}"
        made.append(Rule("enum.not_in", text, lambda value: value not in excluded))
    allowed = frozenset(getattr(rules, "in"))
    if allowed:
        text = f"must be one of {_names(field, allowed)}"
        made.append(Rule("enum.in", text, allowed.__contains__))
    return made


def _names(field: Any, numbers: Iterable[int]) -> str:
    values = field.enum_type.values_by_number
    return ", ".join(values[number].name for number in sorted(numbers))


def _integer_rules(where: str, kind: str, rules: Any) -> list[Rule]:
    _only(where, rules, {"gt", "gte", "lt", "lte"})
    bounds: list[str] = []
    low = high = None
    if rules.HasField("gt"):
        low, text = rules.gt + 1, f"greater than {rules.gt}"
        bounds.append(text)
    if rules.HasField("gte"):
        low, text = rules.gte, f"at least {rules.gte}"
        bounds.append(text)
    if rules.HasField("lt"):
        high, text = rules.lt - 1, f"less than {rules.lt}"
        bounds.append(text)
    if rules.HasField("lte"):
        high, text = rules.lte, f"at most {rules.lte}"
        bounds.append(text)
    if not bounds:
        return []
    if low is not None and high is not None and low > high:
        raise UnknownRule(f"{where}: a range that excludes its own middle is not known")
    names = [name for name in ("gt", "gte", "lt", "lte") if rules.HasField(name)]
    # A range answers in C; nothing on the wire lies outside of 64 bits.
    inside = range(-(2**63) if low is None else low, 2**64 if high is None else high + 1)
    text = f"must be {' and '.join(bounds)}"
    return [Rule(f"{kind}.{'_'.join(names)}", text, inside.__contains__)]


# ---- checks of fields --------------------------------------------------------------------------


def _run_all(checks: list[Check]) -> Check:
    def run(message: Any, path: str, found: Found) -> None:
        for check in checks:
            check(message, path, found)

    return run


def _oneof_check(name: str) -> Check:
    def check(message: Any, path: str, found: Found) -> None:
        if message.WhichOneof(name) is None:
            found.append(Violation(path + name, "exactly one must be set", "required"))

    return check


def _required_check(name: str) -> Check:
    def check(message: Any, path: str, found: Found) -> None:
        if not message.HasField(name):
            found.append(Violation(path + name, "must be set", "required"))

    return check


def _quick(rules: list[Rule]) -> Callable[[Any], bool]:
    if len(rules) == 1:
        return rules[0].keeps
    first, second, *others = (rule.keeps for rule in rules)
    if not others:
        return lambda value: first(value) and second(value)
    return lambda value: all(rule.keeps(value) for rule in rules)


def _flat_check(fields: list[_Flat]) -> Check:
    """One read of all fields, one quick question each; only then what exactly is wrong."""
    names = [field.name for field in fields]
    single = attrgetter(names[0])
    get = attrgetter(*names) if len(names) > 1 else lambda message: (single(message),)
    quick = [field.quick for field in fields]

    def check(message: Any, path: str, found: Found) -> None:
        for value, keeps in zip(get(message), quick, strict=True):
            if not keeps(value):
                _look_closely(fields, message, path, found)
                return

    return check


def _look_closely(fields: list[_Flat], message: Any, path: str, found: Found) -> None:
    for field in fields:
        value = getattr(message, field.name)
        if field.presence and not message.HasField(field.name):
            continue
        for rule in field.rules:
            if not rule.keeps(value):
                found.append(Violation(path + field.name, rule.text, rule.rule_id))


def _nested_check(name: str, inner: Check) -> Check:
    def check(message: Any, path: str, found: Found) -> None:
        if message.HasField(name):
            inner(getattr(message, name), f"{path}{name}.", found)

    return check


def _each_check(name: str, inner: Check) -> Check:
    def check(message: Any, path: str, found: Found) -> None:
        for index, item in enumerate(getattr(message, name)):
            inner(item, f"{path}{name}[{index}].", found)

    return check


def _repeated_checks(field: FieldDescriptor, rules: Any) -> Iterable[Check]:
    _only(field.full_name, rules, {"min_items", "max_items", "items"})
    name = field.name
    least = rules.min_items if rules.HasField("min_items") else 0
    most = rules.max_items if rules.HasField("max_items") else None

    def count(message: Any, path: str, found: Found) -> None:
        size = len(getattr(message, name))
        if size < least:
            text = f"must have at least {least} item{'s' if least > 1 else ''}"
            found.append(Violation(path + name, text, "repeated.min_items"))
        if most is not None and size > most:
            found.append(
                Violation(path + name, f"must have at most {most} items", "repeated.max_items")
            )

    yield count
    if rules.HasField("items"):
        kind = rules.items.WhichOneof("type") or ""
        _only(field.full_name, rules.items, {kind})
        yield _items_check(name, _value_rules(field, kind, getattr(rules.items, kind)))


def _items_check(name: str, rules: list[Rule]) -> Check:
    def check(message: Any, path: str, found: Found) -> None:
        for index, value in enumerate(getattr(message, name)):
            for rule in rules:
                if not rule.keeps(value):
                    found.append(Violation(f"{path}{name}[{index}]", rule.text, rule.rule_id))

    return check
