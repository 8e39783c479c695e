"""Canonical counts: what a prompt comes to, and what an answer has come to so far.
Tokenizers themselves are in `encodings`; what is billed of a count is told by the endings.
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
    encode,
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


_ENDS_A_PIECE = frozenset(' \n.,;:!?)("，。、；：！？')
"""What cannot continue a word or a number in either encoding's pattern."""

_TAIL_CHARACTERS = 256
"""Tails shorter than this are not worth settling."""

_LAST_SETTLED_LETTER = "\uffdc"
"""Letters up to here are letters in every Unicode version that the tokenizers may know."""


def settled_length(text: str) -> int:
    """How many characters at the start can be counted apart from whatever follows.

    Both patterns cut a text from left to right into pieces, each tokenized for itself, and a
    piece of letters or of digits ends where a mark or a blank follows. So the count of a whole is
    the sum of the counts on both sides of such a place. 0 when there is none.
    """
    for place in range(len(text) - 1, 0, -1):
        if text[place] in _ENDS_A_PIECE:
            before = text[place - 1]
            if before.isascii() and before.isalnum():
                return place
            if before <= _LAST_SETTLED_LETTER and before.isalpha():
                return place
    return 0


class TextCount:
    """The canonical count of one growing text, always that of the whole text joined."""

    __slots__ = ("_counted_tail", "_encoding", "_pending", "_settled", "_tail")

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self._encoding = encoding
        self._settled = 0
        self._tail = ""
        self._counted_tail = 0
        self._pending: list[str] = []

    def add(self, text: str) -> None:
        """Join a piece; nothing is counted until it is asked for."""
        self._pending.append(text)

    def tokens(self) -> int:
        """The exact count; raises Uncountable."""
        if self._pending:
            self._settle(self._tail + "".join(self._pending))
            self._pending.clear()
        return self._settled + self._counted_tail

    def _settle(self, text: str) -> None:
        if len(text) > _TAIL_CHARACTERS:
            place = settled_length(text)
            if place:
                self._settled += count(self._encoding, text[:place])
                text = text[place:]
        self._tail = text
        self._counted_tail = count(self._encoding, text)

    def beginning(self, text: str, tokens: int) -> str:
        """The longest beginning of `text` by which the count would grow by `tokens` at the most."""
        self.tokens()
        kept = encode(self._encoding, self._tail + text)[: self._counted_tail + max(tokens, 0)]
        whole = self._encoding.decode_bytes(kept).decode("utf-8", errors="ignore")
        # A beginning of a text may come to more tokens by itself than it did inside the text.
        while len(whole) > len(self._tail) and count(self._encoding, whole) > len(kept):
            whole = whole[:-1]
        return whole[len(self._tail) :]


class AnswerCount:
    """The canonical output of a call, by choice and by channel of each choice.

    Channels are what a choice says (`text`), thinks (`reasoning`), refuses (`refusal`) and each of
    its tool calls; the texts of one channel are counted joined.
    """

    __slots__ = ("_encoding", "_exact", "_open_bytes", "_texts")

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self._encoding = encoding
        self._texts: dict[tuple[int, str], TextCount] = {}
        self._exact = 0
        self._open_bytes = 0

    def add(self, choice: int, channel: str, text: str) -> None:
        """Join a piece to its channel."""
        key = choice, channel
        counted = self._texts.get(key)
        if counted is None:
            counted = self._texts[key] = TextCount(self._encoding)
        counted.add(text)
        self._open_bytes += len(text) if text.isascii() else len(text.encode())

    def at_most(self) -> int:
        """A bound that costs nothing: the last exact count and a token for every byte since."""
        return self._exact + self._open_bytes

    def tokens(self) -> int:
        """The exact count over all choices; raises Uncountable."""
        if self._open_bytes:
            self._exact = sum(text.tokens() for text in self._texts.values())
            self._open_bytes = 0
        return self._exact

    def of_choice(self, choice: int) -> int:
        """The exact count of one choice; raises Uncountable."""
        return sum(text.tokens() for key, text in self._texts.items() if key[0] == choice)

    def of_channel(self, channel: str) -> int:
        """The exact count of one channel over all choices; raises Uncountable."""
        return sum(text.tokens() for key, text in self._texts.items() if key[1] == channel)

    def beginning(self, choice: int, channel: str, text: str, tokens: int) -> str:
        """The longest beginning of `text` by which its channel grows by `tokens` at the most."""
        counted = self._texts.get((choice, channel)) or TextCount(self._encoding)
        return counted.beginning(text, tokens)

    def grown_by(self, text: str) -> int:
        """About how many tokens a piece is worth; raises Uncountable."""
        return count(self._encoding, text)
