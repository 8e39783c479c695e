// What the Node programs share: where the gateway is, and how a call is seen to have ended.
import assert from "node:assert/strict";

export const { BASE_URL, ORIGIN, KEY, LIMITED_KEY, POOR_KEY, SCRIPTED, DEMO, EMBED } = process.env;
/** What the scripted model says. */
export const TEXT = " token".repeat(32);
/** What it says to a legacy completion, of at most 16 tokens unless told otherwise. */
export const OLD_TEXT = " choice 0 of 16";
export const CITY = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

/** A usage record, once it is final. */
export async function record(usageId) {
  let found;
  for (let turn = 0; turn < 200; turn++) {
    const answer = await fetch(`${BASE_URL}/usage/${usageId}`, {
      headers: { authorization: `Bearer ${KEY}` },
    });
    found = await answer.json();
    if (found.status === "final") return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`the record of ${usageId} is not final: ${JSON.stringify(found)}`);
}

export async function assertEnded(usageId, verdict) {
  const found = await record(usageId);
  assert.equal(found.verdict, verdict);
  assert.ok(found.billed_tokens > 0);
}
