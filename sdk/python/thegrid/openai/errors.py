"""The error of the OpenAI mapping.

What a caller makes of it, an HTTP status or a failed delivery, is the caller's business.
"""


class MappingError(ValueError):
    """A value has no place in JSON, or a field that should hold JSON does not."""
