"""LiteLLM as a client of the gateway, as an OpenAI and as an Anthropic provider.

LiteLLM as a gateway of its own is measured in tests/bench, not here.
"""

import asyncio
import json
import unittest
from typing import Any

import litellm
import pydantic
from scene import (
    BASE_URL,
    CITY,
    DEMO,
    EMBED,
    KEY,
    LIMITED_KEY,
    OLD_TEXT,
    ORIGIN,
    POOR_KEY,
    SCRIPTED,
    TEXT,
    Scene,
)

TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": CITY}}


class Weather(pydantic.BaseModel):
    city: str
    degrees: int


def call(text: Any = "hi", name: str = SCRIPTED, **more: Any) -> Any:
    messages = text if isinstance(text, list) else [{"role": "user", "content": text}]
    asked = {
        "model": f"openai/{name}",
        "api_base": BASE_URL,
        "api_key": KEY,
        "num_retries": 0,
        "max_retries": 0,
        **more,
    }
    return litellm.completion(messages=messages, **asked)


class Chat(Scene):
    def test_plain(self) -> None:
        answer = call()
        self.assertEqual(answer.choices[0].message.content, TEXT)
        self.assertEqual(answer.usage.completion_tokens, 32)
        self.assert_in_spec(answer.id)

    def test_streamed(self) -> None:
        chunks = list(call(stream=True, stream_options={"include_usage": True}))
        said = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
        self.assertEqual(said, TEXT)
        self.assertEqual(chunks[-1].usage.completion_tokens, 32)

    def test_tools_over_two_turns(self) -> None:
        turns: list[Any] = [{"role": "user", "content": "mode=tools"}]
        first = call(turns, tools=[TOOL]).choices[0].message
        (used,) = first.tool_calls
        self.assertEqual(json.loads(used.function.arguments), {"city": "Ulm"})
        turns += [first, {"role": "tool", "tool_call_id": used.id, "content": "sunny"}]
        self.assertEqual(call(turns, tools=[TOOL]).choices[0].message.content, TEXT)

    def test_structured(self) -> None:
        answer = call("Ulm?", DEMO, response_format=Weather)
        said = Weather.model_validate_json(answer.choices[0].message.content)
        self.assertEqual(said, Weather(city="demo", degrees=0))

    def test_as_anthropic(self) -> None:
        answer = call(
            model="anthropic/claude-opus-4-1", api_base=ORIGIN, max_tokens=200, tools=[TOOL]
        )
        self.assertEqual(answer.choices[0].message.content, TEXT)
        chunks = call(
            model="anthropic/claude-opus-4-1", api_base=ORIGIN, max_tokens=200, stream=True
        )
        said = "".join(one.choices[0].delta.content or "" for one in chunks)
        self.assertEqual(said, TEXT)

    def test_through_responses(self) -> None:
        answer = litellm.responses(
            model=f"openai/{SCRIPTED}", input="hi", api_base=BASE_URL, api_key=KEY
        )
        self.assertEqual(answer.output[0].content[0].text, TEXT)

    def test_embeddings_and_completions(self) -> None:
        asked = {"api_base": BASE_URL, "api_key": KEY}
        answer = litellm.embedding(
            model=f"openai/{EMBED}", input=["a", "b"], encoding_format="float", **asked
        )
        self.assertEqual([len(one["embedding"]) > 0 for one in answer.data], [True, True])
        told = litellm.text_completion(
            model=f"text-completion-openai/{SCRIPTED}", prompt="hi", **asked
        )
        self.assertEqual(told.choices[0].text, OLD_TEXT)

    def test_at_once(self) -> None:
        async def story() -> None:
            asked = {"model": f"openai/{SCRIPTED}", "api_base": BASE_URL, "api_key": KEY}
            messages = [{"role": "user", "content": "hi"}]
            answers = await asyncio.gather(
                *(litellm.acompletion(messages=messages, **asked) for _ in range(8))
            )
            self.assertEqual({one.choices[0].message.content for one in answers}, {TEXT})

        asyncio.run(story())

    def test_errors(self) -> None:
        cases: list[tuple[type[Exception], dict[str, Any]]] = [
            (litellm.AuthenticationError, {"api_key": "key_x.y"}),
            (litellm.NotFoundError, {"name": "gpt-4o"}),
            (litellm.BadRequestError, {"temperature": 9}),
            (litellm.APIError, {"api_key": POOR_KEY}),
            (litellm.ServiceUnavailableError, {"text": "mode=http:429"}),
        ]
        for kind, changes in cases:
            with self.assertRaises(kind, msg=changes):
                call(**changes)
        call(api_key=LIMITED_KEY)
        with self.assertRaises(litellm.RateLimitError):
            call(api_key=LIMITED_KEY)
        with self.assertRaises(litellm.BadGatewayError):
            call("mode=http:500")
        with self.assertRaises(Exception) as lost:
            list(call("mode=die:4", stream=True))
        self.assertIn("supplier", str(lost.exception).lower())

    def test_cancelled(self) -> None:
        stream = call("mode=hang:8", stream=True)
        first = next(iter(stream))
        stream.completion_stream.close()
        self.assert_cancelled(first.id)


if __name__ == "__main__":
    unittest.main(verbosity=2)
