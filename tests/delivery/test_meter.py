"""The canonical counts: joined texts, incremental counts equal to whole ones, hostile runs."""

import socket
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from thegrid_exchange.delivery import answer_count
from thegrid_exchange.delivery.answer_count import (
    BLOCK_CHARACTERS,
    JOINT_TOKENS,
    AnswerCount,
    TextCount,
    settled_length,
)
from thegrid_exchange.delivery.encodings import (
    ENCODINGS,
    HOSTILE_RUN,
    Uncountable,
    UnknownEncoding,
    _installed_ranks,
    count,
    encoding_named,
)
from thegrid_exchange.delivery.images import Size
from thegrid_exchange.delivery.meter import (
    ContextExceeded,
    Prompt,
    PromptImage,
    PromptRefused,
    PromptText,
    count_prompt,
    spell_prompt,
)
from thegrid_exchange.engine.rules.metering import FIRST_POLICY

WORDS = st.sampled_from(
    [
        *(
            "the ",
            "quick",
            " brown\n",
            "fox's",
            "DON'T",
            "über",
            "中文，",
            "日本語。",
            "12345",
            "3.14 ",
        ),
        *(
            "\n\n",
            "   ",
            "\t",
            "foo(bar)",
            '{"a": 1}',
            "…",
            "é",
            "e\u0301",
            "😀",
            "👩\u200d👧",
            "'s",
        ),
        *(
            "'ll ",
            "aB",
            "ABC ",
            "!!!",
            "//",
            "\r\n",
            "नमस्ते ",
            "สวัสดี",
            "Ünï",
            "\u200b",
            "ǅ",
            "ⅷ",
            "x.",
            "=== ",
            "|---|\n",
            "//\n",
            "/",
            " =",
            "'\r\n",
        ),
    ]
)
TEXTS = st.lists(st.one_of(WORDS, st.text(max_size=12)), max_size=60)


@pytest.mark.parametrize("name", ENCODINGS)
@settings(max_examples=300, deadline=None)
@given(pieces=TEXTS)
@example(pieces=["a" * 300, " b" * 200, "c'", "s d"])
@example(pieces=["1234567 ", "89" * 200, ". x" * 90])
def test_a_growing_text_counts_like_the_whole(name: str, pieces: list[str]) -> None:
    encoding = encoding_named(name)
    growing, joined = TextCount(encoding), ""
    for piece in pieces * 4:
        growing.add(piece)
        joined += piece
        if len(piece) % 3 == 0:
            assert growing.tokens() == count(encoding, joined)
    assert growing.tokens() == count(encoding, joined)


@pytest.mark.parametrize("name", ENCODINGS)
@settings(max_examples=300, deadline=None)
@given(left=TEXTS, right=TEXTS)
def test_both_sides_of_a_settled_place_count_apart(
    name: str, left: list[str], right: list[str]
) -> None:
    encoding, text = encoding_named(name), "".join(left + right)
    place = settled_length(text)
    parts = count(encoding, text[:place]) + count(encoding, text[place:])
    assert parts == count(encoding, text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("one two", 3),
        ("=== ==", 3),
        ("=\n=", 2),
        ("=\n/", 0),
        ("=\n\n", 0),
        ("= ", 1),
        ("==", 0),
        ("\u200b =", 0),
    ],
)
def test_where_a_piece_surely_ends(text: str, place: int) -> None:
    assert settled_length(text) == place


@pytest.mark.parametrize("name", ENCODINGS)
@settings(max_examples=300, deadline=None)
@given(left=TEXTS, right=TEXTS)
@example(left=["a" * 7], right=["ab" * 900])
@example(left=["=" * 63], right=["=-" * 900])
@example(left=["1"], right=["1234567890" * 100])
def test_a_joint_is_worth_a_few_tokens_at_most(
    name: str, left: list[str], right: list[str]
) -> None:
    encoding, before, after = encoding_named(name), "".join(left), "".join(right)
    parts = count(encoding, before) + count(encoding, after)
    assert count(encoding, before + after) <= parts + JOINT_TOKENS


