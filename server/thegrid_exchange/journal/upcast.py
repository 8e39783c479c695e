"""Frozen functions that lift records of old shape to the next one, forever.
The shapes of today live in the engine; a function here is never edited once released.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Fields = list[Any]
Upcast = Callable[[Fields], tuple[str, Fields]]
"""Takes the fields of one tagged record in the old order, gives the next tag and its fields."""

UPCASTS: Mapping[str, Upcast] = MappingProxyType({})
"""Old tag -> function. `Name` is a record's first shape, `Name@2` its second, and so on.

A field added at the end with a default needs no entry. Any other change does: add the function
under the tag that was current until now, and the codec writes the next one from then on. A record
nested without a tag is lifted by the function of the record that holds it.
"""
