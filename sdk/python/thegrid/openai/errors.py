"""The errors of the mappings between the dialects of HTTP and the messages of the exchange.

What a caller makes of them, an HTTP status or a failed delivery, is the caller's business.
"""

from collections.abc import Mapping
from typing import Any


class MappingError(ValueError):
    """A value has no place in JSON, or a field that should hold JSON does not."""


class FieldRefused(MappingError):
    """A field asks for what has no counterpart; `param` is its path, the message what to do.

    `details` are what clients of that dialect look at to go on without the field.
    """

    def __init__(self, param: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.message = message
        self.details = details
