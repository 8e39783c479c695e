"""Versions of the metering policy.

Which one an instrument is counted by stands in its specification, see `instruments`.
"""

from typing import Final

from thegrid.v1 import instruments_pb2
from thegrid_exchange.api.convert.common import Names, optional_time
from thegrid_exchange.engine.records import ImageMetering, MeteringPolicy

REASONING: Final = Names(
    instruments_pb2.ReasoningBilling, "REASONING_BILLING", ("counted", "visible", "forbidden")
)


def policy_record(policy: instruments_pb2.MeteringPolicyVersion) -> MeteringPolicy:
    """A policy as the engine's record; the engine gives it its version and time."""
    return MeteringPolicy(
        version=0,
        tokenizer=policy.tokenizer,
        request_tokens=policy.request_tokens,
        message_tokens=policy.message_tokens,
        tool_tokens=policy.tool_tokens,
        tool_call_tokens=policy.tool_call_tokens,
        schema_tokens=policy.schema_tokens,
        images=ImageMetering(
            *(getattr(policy.images, name) for name in ImageMetering._fields),
        ),
        reasoning=REASONING.word(policy.reasoning),
        divergence_per_mille=policy.divergence_per_mille,
        divergence_floor_tokens=policy.divergence_floor_tokens,
        input_tokens=policy.input_tokens,
    )


def policy_message(policy: MeteringPolicy) -> instruments_pb2.MeteringPolicyVersion:
    """One version of the policy."""
    figures = policy._asdict()
    defined_at_us = figures.pop("defined_at_us")
    figures["images"] = instruments_pb2.ImageMetering(**policy.images._asdict())
    figures["reasoning"] = REASONING.wire(policy.reasoning)
    return instruments_pb2.MeteringPolicyVersion(
        **figures, define_time=optional_time(defined_at_us or None)
    )
