"""LangChain's ChatOpenAI against the gateway: invoke, stream, tools, structure, errors, leaving.

The client under it is OpenAI's own, whose details are tried elsewhere.
"""

import asyncio
import unittest
from typing import Any

import openai
import pydantic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from scene import BASE_URL, DEMO, EMBED, KEY, SCRIPTED, TEXT, Scene


class Weather(pydantic.BaseModel):
    """The weather of a city."""

    city: str
    degrees: int


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


def model(name: str = SCRIPTED, **more: Any) -> Any:
    return ChatOpenAI(model=name, base_url=BASE_URL, api_key=KEY, max_retries=0, **more)


class Chat(Scene):
    def test_plain(self) -> None:
        answer = model().invoke("hi")
        self.assertEqual(answer.content, TEXT)
        self.assertEqual(answer.usage_metadata["output_tokens"], 32)
        self.assert_in_spec(answer.response_metadata["id"])

    def test_streamed(self) -> None:
        pieces = list(model(stream_usage=True).stream("hi"))
        self.assertEqual("".join(piece.content for piece in pieces), TEXT)
        whole = pieces[0]
        for piece in pieces[1:]:
            whole += piece
        self.assertEqual(whole.usage_metadata["output_tokens"], 32)

    def test_tools_over_two_turns(self) -> None:
        knows = model().bind_tools([weather])
        turns: list[Any] = [HumanMessage("mode=tools")]
        first = knows.invoke(turns)
        (call,) = first.tool_calls
        self.assertEqual((call["name"], call["args"]), ("weather", {"city": "Ulm"}))
        turns += [first, ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"])]
        self.assertEqual(knows.invoke(turns).content, TEXT)

    def test_structured(self) -> None:
        for method in ("json_schema", "function_calling"):
            shaped = model(DEMO).with_structured_output(Weather, method=method)
            self.assertEqual(shaped.invoke("Ulm?"), Weather(city="demo", degrees=0))

    def test_through_responses(self) -> None:
        answer = model(use_responses_api=True).invoke("hi")
        self.assertEqual(answer.text, TEXT)
        said = "".join(piece.text for piece in model(use_responses_api=True).stream("hi"))
        self.assertEqual(said, TEXT)

    def test_embeddings(self) -> None:
        # It would fetch a tokenizer to cut long texts, which is ours to refuse.
        more = {"check_embedding_ctx_length": False}
        maker = OpenAIEmbeddings(model=EMBED, base_url=BASE_URL, api_key=KEY, **more)
        vectors = maker.embed_documents(["reset my password", "rain in Ulm"])
        self.assertEqual(len(vectors), 2)
        self.assertEqual(len(maker.embed_query("x")), len(vectors[0]))

    def test_at_once(self) -> None:
        async def story() -> None:
            answers = await model().abatch(["hi"] * 8)
            self.assertEqual({answer.content for answer in answers}, {TEXT})
            pieces = [piece.content async for piece in model().astream("hi")]
            self.assertEqual("".join(pieces), TEXT)

        asyncio.run(story())

    def test_errors(self) -> None:
        with self.assertRaises(openai.NotFoundError):
            model("gpt-4o").invoke("hi")
        with self.assertRaises(openai.AuthenticationError):
            ChatOpenAI(model=SCRIPTED, base_url=BASE_URL, api_key="key_x.y").invoke("hi")
        with self.assertRaises(openai.APIError):
            list(model().stream("mode=die:4"))
        with self.assertRaises(openai.InternalServerError):
            model().invoke("mode=http:500")

    def test_cancelled(self) -> None:
        stream = model().stream("mode=hang:8")
        first = next(stream)
        while not first.response_metadata.get("id") and not first.id:
            first = next(stream)
        stream.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
