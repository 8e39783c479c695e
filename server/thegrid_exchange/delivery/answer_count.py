"""The canonical count of an answer while it grows, always that of each channel's whole text joined.
Tokenizers themselves are in `encodings`; what is billed of a count is told by the endings.
"""

import asyncio
from typing import Final

import tiktoken

from thegrid_exchange.delivery.encodings import count, encode, refuse_hostile

JOINT_TOKENS: Final = 8
"""By no more than this a text counts for more than its two halves: only what lies across the joint
is cut otherwise, and a few characters beside it.
"""

BLOCK_CHARACTERS: Final = 8_192
"""A text that cannot be settled for so long, such as one endless run of a sign, is counted in
blocks while it grows, and once as a whole when it has ended.
"""

_ENDS_A_PIECE = frozenset(' \n.,;:!?)("，。、；：！？')
"""What cannot continue a word or a number in either encoding's pattern."""

_TAIL_CHARACTERS = 256
"""Tails shorter than this are not worth settling."""

_LAST_SETTLED_LETTER = "\uffdc"
"""Letters up to here are letters in every Unicode version that the tokenizers may know."""


def settled_length(text: str, known: int = 0) -> int:
    """How many characters at the start can be counted apart from whatever follows.

    Both patterns cut a text from left to right into pieces, each tokenized for itself. So the
    count of a whole is the sum of the counts on both sides of a place where a piece surely ends.
    0 when there is none; up to `known` there is none, and nobody looks.
    """
    for place in range(len(text) - 1, known, -1):
        if _ends_before(text[place - 1], text[place]):
            return place
    return 0


def _ends_before(before: str, after: str) -> bool:
    """Whether a piece ends between two characters, whatever stands around them.

    No piece goes on with a blank after anything else; letters and digits end before a mark; a
    break is the last of its piece, unless more breaks or a slash follow.
    """
    is_sign = "!" <= before <= "~"
    if after == " " and is_sign:
        return True
    if before == "\n":
        return "!" <= after <= "~" and after != "/"
    if after not in _ENDS_A_PIECE:
        return False
    return (is_sign and before.isalnum()) or (before <= _LAST_SETTLED_LETTER and before.isalpha())


class TextCount:
    """The canonical count of one growing text, always that of the whole text joined."""

    __slots__ = (
        "_block_characters",
        "_block_tokens",
        "_counted_tail",
        "_encoding",
        "_pending",
        "_settled",
        "_tail",
    )

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self._encoding = encoding
        self._settled = 0
        self._tail = ""
        self._counted_tail = 0
        self._block_characters = self._block_tokens = 0
        self._pending: list[str] = []

    def add(self, text: str) -> None:
        """Join a piece; nothing is counted until it is asked for."""
        self._pending.append(text)

    def tokens(self) -> int:
        """The exact count, or a close one while `is_close`; raises Uncountable."""
        if self._pending:
            self._settle(self._tail + "".join(self._pending))
            self._pending.clear()
        return self._settled + self._counted_tail

    @property
    def is_close(self) -> bool:
        """Whether an endless run was counted in blocks, perhaps some tokens beside the truth."""
        return self._block_characters > 0

    async def finish(self) -> None:
        """Make the count exact, off the loop where that takes long; raises Uncountable."""
        self.tokens()
        if self.is_close:
            self._counted_tail = await asyncio.to_thread(count, self._encoding, self._tail)
            self._block_characters = self._block_tokens = 0

    def _settle(self, text: str) -> None:
        refuse_hostile(text)
        if len(text) > _TAIL_CHARACTERS:
            looked_at = len(self._tail) - 1 if len(self._tail) > _TAIL_CHARACTERS else 0
            place = settled_length(text, looked_at)
            if place:
                self._settled += count(self._encoding, text[:place])
                text = text[place:]
                self._block_characters = self._block_tokens = 0
        self._tail = text
        while len(text) - self._block_characters > BLOCK_CHARACTERS:
            end = self._block_characters + BLOCK_CHARACTERS
            self._block_tokens += count(self._encoding, text[self._block_characters : end])
            self._block_characters = end
        rest = text[self._block_characters :]
        self._counted_tail = self._block_tokens + count(self._encoding, rest)

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

    __slots__ = ("_encoding", "_exact", "_open_tokens", "_texts")

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self._encoding = encoding
        self._texts: dict[tuple[int, str], TextCount] = {}
        self._exact = 0
        self._open_tokens = 0

    def add(self, choice: int, channel: str, text: str, most_tokens: int = 0) -> None:
        """Join a piece to its channel; it is worth `most_tokens`, or as many as it has bytes."""
        key = choice, channel
        counted = self._texts.get(key)
        if counted is None:
            counted = self._texts[key] = TextCount(self._encoding)
        counted.add(text)
        self._open_tokens += most_tokens or (len(text) if text.isascii() else len(text.encode()))

    def at_most(self) -> int:
        """A bound that costs nothing: the last exact count, and what the pieces since are worth."""
        return self._exact + self._open_tokens

    def tokens(self) -> int:
        """The exact count over all choices; raises Uncountable."""
        if self._open_tokens:
            self._exact = sum(text.tokens() for text in self._texts.values())
            self._open_tokens = 0
        return self._exact

    async def finish(self) -> None:
        """The answer has ended: make every count exact; raises Uncountable."""
        for text in self._texts.values():
            await text.finish()
        self._exact = sum(text.tokens() for text in self._texts.values())
        self._open_tokens = 0

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

    def worth(self, text: str) -> int:
        """The tokens of a piece for itself; joined it is worth a few more at most, or raises
        Uncountable.
        """
        return count(self._encoding, text)
