"""Deadlines, repeats and back-off, decided from one file that the SDKs of all languages share.
Nothing here waits or calls: the transports ask what to do and do it.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from thegrid.errors import GridError
from thegrid.methods import Method


@dataclass(frozen=True)
class Backoff:
    """Growing pauses with full jitter, in seconds: anything from nothing to the bound."""

    initial_s: float
    max_s: float
    multiplier: float

    def pause_s(self, failures: int, chance: float) -> float:
        """Return the pause after so many failures in a row; `chance` lies in [0, 1)."""
        bound: float = self.initial_s * self.multiplier ** min(failures - 1, 64)
        return chance * min(self.max_s, bound)


@dataclass(frozen=True)
class RetryRule:
    """How often and after which status codes, or reasons of the exchange, a call is repeated."""

    max_attempts: int
    codes: frozenset[str]
    reasons: frozenset[str]
    backoff: Backoff


@dataclass(frozen=True)
class ServiceRule:
    """What holds for all methods of one service."""

    timeout_s: float
    retry: RetryRule | None


@dataclass(frozen=True)
class StreamRule:
    """How streams come back: after silence, and after which status codes.

    One that never began is given up after `connect_attempts`; one that did is not.
    """

    silence_s: float
    connect_attempts: int
    codes: frozenset[str]
    backoff: Backoff


@dataclass(frozen=True)
class Rules:
    """The whole file."""

    services: dict[str, ServiceRule]
    stream: StreamRule
    budget_tokens: float
    budget_ratio: float
    keepalive_time_ms: int
    ping_timeout_ms: int


@cache
def rules() -> Rules:
    """Return the rules that came with this package."""
    text = resources.files("thegrid").joinpath("service_config.json").read_text("utf-8")
    return read_rules(json.loads(text))


def read_rules(config: dict[str, Any]) -> Rules:
    """Return the rules of a service config in gRPC's own JSON form, with our two additions."""
    services = {
        name["service"]: ServiceRule(
            seconds(entry["timeout"]),
            _retry(entry.get("retryPolicy"), frozenset(config["retryableReasons"])),
        )
        for entry in config["methodConfig"]
        for name in entry["name"]
    }
    streams, keepalive = config["streams"], config["keepalive"]
    return Rules(
        services=services,
        stream=StreamRule(
            seconds(streams["silenceTimeout"]),
            int(streams["connectAttempts"]),
            frozenset(streams["resumableStatusCodes"]),
            _backoff(streams),
        ),
        budget_tokens=float(config["retryThrottling"]["maxTokens"]),
        budget_ratio=float(config["retryThrottling"]["tokenRatio"]),
        keepalive_time_ms=round(seconds(keepalive["time"]) * 1000),
        ping_timeout_ms=round(seconds(keepalive["pingTimeout"]) * 1000),
    )


def seconds(text: str) -> float:
    """Return a duration of proto's JSON form, such as `0.1s`, in seconds."""
    return float(text.removesuffix("s"))


def _retry(entry: dict[str, Any] | None, reasons: frozenset[str]) -> RetryRule | None:
    if entry is None:
        return None
    codes = frozenset(entry["retryableStatusCodes"])
    return RetryRule(int(entry["maxAttempts"]), codes, reasons, _backoff(entry))


def _backoff(entry: dict[str, Any]) -> Backoff:
    return Backoff(
        seconds(entry["initialBackoff"]),
        seconds(entry["maxBackoff"]),
        float(entry["backoffMultiplier"]),
    )


@dataclass
class Budget:
    """Bounds repeats over all calls of a client, so that an ailing exchange is not hammered.

    Each failure takes a token, each success gives a part of one back; below half, none repeats.
    """

    max_tokens: float
    ratio: float
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.max_tokens

    def succeeded(self) -> None:
        """Give back what a success is worth."""
        self.tokens = min(self.max_tokens, self.tokens + self.ratio)

    def failed(self) -> bool:
        """Take a token; tell whether a repeat is still allowed."""
        self.tokens = max(0.0, self.tokens - 1)
        return self.tokens > self.max_tokens / 2


@dataclass
class Attempts:
    """One call from its first attempt to its last, under one deadline.

    Times are seconds of the transport's steady clock.
    """

    method: Method
    rule: ServiceRule
    budget: Budget
    ends_at_s: float
    chance: Callable[[], float] = random.random
    failures: int = 0

    def remaining_s(self, now_s: float) -> float:
        """Return what is left until the deadline; never less than nothing."""
        return max(0.0, self.ends_at_s - now_s)

    def pause_s(self, error: GridError, now_s: float) -> float | None:
        """Return how long to wait before the next attempt, or None when there is to be none.

        The exchange's own RetryInfo is a floor under the pause; a pause that would outlast the
        deadline is not worth beginning.
        """
        self.failures += 1
        retry = self.rule.retry
        if retry is None or not self.method.is_repeatable:
            return None
        if error.code not in retry.codes and error.reason not in retry.reasons:
            return None
        if not self.budget.failed() or self.failures >= retry.max_attempts:
            return None
        pause_s = retry.backoff.pause_s(self.failures, self.chance())
        pause_s += error.retry_after_s or 0.0
        return pause_s if now_s + pause_s < self.ends_at_s else None
