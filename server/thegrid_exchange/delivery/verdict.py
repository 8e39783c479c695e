"""Whether a delivery kept its instrument's promise: time to first token and throughput.
What a verdict costs whom is told by the endings and settled by the engine.
"""

from typing import NamedTuple

from thegrid_exchange.engine.records import InstrumentSpec, TokenCounts

JUDGED_FROM_TOKENS = 64
"""Shorter answers say nothing about throughput."""


class Timing(NamedTuple):
    """When things happened in an attempt, on the steady clock."""

    handed_us: int
    first_us: int | None = None
    """First token."""
    last_us: int | None = None
    """Last token so far."""
    closed_us: int = 0
    """Time between the two in which the supplier had no window."""

    @property
    def streamed_us(self) -> int:
        """From first to last token, less the time without window."""
        if self.first_us is None or self.last_us is None:
            return 0
        return self.last_us - self.first_us - self.closed_us


def first_token_limit_us(spec: InstrumentSpec, prompt_tokens: int) -> int:
    """How long the first token of a prompt of this size may take."""
    for band in spec.first_token_bands:
        if prompt_tokens <= band.prompt_tokens_max:
            return band.first_token_us_max
    return spec.first_token_bands[-1].first_token_us_max


def judged_tokens(spec: InstrumentSpec, counts: TokenCounts) -> int:
    """Tokens whose throughput is judged; vectors stand for those of their inputs."""
    return counts.completion_tokens if spec.embedding is None else counts.prompt_tokens


def is_too_slow(spec: InstrumentSpec, timing: Timing, tokens: int) -> bool:
    """Whether the judged tokens came more slowly than promised, time without window left out."""
    if tokens < JUDGED_FROM_TOKENS:
        return False
    return tokens * 1_000_000 < spec.tokens_per_second_min * timing.streamed_us


def unseen_reasoning_tokens(
    spec: InstrumentSpec, claimed_tokens: int, room_tokens: int, speed: int, duration_us: int
) -> int:
    """Reasoning that the client did not see and that bills all the same.

    Only where the instrument allows it, within the call's cap (`room_tokens` are left of it),
    and no faster than the supplier's verified `speed` in tokens per second.
    """
    if not spec.unseen_reasoning_allowed:
        return 0
    producible = speed * duration_us // 1_000_000
    return max(min(claimed_tokens, room_tokens, producible), 0)
