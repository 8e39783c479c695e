"""What the inputs of a call for embeddings come to, and what is refused of them."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.market import EMBED_SPEC, VECTORS
from thegrid_exchange.delivery.embedding import CountedInputs, count_inputs
from thegrid_exchange.delivery.encodings import Uncountable, encoding_named, spelled
from thegrid_exchange.delivery.parts import EmbeddingAsk, Failure
from thegrid_exchange.engine.rules.metering import FIRST_POLICY

ENCODING = encoding_named("cl100k_base")


def terms(metering: Any = FIRST_POLICY, **changes: Any) -> Any:
    """Terms of an embedding instrument."""
    spec = EMBED_SPEC._replace(embedding=VECTORS._replace(inputs_max=20), **changes)
    return SimpleNamespace(contract=SimpleNamespace(spec=spec), metering=metering)


async def counted(*inputs: Any, dimensions: int | None = None, **changes: Any) -> Any:
    return await count_inputs(EmbeddingAsk(inputs, dimensions), terms(**changes))


async def test_each_input_counts_for_itself_and_what_the_policy_adds() -> None:
    text = "The quick brown fox, and 12,345 others."
    tokens = ENCODING.encode_ordinary(text)
    first = await counted(text, tokens)
    assert first == CountedInputs(2 * len(tokens), 384, {1: text})
    policy = FIRST_POLICY._replace(input_tokens=3)
    assert (await counted(text, tokens, metering=policy)).tokens == 2 * len(tokens) + 6


async def test_long_inputs_count_the_same_off_the_loop() -> None:
    text = "plain words again and again " * 1_300
    one = len(ENCODING.encode_ordinary(text))
    assert (await counted(text, text)).tokens == 2 * one > 13_000


@pytest.mark.parametrize(
    ("inputs", "changes", "reason", "field", "limit", "value"),
    [
        (["word " * 8_000] * 3, {"context_tokens_min": 20_000}, "CONTEXT_EXCEEDED", "input",
         20_000, 24_003),
        (["a", "word " * 8_192], {}, "CONTEXT_EXCEEDED", "input[1]", 8_192, 8_193),
        ([[1] * 8_193], {}, "CONTEXT_EXCEEDED", "input[0]", 8_192, 8_193),
        (["x" * 2_560_128], {"context_tokens_min": 20_000}, "CONTEXT_EXCEEDED", "input",
         20_000, 20_001),
        (["a"] * 21, {}, "TOO_LARGE", "input", 20, 21),
        ([" " * 66_000], {}, "CONTENT_REFUSED", "input[0]", None, None),
        (["a"], {"metering": None}, "CONTENT_REFUSED", "instrument", None, None),
        (["a"], {"tokenizer": "p50k_base"}, "CONTENT_REFUSED", "instrument", None, None),
        (["a"], {"dimensions": 383}, "FIELD_NOT_HONOURED", "dimensions", 384, 383),
        (["a"], {"dimensions": 385}, "FIELD_NOT_HONOURED", "dimensions", 384, 385),
    ],
)  # fmt: skip
async def test_what_the_instrument_does_not_take_is_refused_by_field(
    inputs: list[Any],
    changes: dict[str, Any],
    reason: str,
    field: str,
    limit: int | None,
    value: int | None,
) -> None:
    failure = await counted(*inputs, **changes)
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.field) == (reason, field)
    assert (failure.limit, failure.value) == (limit, value)


def test_tokens_spell_their_text_and_special_ones_none() -> None:
    for text in ("hello world", "grüße \U0001f600 漢字", "\ufffd", "a" * 100):
        assert spelled(ENCODING, ENCODING.encode_ordinary(text)) == text
    for token in (-1, 100_256, 100_257, 100_276, 100_277, 2**31 - 1):
        with pytest.raises(Uncountable, match=str(token)):
            spelled(ENCODING, [token])
