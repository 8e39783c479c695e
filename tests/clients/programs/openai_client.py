"""openai for Python, as it comes: chat, responses, models, errors, and calls that are let go of.

What a call left in the books is asked of the gateway; what the upstream saw is not known here.
"""

import asyncio
import json
import unittest
from typing import Any

import openai
import pydantic
from scene import (
    BASE_URL,
    CITY,
    DEMO,
    EMBED,
    KEY,
    LIMITED_KEY,
    OLD_TEXT,
    POOR_KEY,
    SCRIPTED,
    TEXT,
    Scene,
)

CLIENT = openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0)
TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": CITY}}
RESPONSE_TOOL: Any = {"type": "function", "name": "weather", "parameters": CITY, "strict": True}


class Weather(pydantic.BaseModel):
    city: str
    degrees: int


def user(text: str) -> Any:
    return {"role": "user", "content": text}


class Chat(Scene):
    def test_plain(self) -> None:
        answer = CLIENT.chat.completions.create(model=SCRIPTED, messages=[user("hi")])
        self.assertEqual(answer.choices[0].message.content, TEXT)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertEqual(answer.usage.completion_tokens, 32)
        self.assert_in_spec(answer.id)

    def test_streamed(self) -> None:
        chunks = list(
            CLIENT.chat.completions.create(
                model=SCRIPTED,
                messages=[user("hi")],
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        said = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
        self.assertEqual(said, TEXT)
        self.assertEqual(chunks[-1].usage.completion_tokens, 32)
        self.assert_in_spec(chunks[0].id)

    def test_tools_over_two_turns(self) -> None:
        messages = [user("mode=tools")]
        with CLIENT.chat.completions.stream(
            model=SCRIPTED, messages=messages, tools=[TOOL]
        ) as stream:
            first = stream.get_final_completion()
        (call,) = first.choices[0].message.tool_calls
        self.assertEqual(call.function.name, "weather")
        self.assertEqual(json.loads(call.function.arguments), {"city": "Ulm"})
        said = first.choices[0].message.model_dump(exclude_none=True)
        for one in said["tool_calls"]:
            one["function"].pop("parsed_arguments", None)
        said.pop("parsed", None)
        messages += [said, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
        last = CLIENT.chat.completions.create(model=SCRIPTED, messages=messages, tools=[TOOL])
        self.assertEqual(last.choices[0].message.content, TEXT)

    def test_structured(self) -> None:
        answer = CLIENT.chat.completions.parse(
            model=DEMO, messages=[user("Ulm?")], response_format=Weather
        )
        self.assertEqual(answer.choices[0].message.parsed, Weather(city="demo", degrees=0))
        with CLIENT.chat.completions.stream(
            model=DEMO, messages=[user("Ulm?")], response_format=Weather
        ) as stream:
            parsed = stream.get_final_completion().choices[0].message.parsed
        self.assertEqual(parsed, Weather(city="demo", degrees=0))

    def test_cancelled(self) -> None:
        stream = CLIENT.chat.completions.create(
            model=SCRIPTED, messages=[user("mode=hang:8")], stream=True
        )
        first = next(iter(stream))
        stream.close()
        self.assert_cancelled(first.id)

    def test_asynchronous_calls_at_once(self) -> None:
        async def story() -> None:
            async with openai.AsyncOpenAI(base_url=BASE_URL, api_key=KEY) as client:

                async def one() -> str:
                    stream = await client.chat.completions.create(
                        model=SCRIPTED, messages=[user("mode=gap:1")], stream=True
                    )
                    pieces = [chunk async for chunk in stream]
                    return "".join(p.choices[0].delta.content or "" for p in pieces if p.choices)

                self.assertEqual(set(await asyncio.gather(*(one() for _ in range(16)))), {TEXT})
                task = asyncio.ensure_future(
                    client.chat.completions.create(model=SCRIPTED, messages=[user("mode=hang:4")])
                )
                await asyncio.sleep(0.3)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task

        asyncio.run(story())

    def test_raw_and_streaming_responses(self) -> None:
        raw = CLIENT.chat.completions.with_raw_response.create(
            model=SCRIPTED, messages=[user("hi")]
        )
        self.assertEqual(raw.parse().choices[0].message.content, TEXT)
        self.assert_in_spec(raw.headers["x-grid-request-id"])
        with CLIENT.chat.completions.with_streaming_response.create(
            model=SCRIPTED, messages=[user("hi")], stream=True
        ) as streaming:
            lines = [line for line in streaming.iter_lines() if line]
        self.assertEqual(lines[-1], "data: [DONE]")


class Errors(Scene):
    def call(self, text: str = "hi", client: Any = CLIENT, **changes: Any) -> Any:
        asked = {"model": SCRIPTED, "messages": [user(text)], **changes}
        return client.chat.completions.create(**asked)

    def test_who_asks(self) -> None:
        with self.assertRaises(openai.AuthenticationError) as unknown:
            self.call(client=CLIENT.with_options(api_key="key_x.y"))
        self.assertEqual(unknown.exception.code, "invalid_api_key")
        with self.assertRaises(openai.APIStatusError) as broke:
            self.call(client=CLIENT.with_options(api_key=POOR_KEY))
        self.assertEqual(broke.exception.status_code, 402)
        self.assertEqual(broke.exception.type, "insufficient_quota")

    def test_what_is_asked(self) -> None:
        with self.assertRaises(openai.NotFoundError) as missing:
            self.call(model="gpt-4o")
        self.assertEqual(
            (missing.exception.code, missing.exception.param), ("model_not_found", "model")
        )
        for field, value in {
            "temperature": 9,
            "top_p": "x",
            "n": 0,
            "max_tokens": -1,
            "tools": {},
            "messages": [],
            "stop": 7,
            "response_format": "json",
        }.items():
            with self.assertRaises(openai.BadRequestError) as bad:
                self.call(**{field: value})
            self.assertEqual(bad.exception.param.split(".")[0].split("[")[0], field)
            self.assertEqual(bad.exception.type, "invalid_request_error")

    def test_an_upstream_that_fails(self) -> None:
        with self.assertRaises(openai.InternalServerError) as broke:
            self.call("mode=http:500")
        self.assertEqual(broke.exception.status_code, 502)
        with self.assertRaises(openai.BadRequestError):
            self.call("mode=http:400")
        for mode in ("die:4", "short:4", "errmid:4", "garbage"):
            with self.assertRaises(openai.APIError) as lost:
                list(self.call(f"mode={mode}", stream=True))
            self.assertEqual(lost.exception.code, "supplier_failed", mode)

    def test_a_limit_of_the_key(self) -> None:
        limited = CLIENT.with_options(api_key=LIMITED_KEY)
        self.call(client=limited)
        with self.assertRaises(openai.RateLimitError) as refused:
            self.call(client=limited)
        self.assertEqual(refused.exception.code, "rate_limit_exceeded")
        headers = refused.exception.response.headers
        self.assertTrue(1 <= int(headers["retry-after"]) <= 60)
        self.assertIn("1", refused.exception.message)

    def test_a_busy_upstream_is_tried_again(self) -> None:
        with self.assertRaises(openai.APIStatusError) as busy:
            self.call("mode=http:429")
        self.assertEqual(busy.exception.status_code, 503)
        self.assertEqual(busy.exception.response.headers["x-should-retry"], "true")
        self.assertGreaterEqual(int(busy.exception.response.headers["retry-after"]), 1)


class Responses(Scene):
    def test_plain_and_streamed(self) -> None:
        plain = CLIENT.responses.create(model=SCRIPTED, input="hi")
        self.assertEqual((plain.status, plain.output_text), ("completed", TEXT))
        self.assert_in_spec(plain.id)
        events = list(CLIENT.responses.create(model=SCRIPTED, input="hi", stream=True))
        self.assertEqual([one.sequence_number for one in events], list(range(len(events))))
        self.assertEqual(events[0].type, "response.created")
        self.assertEqual(events[-1].type, "response.completed")
        self.assertEqual(events[-1].response.output_text, TEXT)

    def test_tools_over_two_turns(self) -> None:
        items: list[Any] = [user("mode=tools")]
        first = CLIENT.responses.create(model=SCRIPTED, input=items, tools=[RESPONSE_TOOL])
        (call,) = [item for item in first.output if item.type == "function_call"]
        self.assertEqual(json.loads(call.arguments), {"city": "Ulm"})
        items += first.output
        items.append({"type": "function_call_output", "call_id": call.call_id, "output": "sunny"})
        last = CLIENT.responses.create(model=SCRIPTED, input=items, tools=[RESPONSE_TOOL])
        self.assertEqual(last.output_text, TEXT)

    def test_structured(self) -> None:
        answer = CLIENT.responses.parse(model=DEMO, input="Ulm?", text_format=Weather)
        self.assertEqual(answer.output_parsed, Weather(city="demo", degrees=0))

    def test_cut_short(self) -> None:
        answer = CLIENT.responses.create(model=SCRIPTED, input="mode=gap:0", max_output_tokens=5)
        self.assertEqual(answer.status, "incomplete")
        self.assertEqual(answer.incomplete_details.reason, "max_output_tokens")

    def test_errors(self) -> None:
        with self.assertRaises(openai.NotFoundError):
            CLIENT.responses.create(model="gpt-4o", input="hi")
        with self.assertRaises(openai.BadRequestError) as stored:
            CLIENT.responses.create(model=SCRIPTED, input="hi", store=True)
        self.assertEqual(stored.exception.param, "store")
        with self.assertRaises(openai.APIError):
            list(CLIENT.responses.create(model=SCRIPTED, input="mode=die:4", stream=True))

    def test_cancelled(self) -> None:
        stream = CLIENT.responses.create(model=SCRIPTED, input="mode=hang:8", stream=True)
        created = next(iter(stream))
        for event in stream:
            if event.type == "response.output_text.delta":
                break
        stream.close()
        self.assert_cancelled(created.response.id)


class Others(Scene):
    def test_embeddings(self) -> None:
        texts = ["reset my password", "reset a password", "rain in Ulm"]
        answer = CLIENT.embeddings.create(model=EMBED, input=texts)
        one, like, unlike = (each.embedding for each in answer.data)
        self.assertGreater(self.product(one, like), self.product(one, unlike))
        self.assertGreater(answer.usage.prompt_tokens, 3)
        plain = CLIENT.embeddings.create(model=EMBED, input="x", encoding_format="float")
        self.assertEqual(len(plain.data[0].embedding), len(one))
        with self.assertRaises(openai.BadRequestError):
            CLIENT.embeddings.create(model=EMBED, input=[])
        with self.assertRaises(openai.APIStatusError):
            CLIENT.embeddings.create(model=SCRIPTED, input="x")

    def product(self, one: list[float], other: list[float]) -> float:
        return sum(x * y for x, y in zip(one, other, strict=True))

    def test_legacy_completions(self) -> None:
        plain = CLIENT.completions.create(model=SCRIPTED, prompt="hi")
        self.assertEqual(plain.choices[0].text, OLD_TEXT)
        self.assertEqual(plain.object, "text_completion")
        stream = CLIENT.completions.create(model=SCRIPTED, prompt="hi", stream=True)
        said = "".join(piece.choices[0].text for piece in stream if piece.choices)
        self.assertEqual(said, OLD_TEXT)
        with self.assertRaises(openai.BadRequestError):
            CLIENT.completions.create(model=SCRIPTED, prompt="hi", temperature=9)


class Models(Scene):
    def test_listed_and_looked_up(self) -> None:
        self.assertLessEqual({SCRIPTED, DEMO}, {one.id for one in CLIENT.models.list()})
        self.assertEqual(CLIENT.models.retrieve(DEMO).object, "model")
        with self.assertRaises(openai.NotFoundError):
            CLIENT.models.retrieve("gpt-4o")


if __name__ == "__main__":
    unittest.main(verbosity=2)
