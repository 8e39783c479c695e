/** Following the private stream through cuts, gaps, repeats and tokens that are no longer kept. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { status as Code } from "@grpc/grpc-js";

import { AccountService } from "../gen/thegrid/v1/accounts_pb.js";
import { followAccount, type FollowAccountOptions, GridClient, GridError } from "../src/index.js";
import { refusal, refused, serve } from "./exchange.js";

interface Stream {
  write(response: unknown): void;
  end(): void;
  emit(name: "error", error: unknown): void;
}

const event = (sequence: bigint, payload: unknown) => ({ sequence, resumeToken: `t${sequence}`, payload });
const fill = (sequence: bigint) => event(sequence, { case: "fill", value: { tradeId: `trd_${sequence}` } });
const snapshot = (sequence: bigint) => event(sequence, { case: "snapshot", value: {} });
const heartbeat = (sequence: bigint) => ({ sequence, payload: { case: "heartbeat", value: {} } });

/** Serve the scripts, one stream each; return the sequences seen and the tokens asked for. */
async function follow(
  count: number,
  scripts: ((stream: Stream) => void)[],
  options: FollowAccountOptions = {},
) {
  const asked: string[] = [];
  const exchange = await serve(AccountService, {
    streamAccount: (call: Stream & { request: { resumeToken: string } }) => {
      asked.push(call.request.resumeToken);
      scripts[Math.min(asked.length, scripts.length) - 1]!(call);
    },
  } as never);
  using grid = new GridClient({ target: exchange.target });
  const seen: bigint[] = [];
  try {
    for await (const each of followAccount(grid, options)) {
      seen.push(each.sequence);
      if (seen.length === count) break;
    }
  } finally {
    exchange.stop();
  }
  return { seen, asked };
}

const writes =
  (...events: unknown[]) =>
  (stream: Stream) =>
    stream.write({ events });

test("a cut stream is taken up after the last event, and nothing comes twice", async () => {
  const cut = (stream: Stream) => {
    stream.write({ events: [snapshot(4n), fill(5n)] });
    stream.end();
  };
  const { seen, asked } = await follow(3, [cut, writes(fill(5n), fill(6n))]);
  assert.deepEqual(seen, [4n, 5n, 6n]);
  assert.deepEqual(asked, ["", "t5"]);
});

test("a gap, also one that only a heartbeat shows, is healed by asking again", async () => {
  const interruptions: GridError[] = [];
  const { seen, asked } = await follow(
    4,
    [
      writes(snapshot(1n), fill(3n)),
      writes(fill(2n), fill(3n), heartbeat(4n)),
      writes(fill(4n)),
    ],
    { onInterruption: (why) => interruptions.push(why) },
  );
  assert.deepEqual(seen, [1n, 2n, 3n, 4n]);
  assert.deepEqual(asked, ["", "t1", "t3"]);
  assert(interruptions.every((why) => why.code === Code.DATA_LOSS));
});

test("a token that is no longer kept is given up for a snapshot", async () => {
  const status = refusal(Code.INVALID_ARGUMENT, "RESUME_TOKEN_INVALID");
  const refuse = (stream: Stream) => stream.emit("error", refused(status));
  const { seen, asked } = await follow(1, [refuse, writes(snapshot(9n))], { resumeToken: "old" });
  assert.deepEqual(seen, [9n]);
  assert.deepEqual(asked, ["old", ""]);
});

test("a revoked key ends the following", async () => {
  const value = { status: refusal(Code.UNAUTHENTICATED, "KEY_REVOKED") };
  const revoked = writes(snapshot(1n), event(1n, { case: "streamEnd", value }));
  await assert.rejects(follow(2, [revoked]), { reason: "KEY_REVOKED" });
});
