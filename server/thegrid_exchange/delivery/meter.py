"""The canonical count of a prompt: its texts, and what the metering policy adds for all else.
Answers as they grow are counted in `answer_count`; tokenizers themselves are in `encodings`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import tiktoken

from thegrid_exchange.delivery.encodings import (
    LONGEST_TOKEN_BYTES,
    Uncountable,
    count,
    ready_encoding,
    spelled,
)
from thegrid_exchange.delivery.images import Size
from thegrid_exchange.engine.records import ImageMetering, MeteringPolicy

OFF_LOOP_CHARACTERS = 32_768
"""Longer texts are counted on a thread (about a millisecond), so that the loop stays free."""


class PromptImage(NamedTuple):
    """An image of the prompt."""

    is_low: bool
    """Whether `low` detail is asked for."""
    size: Size | None
    """None when it is not known."""


class PromptText(NamedTuple):
    """A text of the prompt, and where in the request it stands."""

    field: str
    text: str


class Prompt(NamedTuple):
    """All of a request that is counted."""

    texts: Sequence[PromptText]
    messages: int
    tools: int = 0
    tool_calls: int = 0
    images: Sequence[PromptImage] = ()
    schemas: int = 0
    """Schemas that the answer must keep to."""
    tokens: Mapping[int, Sequence[int]] = MappingProxyType({})
    """Prompts that were given as tokens, by their places; a token counts as one."""
    field: str = "messages"
    """Where in the request it stands."""


class PromptRefused(Exception):
    """A prompt that cannot be counted: the field at fault and why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.field, self.message = field, message


class ContextExceeded(Exception):
    """A prompt so long that it need not be counted to be too long."""

    def __init__(self, least_tokens: int) -> None:
        super().__init__(least_tokens)
        self.least_tokens = least_tokens


async def count_prompt(
    prompt: Prompt, tokenizer: str, policy: MeteringPolicy, context_tokens: int
) -> int:
    """Canonical tokens of a prompt. Raises PromptRefused, ContextExceeded, UnknownEncoding."""
    encoding = await ready_encoding(tokenizer)
    characters = sum(len(text) for _, text in prompt.texts)
    least_tokens = characters // LONGEST_TOKEN_BYTES + sum(map(len, prompt.tokens.values()))
    if least_tokens > context_tokens:
        raise ContextExceeded(least_tokens)
    if characters > OFF_LOOP_CHARACTERS:
        tokens = await asyncio.to_thread(_count_texts, prompt.texts, encoding)
    else:
        tokens = _count_texts(prompt.texts, encoding)
    return tokens + (
        policy.request_tokens
        + policy.message_tokens * prompt.messages
        + policy.tool_tokens * prompt.tools
        + policy.tool_call_tokens * prompt.tool_calls
        + policy.schema_tokens * prompt.schemas
        + sum(map(len, prompt.tokens.values()))
        + sum(image_tokens(policy.images, image) for image in prompt.images)
    )


async def spell_prompt(prompt: Prompt, tokenizer: str) -> dict[int, str]:
    """What prompts spell that came as tokens, by their places. Raises PromptRefused."""
    if not prompt.tokens:
        return {}
    encoding = await ready_encoding(tokenizer)

    def spell() -> dict[int, str]:
        texts = {}
        for place, tokens in prompt.tokens.items():
            try:
                texts[place] = spelled(encoding, tokens)
            except Uncountable as error:
                field = f"{prompt.field}[{place}]"
                raise PromptRefused(field, f"{field} cannot be read: {error}") from error
        return texts

    return await asyncio.to_thread(spell)


def image_tokens(rule: ImageMetering, image: PromptImage) -> int:
    """What an image counts for: by tiles where the policy counts them and the size is known."""
    if image.is_low:
        return rule.low_tokens
    if not rule.tile_px or image.size is None:
        return rule.unknown_size_tokens
    long_px, short_px = max(image.size), min(image.size)
    if rule.long_side_px and long_px > rule.long_side_px:
        long_px, short_px = rule.long_side_px, short_px * rule.long_side_px // long_px
    if rule.short_side_px and short_px > rule.short_side_px:
        long_px, short_px = long_px * rule.short_side_px // short_px, rule.short_side_px
    tiles = -(-long_px // rule.tile_px) * -(-max(short_px, 1) // rule.tile_px)
    return rule.base_tokens + rule.tile_tokens * tiles


def _count_texts(texts: Sequence[PromptText], encoding: tiktoken.Encoding) -> int:
    tokens = 0
    for field, text in texts:
        try:
            tokens += count(encoding, text)
        except Uncountable as error:
            raise PromptRefused(field, f"{field} cannot be counted: {error}") from error
    return tokens
