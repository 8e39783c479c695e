"""instructor against the gateway: structure by tools, by schema, in pieces, tried anew, refused.

The client under it is OpenAI's own, whose details are tried elsewhere.
"""

import unittest
from typing import Any

import instructor
import openai
import pydantic
from scene import BASE_URL, DEMO, KEY, SCRIPTED, Scene


class Weather(pydantic.BaseModel):
    """The weather of a city."""

    city: str
    degrees: int


class Never(pydantic.BaseModel):
    """Nothing that is said fits it."""

    city: str

    @pydantic.field_validator("city")
    @classmethod
    def refuse(cls, value: str) -> str:
        raise ValueError("no city will do")


def client(mode: Any = instructor.Mode.TOOLS, key: str = KEY) -> Any:
    plain = openai.OpenAI(base_url=BASE_URL, api_key=key, max_retries=0)
    return instructor.from_openai(plain, mode=mode)


def asked(text: str = "Ulm?", model: str = DEMO, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


class Structure(Scene):
    def test_by_each_way(self) -> None:
        modes = instructor.Mode
        for mode in (modes.TOOLS, modes.JSON_SCHEMA):
            said = client(mode).chat.completions.create(**asked(), response_model=Weather)
            self.assertEqual((said.city, said.degrees), ("demo", 0), mode)

    def test_with_the_completion(self) -> None:
        said, completion = client().chat.completions.create_with_completion(
            **asked(), response_model=Weather
        )
        self.assertEqual(said.city, "demo")
        self.assert_in_spec(completion.id)

    def test_in_pieces(self) -> None:
        *_, last = client().chat.completions.create_partial(**asked(), response_model=Weather)
        self.assertEqual((last.city, last.degrees), ("demo", 0))
        many = list(client().chat.completions.create_iterable(**asked(), response_model=Weather))
        self.assertEqual([(one.city, one.degrees) for one in many], [("demo", 0)])

    def test_from_a_tool_call_in_pieces(self) -> None:
        class Place(pydantic.BaseModel):
            model_config = pydantic.ConfigDict(title="weather")
            city: str

        Place.__name__ = "weather"
        said = client().chat.completions.create(
            **asked("mode=tools", SCRIPTED), response_model=Place
        )
        self.assertEqual(said.city, "Ulm")

    def test_what_never_fits(self) -> None:
        with self.assertRaises(Exception) as failed:
            client().chat.completions.create(**asked(), response_model=Never, max_retries=2)
        self.assertIn("no city will do", str(failed.exception))

    def test_errors(self) -> None:
        cases: list[tuple[str, Any, dict[str, Any]]] = [
            ("model_not_found", client(), asked(model="gpt-4o")),
            ("invalid_api_key", client(key="key_x.y"), asked()),
            ("supplier_failed", client(), asked("mode=http:500", SCRIPTED)),
        ]
        for code, caller, call in cases:
            with self.assertRaises(Exception) as refused:
                caller.chat.completions.create(**call, response_model=Weather, max_retries=1)
            self.assertIn(code, str(refused.exception))


if __name__ == "__main__":
    unittest.main(verbosity=2)
