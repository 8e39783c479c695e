"""How large an image of a prompt is, read from its first bytes; nothing is decoded or fetched.
What an image of a size counts for is the metering policy's, see `meter`.
"""

import base64
import binascii
from typing import Final, NamedTuple

HEAD_BYTES: Final = 262_144
"""A JPEG may carry this much before it tells its size: a profile and a preview."""


class Size(NamedTuple):
    """Width and height in pixels."""

    width_px: int
    height_px: int


def size_of_url(url: str) -> Size | None:
    """The size of an image given as a `data:` address; None for any other and for no known kind."""
    start = url.find(",", 0, 256) + 1
    head = url[: max(start - 1, 0)].lower()
    if not (head.startswith("data:") and head.endswith(";base64")):
        return None
    characters = url[start : start + HEAD_BYTES // 3 * 4]
    try:
        return size_of(base64.b64decode(characters + "=" * (-len(characters) % 4)))
    except (binascii.Error, ValueError):
        return None


def size_of(content: bytes) -> Size | None:
    """The size that the first bytes of an image tell; None when they tell none."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return _size(content[16:20], content[20:24], "big")
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return _size(content[6:8], content[8:10], "little")
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp_size(content)
    if content.startswith(b"\xff\xd8"):
        return _jpeg_size(content)
    return None


def _size(width: bytes, height: bytes, order: str) -> Size | None:
    little = order == "little"
    made = Size(
        int.from_bytes(width, "little" if little else "big"),
        int.from_bytes(height, "little" if little else "big"),
    )
    return made if all(made) else None


def _webp_size(content: bytes) -> Size | None:
    kind, body = content[12:16], content[20:]
    if kind == b"VP8X" and len(body) >= 10:
        return Size(
            int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
        )
    if kind == b"VP8L" and body[:1] == b"\x2f" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) >= 10:
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        return Size(width, height) if width and height else None
    return None


_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG whose segment tells its size."""
_ALONE: Final = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a segment."""


def _jpeg_size(content: bytes) -> Size | None:
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            return _size(content[at + 7 : at + 9], content[at + 5 : at + 7], "big")
        else:
            length = int.from_bytes(content[at + 2 : at + 4], "big")
            if length < 2:
                return None
            at += 2 + length
    return None
