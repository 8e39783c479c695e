"""A request and replies that use every field of OpenAI's chat completions.

What must hold of them is said in the tests of the mapping.
"""

from typing import Any

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
MESSAGES: list[dict[str, Any]] = [
    {"role": "developer", "content": "Be brief.", "name": "dev"},
    {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?", "cache_control": {"type": "ephemeral"}},
            {
                "type": "image_url",
                "image_url": {"url": "data:image/png;base64,AA", "detail": "low"},
            },
            {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
            {"type": "file", "file": {"file_id": "f"}},
        ],
    },
    {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "audio": {"id": "a"},
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "weather", "arguments": '{"city": "Ulm" }', "x": 1},
                "extra": True,
            },
            {"id": "call_2", "type": "custom", "custom": {"name": "c", "input": "i"}},
        ],
    },
    {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}], "refusal": "No."},
    {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
    {"role": "assistant", "content": "So.", "reasoning_content": "Because."},
    {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
    {"role": "user", "content": []},
    {"role": "user", "content": "", "unknown": {"deep": [1, {"er": None}]}},
]
REQUEST: dict[str, Any] = {
    "model": "text-prime",
    "messages": MESSAGES,
    "audio": {"voice": "alloy", "format": "mp3"},
    "frequency_penalty": -0.25,
    "function_call": "auto",
    "functions": [{"name": "f", "parameters": SCHEMA}],
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "max_completion_tokens": 256,
    "max_tokens": 128,
    "metadata": {"a": "b"},
    "modalities": ["text"],
    "moderation": {"level": "low"},
    "n": 2,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "foo"},
    "presence_penalty": 1,
    "prompt_cache_key": "k",
    "prompt_cache_options": {"a": 1},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "low",
    "response_format": {
        "type": "json_schema",
        "json_schema": {
            "name": "s",
            "description": "d",
            "schema": SCHEMA,
            "strict": True,
            "more": 1,
        },
        "more": [],
    },
    "safety_identifier": "s",
    "seed": 42,
    "service_tier": "auto",
    "stop": ["a", "b"],
    "store": False,
    "stream": True,
    "stream_options": {"include_usage": True, "include_obfuscation": False},
    "temperature": 0.7,
    "tool_choice": {"type": "function", "function": {"name": "weather"}},
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "description": "d",
                "parameters": SCHEMA,
                "strict": False,
                "more": None,
            },
            "more": {"x": 1.5},
        },
        {"type": "custom", "custom": {"name": "c", "format": {"type": "text"}}},
    ],
    "top_logprobs": 5,
    "top_p": 1.0,
    "user": "u",
    "verbosity": "low",
    "web_search_options": {"search_context_size": "low"},
    "future_field": {"a": [1, 2.5, None, True, "x"]},
}
USAGE: dict[str, Any] = {
    "prompt_tokens": 9,
    "completion_tokens": 12,
    "total_tokens": 21,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 3,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
    "cost": 0.5,
}
LOGPROBS = {"content": [{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}]}
COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_760_000_000,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hi",
                "refusal": None,
                "annotations": [],
                "audio": None,
            },
            "logprobs": LOGPROBS,
            "finish_reason": "stop",
            "stop_reason": None,
        }
    ],
    "usage": USAGE,
    "system_fingerprint": "fp",
    "service_tier": "default",
    "prompt_logprobs": None,
}
CHUNK: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1_760_000_000,
    "model": "m",
    "choices": [
        {
            "index": 1,
            "delta": {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"index": 0, "id": "c", "type": "function", "function": {"arguments": ""}}
                ],
            },
            "logprobs": None,
            "finish_reason": None,
        }
    ],
    "usage": None,
    "obfuscation": "abc",
}

ODD_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    2**31,
    2**63,
    2**80,
    -(2**63) - 1,
    1e300,
    "",
    "text",
    "\ud800 alone",
    [],
    {},
    [None],
    [1, "a"],
    [{}],
    [[]],
    {"a": {"b": []}},
]
