/**
 * Texts in, one vector for each out.
 * Chats are in `delivery`; what is counted and billed is the exchange's affair.
 */

import type { MessageInitShape } from "@bufbuild/protobuf";

import type { DeliveryPreferencesSchema, DeliveryStarted } from "../gen/thegrid/v1/delivery_pb.js";
import type { UsageRecord } from "../gen/thegrid/v1/usage_pb.js";
import type { GridClient } from "./client.js";
import { events, failure } from "./delivery.js";
import { deliveryId } from "./ids.js";
import type { CallOptions } from "./transport.js";

/** What to embed, and how. */
export interface EmbedInit extends CallOptions {
  /** Symbol or id of an instrument for embeddings. */
  instrument: string;
  /** The texts, each as it is or as tokens of the instrument's tokenizer. */
  inputs: readonly (string | readonly number[])[];
  /** Shorter vectors, where the instrument has them. */
  dimensions?: number;
  /** What is wanted of supplier and price. */
  preferences?: MessageInitShape<typeof DeliveryPreferencesSchema>;
  /** Id of the delivery; made when absent. */
  deliveryId?: string;
}

/** What a call for embeddings came to. */
export interface Embeddings {
  /** A vector for each input, in their order. */
  vectors: number[][];
  /** Who served. */
  started: DeliveryStarted | undefined;
  /** The usage record. */
  usage: UsageRecord | undefined;
}

/** The vectors of texts. Throws when the call fails; it is never silently short. */
export async function embed(grid: GridClient, init: EmbedInit): Promise<Embeddings> {
  const { instrument, inputs, dimensions, preferences, deliveryId: id, ...options } = init;
  const embedding = { model: instrument, inputs: inputs.map(input) };
  const open = {
    deliveryId: id ?? deliveryId(),
    instrument,
    includeUsage: true,
    embedding: dimensions === undefined ? embedding : { ...embedding, dimensions: BigInt(dimensions) },
  };
  const told: Embeddings = { vectors: [], started: undefined, usage: undefined };
  for await (const event of events(grid, preferences ? { ...open, preferences } : open, options)) {
    if (event.case === "started") told.started = event.value;
    else if (event.case === "embedding") {
      for (const { index, values } of event.value.embeddings) told.vectors[index] = values;
    } else if (event.case === "ended") told.usage = event.value.usage;
    else if (event.case === "failed") throw failure(event.value.status);
  }
  return told;
}

function input(given: string | readonly number[]) {
  if (typeof given === "string") return { input: { case: "text" as const, value: given } };
  return { input: { case: "tokens" as const, value: { ids: [...given] } } };
}
