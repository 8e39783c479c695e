"""What answers deliveries for the agent, and how it says that it cannot.

The two there are stand in `upstream.py` and `demo.py`.
"""

from typing import Protocol

from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import code_pb2, error_details_pb2, status_pb2

from thegrid.supplier.call import SupplierCall
from thegrid.v1 import chat_pb2, supply_pb2

REFUSED = supply_pb2.SUPPLIER_FAILURE_KIND_REFUSED
CLIENT_FAULT = supply_pb2.SUPPLIER_FAILURE_KIND_CLIENT_FAULT
FAILED = supply_pb2.SUPPLIER_FAILURE_KIND_FAILED

_MEANINGS = {
    REFUSED: ("SATURATED", code_pb2.UNAVAILABLE),
    CLIENT_FAULT: ("CLIENT_FAULT", code_pb2.INVALID_ARGUMENT),
    FAILED: ("SUPPLIER_FAILED", code_pb2.UNAVAILABLE),
}


class BackendError(Exception):
    """A delivery cannot be answered; `kind` says whose fault it is, `field` what is at fault."""

    def __init__(self, kind: supply_pb2.SupplierFailureKind, message: str, field: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.field = field

    @property
    def word(self) -> str:
        """The reason in lower case, such as `saturated`."""
        return _MEANINGS[self.kind][0].lower()

    def failure(self) -> supply_pb2.SupplierFailure:
        """Answer the failure as it goes over the wire."""
        reason, code = _MEANINGS[self.kind]
        details = [AnyMessage()]
        metadata = {"field": self.field} if self.field else {}
        details[0].Pack(
            error_details_pb2.ErrorInfo(domain="thegrid", reason=reason, metadata=metadata)
        )
        status = status_pb2.Status(code=code, message=self.message[:4_096], details=details)
        return supply_pb2.SupplierFailure(kind=self.kind, status=status)


class Backend(Protocol):
    """Answers deliveries, any number at once."""

    async def start(self) -> None:
        """Make ready; called once, inside the running loop."""
        ...

    async def answer(self, call: SupplierCall) -> chat_pb2.ChatUsage:
        """Send the replies of one delivery; return the own counts once the answer is whole.

        Raises BackendError. Is cancelled when the client has left, and then lets go at once.
        """
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...
