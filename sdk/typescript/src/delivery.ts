/**
 * One call of a model, from the request to its usage record.
 * What is counted and billed is the exchange's affair.
 */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { status as Code } from "@grpc/grpc-js";

import type { ChatReply, ChatRequestSchema } from "../gen/thegrid/v1/chat_pb.js";
import {
  type DeliveryEvent,
  type DeliveryPreferencesSchema,
  DeliveryService,
  type DeliveryStarted,
  type OpenSchema,
} from "../gen/thegrid/v1/delivery_pb.js";
import type { UsageRecord } from "../gen/thegrid/v1/usage_pb.js";
import type { GridClient } from "./client.js";
import { GridError } from "./errors.js";
import { deliveryId } from "./ids.js";
import { timeoutMs } from "./policy.js";
import type { CallOptions } from "./transport.js";

/** What to call, and how. */
export interface DeliverInit extends CallOptions {
  /** Symbol or id of the instrument. */
  instrument: string;
  /** The request, as in OpenAI's Chat Completions. */
  request: MessageInitShape<typeof ChatRequestSchema>;
  /** What is wanted of supplier and price. */
  preferences?: MessageInitShape<typeof DeliveryPreferencesSchema>;
  /** Id of the delivery; made when absent. Keep it to find the record after a lost connection. */
  deliveryId?: string;
}

/** A call under way. Iterate over it for the parts of the answer, once. */
export class Delivery implements AsyncIterable<ChatReply> {
  /** Id of the delivery, `dlv_…`; `grid.usage.getUsage` finds the record by it. */
  readonly deliveryId: string;
  /** Who serves; set before the first part. */
  started: DeliveryStarted | undefined;
  /** The usage record; set at the end, also of a call that failed midway. */
  usage: UsageRecord | undefined;

  readonly #grid: GridClient;
  readonly #init: DeliverInit;

  constructor(grid: GridClient, init: DeliverInit) {
    this.#grid = grid;
    this.#init = init;
    this.deliveryId = init.deliveryId ?? deliveryId();
  }

  /**
   * The parts, the last of which carries the finish reasons. A call is never silently short: without
   * its end the loop throws. Leaving the loop early cancels the delivery.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ChatReply> {
    const { instrument, request, preferences, deliveryId: _, ...options } = this.#init;
    const asked = { deliveryId: this.deliveryId, instrument, request, includeUsage: true };
    const open = preferences ? { ...asked, preferences } : asked;
    for await (const event of events(this.#grid, open, options)) {
      if (event.case === "started") this.started = event.value;
      else if (event.case === "reply") yield event.value;
      else if (event.case === "ended") {
        this.usage = event.value.usage;
        if (event.value.reply) yield event.value.reply;
      } else if (event.case === "failed") {
        this.usage = event.value.usage;
        throw failure(event.value.status);
      }
    }
  }

  /** The text of the first choice, whole. */
  async text(): Promise<string> {
    let text = "";
    for await (const reply of this) {
      for (const choice of reply.choices) {
        const content = (choice.delta ?? choice.message)?.content;
        if ((choice.index ?? 0n) === 0n && content?.case === "text") text += content.value;
      }
    }
    return text;
  }
}

/** Begin a call of a model; it is sent when it is iterated over. */
export function deliver(grid: GridClient, init: DeliverInit): Delivery {
  return new Delivery(grid, init);
}

/** The events of a call up to its last, `ended` or `failed`; without one the loop throws. */
export async function* events(
  grid: GridClient,
  open: MessageInitShape<typeof OpenSchema>,
  options: CallOptions,
): AsyncGenerator<DeliveryEvent["event"]> {
  const timed = { ...options, timeoutMs: options.timeoutMs ?? timeoutMs(DeliveryService.typeName) };
  for await (const response of grid.delivery.deliver({ open }, timed)) {
    for (const { event } of response.events) {
      yield event;
      if (event.case === "ended" || event.case === "failed") return;
    }
  }
  throw new GridError({ code: Code.UNAVAILABLE, message: "the answer broke off before its end" });
}

/** Why a call failed. */
export function failure(status: Parameters<typeof GridError.fromStatus>[0] | undefined): GridError {
  if (status) return GridError.fromStatus(status);
  return new GridError({ code: Code.INTERNAL, message: "the delivery failed without a reason" });
}
