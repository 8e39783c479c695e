"""What the contract says of a method, read from the request that only it takes.
No table is kept by hand: path, kind and safety of a repeat come from the generated descriptors.
"""

from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message

from thegrid.identifiers import new_request_id

Request = TypeVar("Request", bound=Message)
_METHODS: "dict[str, Method]" = {}


@dataclass(frozen=True)
class Method:
    """One method of the contract: `path` as gRPC calls it, `service` and `name` its halves."""

    path: str
    service: str
    name: str
    is_write: bool
    is_repeatable: bool


def method_of(request_type: type[Message]) -> Method:
    """Return the method that takes this request; each request belongs to exactly one.

    Raises TypeError when the message is no request of the contract.
    """
    name = request_type.DESCRIPTOR.full_name
    if name not in _METHODS:
        _METHODS[name] = _find(request_type)
    return _METHODS[name]


def _find(request_type: type[Message]) -> Method:
    described = request_type.DESCRIPTOR
    for service in described.file.services_by_name.values():
        for method in service.methods:
            if method.input_type is described:
                is_read = method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS
                is_write = "request_id" in described.fields_by_name
                path = f"/{service.full_name}/{method.name}"
                return Method(path, service.full_name, method.name, is_write, is_read or is_write)
    raise TypeError(f"{described.full_name} is no request of any method of the contract")


def with_request_id(method: Method, request: Request) -> tuple[Request, str]:
    """Return the request and its id; a write without one gets a fresh one, kept over repeats."""
    if not method.is_write:
        return request, ""
    given: str = getattr(request, "request_id")  # noqa: B009 the field is known to the descriptor
    if given:
        return request, given
    made = new_request_id()
    filled = type(request)()
    filled.CopyFrom(request)
    setattr(filled, "request_id", made)  # noqa: B010
    return filled, made
