"""Replies with vectors as the pipe sees them: places, lengths, and what is no vector of numbers."""

import math
import random
import struct

import pytest

from thegrid.v1 import embeddings_pb2
from thegrid_exchange.api.embeddings import part_of

BIGGEST = struct.unpack("<f", struct.pack("<I", 0x7F7FFFFF))[0]
SMALLEST = struct.unpack("<f", struct.pack("<I", 1))[0]


def reply(*vectors: list[float]) -> embeddings_pb2.EmbeddingReply:
    made = embeddings_pb2.EmbeddingReply()
    for place, values in enumerate(vectors):
        made.embeddings.add(index=place, values=values)
    return made


def test_each_vector_is_seen_with_its_place_and_length() -> None:
    part = part_of(reply([1.0, 2.0], [], [0.5]))
    assert part.vectors == ((0, 2), (1, 0), (2, 1))
    assert part.finishes == ((0, "stop"), (1, "stop"), (2, "stop"))
    assert [piece.text for piece in part.pieces] == ["", "", ""]
    assert part.payload is not None
    assert part_of(reply()).payload is None


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, 3, 7])
def test_a_vector_with_what_is_no_number_has_no_length(odd: float, place: int) -> None:
    values = [BIGGEST, -BIGGEST, 0.0, -0.0, SMALLEST, 1.0, 1.7014118346046923e38, -1e38]
    assert part_of(reply(values)).vectors == ((0, 8),)
    values[place] = odd
    assert part_of(reply(values)).vectors == ((0, 0),)


def test_any_bits_are_judged_as_numbers_are() -> None:
    rng = random.Random(11)
    for _ in range(300):
        content = rng.randbytes(12)
        values = list(struct.unpack("<3f", content))
        is_finite = all(map(math.isfinite, values))
        assert part_of(reply(values)).vectors == ((0, 3 if is_finite else 0),)