@pytest.mark.parametrize("piece", ["=" * 999 + " ", "|---|---|\n", "== != >= \n", "{} {}\n\n"])
def test_signs_alone_keep_a_short_tail(piece: str) -> None:
    encoding = encoding_named("o200k_base")
    growing = TextCount(encoding)
    for _ in range(60_000 // len(piece)):
        growing.add(piece)
        growing.tokens()
        assert len(growing._tail) <= len(piece) + 256
    assert growing.tokens() == count(encoding, piece * (60_000 // len(piece)))


@pytest.mark.parametrize("run", ["=", "ab1", "9", "\u0e2a\u0e27"])
async def test_an_endless_run_is_counted_in_blocks_until_it_has_ended(run: str) -> None:
    encoding = encoding_named("o200k_base")
    growing, joined, piece = TextCount(encoding), "", run * 300
    while len(joined) < 5 * BLOCK_CHARACTERS:
        growing.add(piece)
        joined += piece
        exact = count(encoding, joined)
        assert abs(growing.tokens() - exact) <= 5 * JOINT_TOKENS
    assert growing.is_close
    await growing.finish()
    assert not growing.is_close
    assert growing.tokens() == count(encoding, joined)
    growing.add(" and words again")
    assert growing.tokens() == count(encoding, joined + " and words again")


async def test_each_part_of_an_endless_run_costs_its_own_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise one member's dull answer would keep everybody waiting."""
    encoded, real = list[int](), answer_count.count

    def noted(encoding: Any, text: str) -> int:
        encoded.append(len(text))
        return real(encoding, text)

    monkeypatch.setattr(answer_count, "count", noted)
    growing = TextCount(encoding_named("o200k_base"))
    for _ in range(300):
        growing.add("=" * 1_000)
        growing.tokens()
    assert max(encoded) <= BLOCK_CHARACTERS
    assert sum(encoded) < 300 * 1.5 * BLOCK_CHARACTERS


def test_long_prose_keeps_a_short_tail() -> None:
    growing = TextCount(encoding_named("o200k_base"))
    for _ in range(2_000):
        growing.add("The quick brown fox jumps over the lazy dog. ")
        growing.tokens()
    assert len(growing._tail) < 1_000
    assert growing.tokens() == 20_001


@settings(max_examples=200, deadline=None)
@given(before=TEXTS, text=TEXTS, tokens=st.integers(0, 40))
def test_a_beginning_never_grows_the_count_by_more(
    before: list[str], text: list[str], tokens: int
) -> None:
    encoding = encoding_named("o200k_base")
    counted = TextCount(encoding)
    counted.add("".join(before))
    start = counted.tokens()
    kept = counted.beginning("".join(text), tokens)
    assert "".join(text).startswith(kept)
    assert count(encoding, "".join(before) + kept) - start <= tokens


def test_a_beginning_is_as_long_as_can_be() -> None:
    counted = TextCount(encoding_named("o200k_base"))
    assert counted.beginning("one two three four", 2) == "one two"
    assert counted.beginning("one two three four", 9) == "one two three four"
    assert counted.beginning("one two", 0) == ""


def test_answers_are_counted_joined_by_choice_and_channel() -> None:
    answer = AnswerCount(encoding_named("o200k_base"))
    for piece in ("un", "believ", "able"):
        answer.add(0, "text", piece)
        answer.add(1, "text", piece)
    answer.add(0, "reasoning", "hm")
    assert answer.at_most() == 26
    whole = count(encoding_named("o200k_base"), "unbelievable")
    assert answer.tokens() == 2 * whole + 1
    assert answer.at_most() == answer.tokens()
    assert answer.of_choice(0) == whole + 1
    assert answer.of_channel("reasoning") == 1


async def test_a_prompt_is_its_texts_and_what_the_policy_adds() -> None:
    policy = FIRST_POLICY._replace(schema_tokens=5)
    low, high = PromptImage(True, None), PromptImage(False, Size(640, 480))
    prompt = Prompt(
        [PromptText("messages[0].content", "Say hello"), PromptText("tools[0]", "lookup")],
        messages=2, tools=1, tool_calls=1, images=(high, low, low), schemas=1,
    )  # fmt: skip
    assert await count_prompt(prompt, "o200k_base", policy, 10_000) == (
        3
        + policy.request_tokens
        + 2 * policy.message_tokens
        + policy.tool_tokens
        + policy.tool_call_tokens
        + policy.schema_tokens
        + policy.images.unknown_size_tokens
        + 2 * policy.images.low_tokens
    )


async def test_prompts_given_as_tokens_count_as_they_are_and_are_spelled() -> None:
    tokens = encoding_named("o200k_base").encode_ordinary("Once upon a time")
    prompt = Prompt([], messages=0, tokens={0: tokens, 1: tokens[:2]}, field="prompt")
    counted = await count_prompt(prompt, "o200k_base", FIRST_POLICY, 1_000)
    assert counted == FIRST_POLICY.request_tokens + len(tokens) + 2
    assert await spell_prompt(prompt, "o200k_base") == {0: "Once upon a time", 1: "Once upon"}
    with pytest.raises(ContextExceeded):
        await count_prompt(prompt, "o200k_base", FIRST_POLICY, 5)
    strange = Prompt([], messages=0, tokens={3: [1 << 30]}, field="prompt")
    with pytest.raises(PromptRefused) as refused:
        await spell_prompt(strange, "o200k_base")
    assert refused.value.field == "prompt[3]"


async def test_special_tokens_are_ordinary_text() -> None:
    prompt = Prompt([PromptText("messages[0].content", "<|endoftext|>")], messages=1)
    assert await count_prompt(prompt, "o200k_base", FIRST_POLICY, 1_000) > 7


@pytest.mark.parametrize("blank", [" ", "\t", "\n", " \t", "\u3000"])
async def test_a_million_blanks_are_refused_by_field(blank: str) -> None:
    prompt = Prompt([PromptText("messages[3].content", "x" + blank * 1_000_000)], messages=4)
    with pytest.raises(PromptRefused) as refused:
        await count_prompt(prompt, "o200k_base", FIRST_POLICY, 10_000_000)
    assert refused.value.field == "messages[3].content"


def test_the_tokenizer_does_panic_without_the_guard() -> None:
    encoding = encoding_named("o200k_base")
    with pytest.raises(BaseException, match="StackOverflow") as raised:
        encoding.encode_ordinary(" " * 1_000_000)
    assert not isinstance(raised.value, Exception)
    assert count(encoding, "x" + " " * (HOSTILE_RUN - 1)) > 0
    with pytest.raises(Uncountable):
        count(encoding, "x" + " " * HOSTILE_RUN)


@pytest.mark.parametrize("before", [0, 1, 32_767, 32_768, 50_001, 200_000])
def test_a_hostile_run_is_found_wherever_it_stands(before: int) -> None:
    encoding = encoding_named("o200k_base")
    prose = ("word " * (before // 5 + 1))[:before]
    with pytest.raises(Uncountable):
        count(encoding, prose + "x" + " " * HOSTILE_RUN + "x" + prose)
    assert count(encoding, prose + "x" + " " * (HOSTILE_RUN - 1) + "x" + prose)


async def test_what_is_surely_too_long_is_not_counted() -> None:
    prompt = Prompt([PromptText("messages[0].content", "a" * 1_000_000)], messages=1)
    with pytest.raises(ContextExceeded):
        await count_prompt(prompt, "o200k_base", FIRST_POLICY, 1_000)


def test_ranks_come_from_an_installed_package_without_the_network() -> None:
    program = (
        "import socket\n"
        "def forbidden(*_, **__): raise AssertionError('network')\n"
        "socket.socket.connect = socket.create_connection = forbidden\n"
        "from thegrid_exchange.delivery.encodings import *\n"
        "print([count(encoding_named(n), 'hello world') for n in ENCODINGS])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[2, 2]"
    assert socket.socket.connect is not None


def test_changed_ranks_are_not_used() -> None:
    with pytest.raises(ValueError, match="not the published file"):
        _installed_ranks("https://example/o200k_base.tiktoken", "0" * 64)


def test_an_unknown_tokenizer_is_named() -> None:
    with pytest.raises(UnknownEncoding, match="word_salad"):
        encoding_named("word_salad")
