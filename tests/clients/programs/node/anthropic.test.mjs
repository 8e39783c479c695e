// The Anthropic SDK for Node, as it comes: messages, tools, counts, models, errors, leaving.
import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";
import { CITY, DEMO, KEY, LIMITED_KEY, ORIGIN, POOR_KEY, SCRIPTED, TEXT, assertEnded } from "./scene.mjs";

const client = new Anthropic({ baseURL: ORIGIN, apiKey: KEY, maxRetries: 0 });
const tools = [{ name: "weather", description: "The weather", input_schema: CITY }];
const asked = (content, more = {}) => ({
  model: "claude-opus-5",
  max_tokens: 200,
  messages: [{ role: "user", content }],
  ...more,
});

test("plain", async () => {
  const message = await client.messages.create(asked("hi", { system: "Be brief." }));
  assert.equal(message.content[0].text, TEXT);
  assert.equal(message.stop_reason, "end_turn");
  await assertEnded(message.id, "in_spec");
});

test("streamed", async () => {
  const stream = client.messages.stream(asked("hi"));
  let said = "";
  stream.on("text", (piece) => (said += piece));
  const message = await stream.finalMessage();
  assert.equal(said, TEXT);
  assert.equal(message.usage.output_tokens, 32);
});

test("tools over two turns", async () => {
  const first = await client.messages.stream(asked("mode=tools", { tools })).finalMessage();
  assert.equal(first.stop_reason, "tool_use");
  const use = first.content.find((block) => block.type === "tool_use");
  assert.deepEqual(use.input, { city: "Ulm" });
  const result = { type: "tool_result", tool_use_id: use.id, content: "sunny" };
  const last = await client.messages.create({
    ...asked("mode=tools", { tools }),
    messages: [
      { role: "user", content: "mode=tools" },
      { role: "assistant", content: first.content },
      { role: "user", content: [result] },
    ],
  });
  assert.equal(last.content[0].text, TEXT);
});

test("structured", async () => {
  const Weather = z.object({ city: z.string(), degrees: z.int() });
  const message = await client.messages.parse(
    asked("Ulm?", { model: DEMO, output_config: { format: zodOutputFormat(Weather) } }),
  );
  assert.deepEqual(message.parsed_output, { city: "demo", degrees: 0 });
});

test("counted beforehand", async () => {
  const whole = asked("How is it?", { tools });
  const message = await client.messages.create(whole);
  const { max_tokens, ...rest } = whole;
  const counted = await client.messages.countTokens(rest);
  const cached = message.usage.cache_read_input_tokens ?? 0;
  assert.equal(counted.input_tokens, message.usage.input_tokens + cached);
});

test("models", async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  assert.ok(names.includes(SCRIPTED) && names.includes(DEMO));
});

test("cancelled", async () => {
  const stream = await client.messages.create(asked("mode=hang:8", { stream: true }));
  let id;
  for await (const event of stream) {
    if (event.type === "message_start") id = event.message.id;
    if (event.type === "content_block_delta") break;
  }
  await assertEnded(id, "cancelled_by_client");
});

test("errors", async () => {
  const cases = [
    [Anthropic.AuthenticationError, client.withOptions({ apiKey: "key_x.y" }), {}],
    [Anthropic.NotFoundError, client, { model: "gpt-4o" }],
    [Anthropic.BadRequestError, client, { messages: [] }],
    [Anthropic.InternalServerError, client, { messages: [{ role: "user", content: "mode=http:500" }] }],
  ];
  for (const [kind, caller, changes] of cases)
    await assert.rejects(caller.messages.create(asked("hi", changes)), kind);
  await assert.rejects(
    client.withOptions({ apiKey: POOR_KEY }).messages.create(asked("hi")),
    (error) => error.status === 402 && error.error.error.type === "billing_error",
  );
  const limited = client.withOptions({ apiKey: LIMITED_KEY });
  await limited.messages.create(asked("hi"));
  await assert.rejects(limited.messages.create(asked("hi")), Anthropic.RateLimitError);
  await assert.rejects(client.messages.stream(asked("mode=die:4")).finalMessage());
});
