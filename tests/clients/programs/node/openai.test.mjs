// openai for Node, as it comes: chat, responses, models, errors, and calls that are let go of.
import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { BASE_URL, CITY, DEMO, EMBED, KEY, LIMITED_KEY, OLD_TEXT, POOR_KEY, SCRIPTED, TEXT, assertEnded } from "./scene.mjs";

const client = new OpenAI({ baseURL: BASE_URL, apiKey: KEY, maxRetries: 0 });
const hi = [{ role: "user", content: "hi" }];
const tool = { type: "function", function: { name: "weather", parameters: CITY } };
const Weather = z.object({ city: z.string(), degrees: z.int().min(0) });
const say = (content, more = {}) =>
  client.chat.completions.create({
    model: SCRIPTED,
    messages: [{ role: "user", content }],
    ...more,
  });

test("plain", async () => {
  const answer = await client.chat.completions.create({ model: SCRIPTED, messages: hi });
  assert.equal(answer.choices[0].message.content, TEXT);
  assert.equal(answer.usage.completion_tokens, 32);
  await assertEnded(answer.id, "in_spec");
});

test("streamed", async () => {
  const stream = await say("hi", { stream: true, stream_options: { include_usage: true } });
  let said = "", usage;
  for await (const chunk of stream) {
    said += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(said, TEXT);
  assert.equal(usage.completion_tokens, 32);
});

test("tools run by the client over two turns", async () => {
  const asked = [];
  const runner = client.chat.completions.runTools({
    model: SCRIPTED,
    messages: [{ role: "user", content: "mode=tools" }],
    tools: [
      {
        type: "function",
        function: {
          name: "weather",
          parameters: CITY,
          parse: JSON.parse,
          function: ({ city }) => (asked.push(city), "sunny"),
        },
      },
    ],
  });
  assert.equal(await runner.finalContent(), TEXT);
  assert.deepEqual(asked, ["Ulm"]);
});

test("structured", async () => {
  const answer = await client.chat.completions.parse({
    model: DEMO,
    messages: hi,
    response_format: zodResponseFormat(Weather, "weather"),
  });
  assert.deepEqual(answer.choices[0].message.parsed, { city: "demo", degrees: 0 });
});

test("cancelled", async () => {
  const stream = await say("mode=hang:8", { stream: true });
  let first;
  for await (const chunk of stream) {
    first = chunk;
    break;
  }
  await assertEnded(first.id, "cancelled_by_client");
  const control = new AbortController();
  setTimeout(() => control.abort(), 300);
  await assert.rejects(
    client.chat.completions.create(
      { model: SCRIPTED, messages: [{ role: "user", content: "mode=hang:4" }] },
      { signal: control.signal },
    ),
    OpenAI.APIUserAbortError,
  );
});

test("errors", async () => {
  const cases = [
    [OpenAI.AuthenticationError, client.withOptions({ apiKey: "key_x.y" }), {}],
    [OpenAI.NotFoundError, client, { model: "gpt-4o" }],
    [OpenAI.BadRequestError, client, { temperature: 9 }],
    [OpenAI.BadRequestError, client, { messages: [] }],
    [OpenAI.InternalServerError, client, { messages: [{ role: "user", content: "mode=http:500" }] }],
  ];
  for (const [kind, caller, changes] of cases)
    await assert.rejects(
      caller.chat.completions.create({ model: SCRIPTED, messages: hi, ...changes }),
      kind,
    );
  const poor = client.withOptions({ apiKey: POOR_KEY });
  await assert.rejects(
    poor.chat.completions.create({ model: SCRIPTED, messages: hi }),
    (error) => error instanceof OpenAI.APIError && error.status === 402,
  );
  const limited = client.withOptions({ apiKey: LIMITED_KEY });
  await limited.chat.completions.create({ model: SCRIPTED, messages: hi });
  await assert.rejects(
    limited.chat.completions.create({ model: SCRIPTED, messages: hi }),
    OpenAI.RateLimitError,
  );
  const broken = await say("mode=die:4", { stream: true });
  await assert.rejects(async () => {
    for await (const _ of broken);
  }, OpenAI.APIError);
});

test("responses", async () => {
  const plain = await client.responses.create({ model: SCRIPTED, input: "hi" });
  assert.equal(plain.output_text, TEXT);
  const stream = client.responses.stream({ model: SCRIPTED, input: "hi" });
  assert.equal((await stream.finalResponse()).output_text, TEXT);
  const parsed = await client.responses.parse({
    model: DEMO,
    input: "Ulm?",
    text: { format: zodTextFormat(Weather, "weather") },
  });
  assert.deepEqual(parsed.output_parsed, { city: "demo", degrees: 0 });
  const tools = [{ type: "function", name: "weather", parameters: CITY, strict: true }];
  const input = [{ role: "user", content: "mode=tools" }];
  const first = await client.responses.create({ model: SCRIPTED, input, tools });
  const call = first.output.find((item) => item.type === "function_call");
  input.push(...first.output);
  input.push({ type: "function_call_output", call_id: call.call_id, output: "sunny" });
  const last = await client.responses.create({ model: SCRIPTED, input, tools });
  assert.equal(last.output_text, TEXT);
  await assert.rejects(
    client.responses.create({ model: SCRIPTED, input: "hi", store: true }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === "store",
  );
});

test("embeddings and legacy completions", async () => {
  const made = await client.embeddings.create({ model: EMBED, input: ["a", "b"] });
  assert.equal(made.data.length, 2);
  assert.equal(made.data[0].embedding.length, made.data[1].embedding.length);
  const told = await client.completions.create({ model: SCRIPTED, prompt: "hi" });
  assert.equal(told.choices[0].text, OLD_TEXT);
  let said = "";
  const stream = await client.completions.create({ model: SCRIPTED, prompt: "hi", stream: true });
  for await (const piece of stream) said += piece.choices[0]?.text ?? "";
  assert.equal(said, OLD_TEXT);
});

test("models", async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  assert.ok(names.includes(SCRIPTED) && names.includes(DEMO));
  assert.equal((await client.models.retrieve(DEMO)).id, DEMO);
  await assert.rejects(client.models.retrieve("gpt-4o"), OpenAI.NotFoundError);
});

test("tools in pieces", async () => {
  const stream = client.chat.completions.stream({
    model: SCRIPTED,
    messages: [{ role: "user", content: "mode=tools" }],
    tools: [tool],
  });
  const answer = await stream.finalChatCompletion();
  const [call] = answer.choices[0].message.tool_calls;
  assert.deepEqual(JSON.parse(call.function.arguments), { city: "Ulm" });
});
