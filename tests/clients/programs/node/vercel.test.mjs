// Vercel's AI SDK by both of its providers: text, streams, tools, objects, errors, leaving.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import * as ai from "ai";
import { z } from "zod";
import { BASE_URL, DEMO, EMBED, KEY, OLD_TEXT, SCRIPTED, TEXT, assertEnded } from "./scene.mjs";

const { Output, generateText, stepCountIs, streamText, tool } = ai;
const settings = { baseURL: BASE_URL, apiKey: KEY };
const openai = createOpenAI(settings);
const compatible = createOpenAICompatible({
  name: "grid",
  supportsStructuredOutputs: true,
  includeUsage: true,
  ...settings,
});
const ways = {
  "openai responses": (name) => openai.responses(name),
  "openai chat": (name) => openai.chat(name),
  "openai-compatible": (name) => compatible(name),
};
const Weather = z.object({ city: z.string(), degrees: z.int().min(0) });

test("embeddings", async () => {
  for (const model of [openai.embedding(EMBED), compatible.embeddingModel(EMBED)]) {
    const { embeddings, usage } = await ai.embedMany({ model, values: ["a", "b"] });
    assert.equal(embeddings.length, 2);
    assert.ok(usage.tokens > 0);
  }
});

test("legacy completions", async () => {
  for (const model of [openai.completion(SCRIPTED), compatible.completionModel(SCRIPTED)]) {
    const answer = await generateText({ model, prompt: "hi", maxRetries: 0 });
    assert.equal(answer.text, OLD_TEXT);
  }
});

for (const [way, model] of Object.entries(ways)) {
  const common = (name = SCRIPTED) => ({ model: model(name), maxRetries: 0 });

  test(`${way}: text`, async () => {
    const answer = await generateText({ ...common(), prompt: "hi" });
    assert.equal(answer.text, TEXT);
    assert.equal(answer.usage.outputTokens, 32);
    await assertEnded(answer.response.id, "in_spec");
  });

  test(`${way}: stream`, async () => {
    const answer = streamText({ ...common(), prompt: "hi" });
    let said = "";
    for await (const piece of answer.textStream) said += piece;
    assert.equal(said, TEXT);
    assert.equal((await answer.usage).outputTokens, 32);
  });

  test(`${way}: tools over two turns`, async () => {
    const asked = [];
    const weather = tool({
      description: "The weather",
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => (asked.push(city), "sunny"),
    });
    const answer = await generateText({
      ...common(),
      prompt: "mode=tools",
      tools: { weather },
      stopWhen: stepCountIs(3),
    });
    assert.deepEqual(asked, ["Ulm"]);
    assert.equal(answer.steps.length, 2);
    assert.equal(answer.text, TEXT);
  });

  test(`${way}: object`, async () => {
    const answer = await generateText({
      ...common(DEMO),
      prompt: "Ulm?",
      output: Output.object({ schema: Weather }),
    });
    assert.deepEqual(answer.output, { city: "demo", degrees: 0 });
  });

  test(`${way}: errors`, async () => {
    const refused = (changes) => generateText({ ...common(), prompt: "hi", ...changes });
    const status = (code) => (error) => ai.APICallError.isInstance(error) && error.statusCode === code;
    await assert.rejects(refused({ model: model("gpt-4o") }), status(404));
    await assert.rejects(refused({ prompt: "mode=http:500" }), status(502));
    const faults = [];
    const answer = streamText({
      ...common(),
      prompt: "mode=die:4",
      onError: ({ error }) => faults.push(error),
    });
    await assert.rejects(async () => {
      for await (const _ of answer.fullStream);
    });
    assert.equal(faults[0].code, "supplier_failed");
  });

  test(`${way}: cancelled`, async () => {
    const control = new AbortController();
    const answer = streamText({
      ...common(),
      prompt: "mode=hang:8",
      abortSignal: control.signal,
    });
    for await (const part of answer.fullStream) if (part.type === "text-delta") control.abort();
  });
}
