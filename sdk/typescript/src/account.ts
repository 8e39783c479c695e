/**
 * Following what happens to the caller: orders, fills, balances, Lots, usage records.
 * How a stream is kept open stands in resume.ts.
 */

import { status as Code } from "@grpc/grpc-js";

import type { AccountEvent, StreamAccountResponse } from "../gen/thegrid/v1/accounts_pb.js";
import type { GridClient } from "./client.js";
import { GridError } from "./errors.js";
import { type Follower, type FollowOptions, resume, streamEnded } from "./resume.js";

/** How to follow one's own account. */
export interface FollowAccountOptions extends FollowOptions {
  /** `resumeToken` of the last event that was handled, kept from an earlier run. */
  resumeToken?: string;
}

/**
 * Everything that happens to the caller, each event exactly once and in order, over as many streams
 * as it takes. Begins with a snapshot, or after `resumeToken`; a snapshot in the midst says that the
 * exchange no longer kept what lies between.
 */
export function followAccount(
  grid: GridClient,
  options: FollowAccountOptions = {},
): AsyncGenerator<AccountEvent> {
  return resume(new AccountFollower(grid, options.resumeToken ?? ""), options);
}

class AccountFollower implements Follower<StreamAccountResponse, AccountEvent> {
  #last: bigint | undefined;

  constructor(
    readonly grid: GridClient,
    public resumeToken: string,
  ) {}

  open(signal: AbortSignal): AsyncIterable<StreamAccountResponse> {
    return this.grid.accounts.streamAccount({ resumeToken: this.resumeToken }, { signal });
  }

  *take(frame: StreamAccountResponse): Iterable<AccountEvent> {
    for (const event of frame.events) {
      const payload = event.payload;
      if (payload.case === "streamEnd") throw streamEnded(payload.value.status);
      if (payload.case === "heartbeat") this.#demand(event.sequence);
      else if (payload.case !== undefined && this.#goOn(event)) yield event;
    }
  }

  recover(error: GridError): boolean {
    if (error.reason !== "RESUME_TOKEN_INVALID" || !this.resumeToken) return false;
    this.resumeToken = "";
    return true;
  }

  #goOn(event: AccountEvent): boolean {
    if (event.payload.case !== "snapshot" && this.#last !== undefined) {
      if (event.sequence <= this.#last) return false;
      this.#demand(event.sequence - 1n);
    }
    this.#last = event.sequence;
    if (event.resumeToken) this.resumeToken = event.resumeToken;
    return true;
  }

  /** Ask again when an event up to this one is missing. */
  #demand(sequence: bigint): void {
    const last = this.#last;
    if (last === undefined || sequence <= last) return;
    // What is missing after the next try is not kept any more, and going on is all that is left.
    this.#last = undefined;
    const message = `events after ${last} and up to ${sequence} are missing`;
    throw new GridError({ code: Code.DATA_LOSS, message });
  }
}
