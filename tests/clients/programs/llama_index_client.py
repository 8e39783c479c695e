"""LlamaIndex's OpenAILike against the gateway: complete, chat, stream, tools, structure, leaving.

The client under it is OpenAI's own, whose details are tried elsewhere.
"""

import asyncio
import gc
import unittest
from typing import Any

import openai
import pydantic
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike
from scene import BASE_URL, DEMO, KEY, OLD_TEXT, SCRIPTED, TEXT, Scene


class Weather(pydantic.BaseModel):
    """The weather of a city."""

    city: str
    degrees: int


def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


def model(name: str = SCRIPTED, **more: Any) -> Any:
    kinds = {"is_chat_model": True, "is_function_calling_model": True, "context_window": 8_192}
    asked = {"model": name, "api_base": BASE_URL, "api_key": KEY, "max_retries": 0}
    return OpenAILike(**{**asked, **kinds, **more})


def user(text: str) -> Any:
    return ChatMessage(role="user", content=text)


class Chat(Scene):
    def test_plain(self) -> None:
        answer = model().chat([user("hi")])
        self.assertEqual(answer.message.content, TEXT)
        self.assert_in_spec(answer.raw.id)
        self.assertEqual(model().complete("hi").text, TEXT)

    def test_streamed(self) -> None:
        pieces = list(model().stream_chat([user("hi")]))
        self.assertEqual("".join(piece.delta or "" for piece in pieces), TEXT)

    def test_tools_over_two_turns(self) -> None:
        tool = FunctionTool.from_defaults(weather)
        turns = [user("mode=tools")]
        first = model().chat_with_tools([tool], chat_history=turns)
        (call,) = model().get_tool_calls_from_response(first)
        self.assertEqual((call.tool_name, call.tool_kwargs), ("weather", {"city": "Ulm"}))
        said = tool.call(**call.tool_kwargs)
        turns += [
            first.message,
            ChatMessage(
                role="tool", content=str(said), additional_kwargs={"tool_call_id": call.tool_id}
            ),
        ]
        last = model().chat_with_tools([tool], chat_history=turns)
        self.assertEqual(last.message.content, TEXT)

    def test_structured(self) -> None:
        shaped = model(DEMO).as_structured_llm(Weather)
        self.assertEqual(shaped.chat([user("Ulm?")]).raw, Weather(city="demo", degrees=0))

    def test_legacy_completions(self) -> None:
        old = model(is_chat_model=False, is_function_calling_model=False)
        self.assertEqual(old.complete("hi", max_tokens=16).text, OLD_TEXT)
        said = "".join(piece.delta or "" for piece in old.stream_complete("hi", max_tokens=16))
        self.assertEqual(said, OLD_TEXT)

    def test_at_once(self) -> None:
        async def story() -> None:
            answers = await asyncio.gather(*(model().achat([user("hi")]) for _ in range(8)))
            self.assertEqual({answer.message.content for answer in answers}, {TEXT})

        asyncio.run(story())

    def test_errors(self) -> None:
        with self.assertRaises(openai.NotFoundError):
            model("gpt-4o").chat([user("hi")])
        with self.assertRaises(openai.AuthenticationError):
            model(api_key="key_x.y").chat([user("hi")])
        with self.assertRaises(openai.APIError):
            list(model().stream_chat([user("mode=die:4")]))

    def test_cancelled(self) -> None:
        stream = model().stream_chat([user("mode=hang:8")])
        first = next(stream)
        stream.close()
        # This client lets go of a connection with the objects that hold it.
        del stream
        gc.collect()
        self.assert_cancelled(first.raw.id)


if __name__ == "__main__":
    unittest.main(verbosity=2)
