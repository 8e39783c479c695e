"""Embeddings without a model: words and pieces of words, hashed onto signed places of a vector.

Texts that share words, or words of one stem, come out near each other; nothing is understood.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

SPACE = "hashed-ngrams-1"
"""Name of the vector space: whoever follows these rules gets the same vectors."""
DIMENSIONS = 384

_SEED = b"thegrid hashed-ngrams-1"
_PLACES = 8
"""Places that a feature is spread over: enough for two features to be nearly at right angles."""
_WORD = re.compile(r"\w+")
_PIECE_LENGTHS = (3, 4)
_WORD_WEIGHT, _PAIR_WEIGHT, _PIECE_WEIGHT = 1.0, 0.5, 0.35
_SHORT_WORD, _SHORT_WORD_WEIGHT = 3, 0.3
_REMEMBERED = 65_536


def embed(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """Answer the vector of a text: unit length, the same everywhere and at any time.

    Shorter vectors are the beginning of the whole one, brought to unit length again: each place
    holds an equal share of the projection.
    """
    vector = [0.0] * DIMENSIONS
    for feature, weight in _weights(text.lower()).items():
        for place, sign in _projection(feature):
            vector[place] += sign * weight
    return _unit(vector[:dimensions])


def _weights(text: str) -> dict[str, float]:
    """The features of a text; what occurs again and again counts by its logarithm."""
    weights: dict[str, float] = {}
    words = _WORD.findall(text)
    kinds = (
        ("w", _WORD_WEIGHT, words),
        ("p", _PAIR_WEIGHT, [" ".join(pair) for pair in pairwise(words)]),
        ("c", _PIECE_WEIGHT, [piece for word in words for piece in _pieces(word)]),
    )
    for kind, weight, features in kinds:
        for feature, count in Counter(features).items():
            share = _SHORT_WORD_WEIGHT if kind == "w" and len(feature) <= _SHORT_WORD else 1.0
            weights[f"{kind}:{feature}"] = weight * share * (1.0 + math.log(count))
    # A text without words is known by itself alone.
    return weights or {f"t:{text}": 1.0}


def _pieces(word: str) -> Iterator[str]:
    marked = f"^{word}$"
    for length in _PIECE_LENGTHS:
        for start in range(len(marked) - length + 1):
            yield marked[start : start + length]


@lru_cache(_REMEMBERED)
def _projection(feature: str) -> tuple[tuple[int, int], ...]:
    """The places of a feature with their signs: a row of a sparse random projection."""
    digest = blake2b(feature.encode("utf-8", "replace"), digest_size=4 * _PLACES, key=_SEED)
    content = digest.digest()
    numbers = (int.from_bytes(content[at : at + 4], "little") for at in range(0, len(content), 4))
    return tuple((number // 2 % DIMENSIONS, 1 if number % 2 else -1) for number in numbers)


def _unit(vector: list[float]) -> list[float]:
    length = math.sqrt(math.fsum(value * value for value in vector))
    if not length:
        return [1.0, *[0.0] * (len(vector) - 1)]
    return [value / length for value in vector]
