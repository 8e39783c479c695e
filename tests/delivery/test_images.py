"""Sizes of images from their first bytes, and what an image of a size counts for."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thegrid_exchange.delivery.images import HEAD_BYTES, Size, size_of, size_of_url
from thegrid_exchange.delivery.meter import PromptImage, image_tokens
from thegrid_exchange.engine.records import ImageMetering

TILES = ImageMetering(
    low_tokens=85,
    unknown_size_tokens=765,
    tile_px=512,
    tile_tokens=170,
    base_tokens=85,
    long_side_px=2_048,
    short_side_px=768,
)


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIB", 13, b"IHDR", width, height, 8)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(3)


def jpeg(width: int, height: int, profile_bytes: int = 0) -> bytes:
    profile = b""
    while profile_bytes > 0:
        length = min(profile_bytes, 65_000)
        profile += b"\xff\xe2" + struct.pack(">H", length + 2) + bytes(length)
        profile_bytes -= length
    frame = b"\xff\xff\xc2" + struct.pack(">HBHHB", 11, 8, height, width, 3)
    return b"\xff\xd8\xff\xe0\x00\x04JF" + profile + frame + bytes(16)


def webp_lossy(width: int, height: int) -> bytes:
    frame = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height)
    return b"RIFF\x00\x00\x00\x00WEBPVP8 " + struct.pack("<I", len(frame)) + frame


def webp_lossless(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    return b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f" + struct.pack("<I", bits)


def webp_extended(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + bytes(4) + sides


KINDS = [png, gif, jpeg, webp_lossy, webp_lossless, webp_extended]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (640, 480), (3, 16_383)])
def test_every_kind_tells_its_size(kind: object, size: tuple[int, int]) -> None:
    content = kind(*size)  # type: ignore[operator]
    assert size_of(content) == size
    encoded = base64.b64encode(content).decode()
    assert size_of_url(f"data:image/any;base64,{encoded}") == size
    assert size_of_url(f"DATA:image/any;charset=x;BASE64,{encoded.rstrip('=')}") == size


def test_a_jpeg_tells_its_size_behind_a_profile_and_not_behind_an_endless_one() -> None:
    assert size_of(jpeg(30, 20, profile_bytes=150_000)) == (30, 20)
    endless = base64.b64encode(jpeg(30, 20, profile_bytes=2 * HEAD_BYTES)).decode()
    assert size_of_url(f"data:image/jpeg;base64,{endless}") is None


@pytest.mark.parametrize(
    "url",
    ["", "data:", "data:image/png;base64,", "data:image/png,plain", "data:image/png;base64,A",
     "https://example.com/a.png", "data:image/png;base64,!!!!", "data:;base64," + "A" * 4000],
)  # fmt: skip
def test_what_tells_no_size_has_none(url: str) -> None:
    assert size_of_url(url) is None


@given(st.binary(max_size=64), st.sampled_from(KINDS), st.integers(0, 60))
def test_no_bytes_break_the_reading(noise: bytes, kind: object, cut: int) -> None:
    size_of(noise)
    size_of(kind(7, 9)[:cut] + noise)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("size", "tokens"),
    [
        ((512, 512), 255),  # the published examples of this rule
        ((1_024, 1_024), 765),
        ((2_048, 4_096), 1_105),
        ((4_096, 2_048), 1_105),
        ((1, 1), 255),
        ((65_535, 1), 765),
    ],
)
def test_tiles_are_counted_after_scaling(size: tuple[int, int], tokens: int) -> None:
    assert image_tokens(TILES, PromptImage(False, Size(*size))) == tokens


def test_without_size_or_tiles_the_policy_names_a_figure() -> None:
    flat = TILES._replace(tile_px=0)
    assert image_tokens(TILES, PromptImage(False, None)) == 765
    assert image_tokens(flat, PromptImage(False, Size(9, 9))) == 765
    assert image_tokens(TILES, PromptImage(True, Size(9_000, 9_000))) == 85
