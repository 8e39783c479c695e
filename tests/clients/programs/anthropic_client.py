"""anthropic for Python, as it comes: messages, tools, counts, models, errors, calls let go of.

Only base URL and key are changed; the model's name is one of the family, and an alias here.
"""

import asyncio
import unittest
from typing import Any

import anthropic
import pydantic
from scene import CITY, DEMO, KEY, LIMITED_KEY, ORIGIN, POOR_KEY, SCRIPTED, TEXT, Scene

CLIENT = anthropic.Anthropic(base_url=ORIGIN, api_key=KEY, max_retries=0)
TOOL: Any = {"name": "weather", "description": "The weather", "input_schema": CITY}
CLAUDE = "claude-opus-5"


class Weather(pydantic.BaseModel):
    city: str
    degrees: int


def asked(text: Any, **changes: Any) -> dict[str, Any]:
    messages = text if isinstance(text, list) else [{"role": "user", "content": text}]
    return {"model": CLAUDE, "max_tokens": 200, "messages": messages, **changes}


class Messages(Scene):
    def test_plain(self) -> None:
        message = CLIENT.messages.create(**asked("hi", system="Be brief."))
        self.assertEqual(message.content[0].text, TEXT)
        self.assertEqual((message.stop_reason, message.role), ("end_turn", "assistant"))
        self.assertEqual(message.usage.output_tokens, 32)
        self.assert_in_spec(message.id)

    def test_streamed(self) -> None:
        with CLIENT.messages.stream(**asked("hi")) as stream:
            self.assertEqual("".join(stream.text_stream), TEXT)
            self.assertEqual(stream.get_final_message().usage.output_tokens, 32)
        kinds = [event.type for event in CLIENT.messages.create(**asked("hi"), stream=True)]
        self.assertEqual(kinds[:2], ["message_start", "content_block_start"])
        self.assertEqual(kinds[-3:], ["content_block_stop", "message_delta", "message_stop"])

    def test_tools_over_two_turns(self) -> None:
        first = CLIENT.messages.create(**asked("mode=tools", tools=[TOOL]))
        self.assertEqual(first.stop_reason, "tool_use")
        (use,) = [block for block in first.content if block.type == "tool_use"]
        self.assertEqual((use.name, use.input), ("weather", {"city": "Ulm"}))
        result = {"type": "tool_result", "tool_use_id": use.id, "content": "sunny"}
        turns = [
            {"role": "user", "content": "mode=tools"},
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result]},
        ]
        last = CLIENT.messages.create(**asked(turns, tools=[TOOL]))
        self.assertEqual(last.content[0].text, TEXT)

    def test_tools_run_by_the_client(self) -> None:
        @anthropic.beta_tool
        def weather(city: str) -> str:
            """The weather of a city."""
            return f"sunny in {city}"

        runner = CLIENT.beta.messages.tool_runner(**asked("mode=tools", tools=[weather]))
        turns = list(runner)
        self.assertEqual([turn.stop_reason for turn in turns], ["tool_use", "end_turn"])

    def test_structured(self) -> None:
        message = CLIENT.messages.parse(**asked("Ulm?", model=DEMO), output_format=Weather)
        self.assertEqual(message.parsed_output, Weather(city="demo", degrees=0))

    def test_thinking(self) -> None:
        thinking = {"type": "enabled", "budget_tokens": 1_024}
        message = CLIENT.messages.create(
            **asked("mode=reason", thinking=thinking, max_tokens=2_000)
        )
        self.assertEqual([block.type for block in message.content], ["thinking", "text"])

    def test_cut_short(self) -> None:
        message = CLIENT.messages.create(**asked("mode=gap:0", max_tokens=5))
        self.assertEqual(message.stop_reason, "max_tokens")

    def test_cancelled(self) -> None:
        with CLIENT.messages.stream(**asked("mode=hang:8")) as stream:
            for event in stream:
                if event.type == "text":
                    break
            usage_id = stream.current_message_snapshot.id
        self.assert_cancelled(usage_id)

    def test_asynchronous(self) -> None:
        async def story() -> None:
            async with anthropic.AsyncAnthropic(base_url=ORIGIN, api_key=KEY) as client:
                messages = await asyncio.gather(
                    *(client.messages.create(**asked("hi")) for _ in range(8))
                )
                self.assertEqual({one.content[0].text for one in messages}, {TEXT})

        asyncio.run(story())


class Rest(Scene):
    def test_counted_beforehand(self) -> None:
        whole = asked("How is it?", tools=[TOOL], system="Be brief.")
        message = CLIENT.messages.create(**whole)
        whole.pop("max_tokens")
        counted = CLIENT.messages.count_tokens(**whole)
        cached = message.usage.cache_read_input_tokens or 0
        self.assertEqual(counted.input_tokens, message.usage.input_tokens + cached)

    def test_models(self) -> None:
        self.assertLessEqual({SCRIPTED, DEMO}, {one.id for one in CLIENT.models.list()})
        self.assertEqual(CLIENT.models.retrieve(CLAUDE).id, SCRIPTED)

    def test_a_limit_of_the_key(self) -> None:
        limited = CLIENT.with_options(api_key=LIMITED_KEY)
        limited.messages.create(**asked("hi"))
        with self.assertRaises(anthropic.RateLimitError) as refused:
            limited.messages.create(**asked("hi"))
        self.assertEqual(refused.exception.body["error"]["type"], "rate_limit_error")
        self.assertTrue(1 <= int(refused.exception.response.headers["retry-after"]) <= 60)

    def test_errors(self) -> None:
        cases: list[tuple[type[anthropic.APIStatusError], int, Any, dict[str, Any]]] = [
            (anthropic.AuthenticationError, 401, CLIENT.with_options(api_key="key_x.y"), {}),
            (anthropic.APIStatusError, 402, CLIENT.with_options(api_key=POOR_KEY), {}),
            (anthropic.NotFoundError, 404, CLIENT, {"model": "gpt-4o"}),
            (anthropic.BadRequestError, 400, CLIENT, {"messages": []}),
            (anthropic.BadRequestError, 400, CLIENT, {"max_tokens": 0}),
            (anthropic.BadRequestError, 400, CLIENT, {"extra_body": {"temperature": 7}}),
        ]
        for kind, status, client, changes in cases:
            with self.assertRaises(kind) as refused:
                client.messages.create(**{**asked("hi"), **changes})
            self.assertEqual(refused.exception.status_code, status, changes)
            self.assertEqual(refused.exception.body["type"], "error")
            self.assertTrue(refused.exception.request_id)
        with self.assertRaises(anthropic.InternalServerError):
            CLIENT.messages.create(**asked("mode=http:500"))
        with (
            self.assertRaises(anthropic.APIError),
            CLIENT.messages.stream(**asked("mode=die:4")) as stream,
        ):
            stream.get_final_message()


if __name__ == "__main__":
    unittest.main(verbosity=2)
