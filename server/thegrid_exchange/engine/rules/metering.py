"""Metering policies: their versions, and how far two counts of one call differ.

Counting itself is the relay's; here is only what a record says of the counts it was told.
"""

from typing import Any, Final

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import PER_MILLE
from thegrid_exchange.engine.records import (
    ImageMetering,
    InstrumentSpec,
    MeteringPolicy,
    TokenCounts,
)
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.state import State

FIRST_POLICY: Final = MeteringPolicy(
    version=1,
    tokenizer="",
    request_tokens=3,
    message_tokens=3,
    tool_tokens=8,
    tool_call_tokens=4,
    schema_tokens=0,
    images=ImageMetering(low_tokens=85, unknown_size_tokens=765),
    reasoning="counted",
    divergence_per_mille=250,
    divergence_floor_tokens=128,
)
"""The version that every exchange begins with; further ones are journaled."""

_FIGURE_MAX: Final = 1_000_000_000
_IMAGE_SIDE_MAX: Final = 65_536


def metering_policy(state: State, version: int) -> MeteringPolicy | None:
    """One version of the policy, or None."""
    if version == FIRST_POLICY.version:
        return FIRST_POLICY
    return state.metering_policies.get(str(version))


def metering_policies(state: State) -> list[MeteringPolicy]:
    """Every version, oldest first."""
    defined = sorted(state.metering_policies.values(), key=lambda policy: policy.version)
    return [FIRST_POLICY, *defined]


def define_metering_policy(
    state: State, command: commands.DefineMeteringPolicy
) -> Rule[replies.MeteringPolicyReply]:
    """Add the next version; which specifications name it is theirs to say."""
    most = state.term("max_metering_policies")
    version = FIRST_POLICY.version + len(state.metering_policies) + 1
    if version > most:
        refuse(
            "TOO_LARGE",
            "policy",
            f"there are {most} versions, the greatest number; name one of them",
            limit=most,
            value=version,
        )
    _check_figures(command.policy, "policy")
    _check_figures(command.policy.images, "policy.images")
    policy = command.policy._replace(version=version, defined_at_us=state.now_us)
    yield events.MeteringPolicyDefined(policy)
    return replies.MeteringPolicyReply(policy)


def check_metering(state: State, spec: InstrumentSpec) -> None:
    """Refuse a specification whose policy does not exist or counts with another tokenizer."""
    version = spec.metering_policy_version
    policy = metering_policy(state, version)
    if policy is None:
        refuse(
            "METERING_POLICY_NOT_FOUND",
            "spec.metering_policy_version",
            f"there is no version {version}; define it first, or name another",
            limit=FIRST_POLICY.version + len(state.metering_policies),
            value=version,
        )
    if policy.tokenizer not in ("", spec.tokenizer):
        refuse(
            "INVALID_ARGUMENT",
            "spec.tokenizer",
            f"must be `{policy.tokenizer}`, with which version {version} counts",
        )


def divergence_tokens(canonical: TokenCounts, by_supplier: TokenCounts | None) -> int | None:
    """By how much the counts of prompt and answer differ, taken apart so that none makes up."""
    if by_supplier is None:
        return None
    return sum(_differences(canonical, by_supplier))


def is_divergent(
    policy: MeteringPolicy, canonical: TokenCounts, by_supplier: TokenCounts | None
) -> bool:
    """Whether the count of prompt or answer differs by more than the policy allows."""
    if by_supplier is None:
        return False
    counted = (canonical.prompt_tokens, canonical.completion_tokens)
    floor_tokens = policy.divergence_floor_tokens
    return any(
        difference > max(tokens * policy.divergence_per_mille // PER_MILLE, floor_tokens)
        for difference, tokens in zip(_differences(canonical, by_supplier), counted, strict=True)
    )


def _differences(canonical: TokenCounts, by_supplier: TokenCounts) -> tuple[int, int]:
    return (
        abs(by_supplier.prompt_tokens - canonical.prompt_tokens),
        abs(by_supplier.completion_tokens - canonical.completion_tokens),
    )


def _check_figures(record: Any, path: str) -> None:
    for name, figure in record._asdict().items():
        if not isinstance(figure, int):
            continue
        most = _IMAGE_SIDE_MAX if name.endswith("_px") else _FIGURE_MAX
        if not 0 <= figure <= most:
            refuse(
                "INVALID_ARGUMENT",
                f"{path}.{name}",
                f"must be 0 to {most}",
                limit=most if figure > 0 else 0,
                value=figure,
            )
