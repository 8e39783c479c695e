/**
 * The one error that the SDK throws for what the exchange refused or the network lost.
 * Which reasons there are is said in errors.proto; nothing here decides by text.
 */

import { fromBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { type Any, anyUnpack } from "@bufbuild/protobuf/wkt";
import { Metadata, type ServiceError, status as Code } from "@grpc/grpc-js";

import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { type Status, StatusSchema } from "../gen/google/rpc/status_pb.js";
import { ErrorReason } from "../gen/thegrid/v1/errors_pb.js";

/** A reason of the contract, or one that a newer exchange knows and this SDK does not. */
export type Reason = keyof typeof ErrorReason | (string & {});

/** One field of a request that was refused, and why. */
export interface FieldViolation {
  /** Path of the field, as in the contract: `order.quantity_units`. */
  field: string;
  /** Why it was refused and what to do. */
  description: string;
}

/** What a `GridError` is made of. */
export interface GridErrorInit {
  code: Code;
  message: string;
  reason?: Reason;
  metadata?: Readonly<Record<string, string>>;
  fields?: readonly FieldViolation[];
  retryAfterMs?: number;
  cause?: unknown;
}

/** A refusal by the exchange, or a failure on the way to it. */
export class GridError extends Error {
  /** The gRPC status code. */
  readonly code: Code;
  /** The reason by name (`INSUFFICIENT_FUNDS`); empty when the failure is not the exchange's. */
  readonly reason: Reason;
  /** What the reason names besides: limits, values, states. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields at fault, when the request was malformed. */
  readonly fields: readonly FieldViolation[];
  /** After how many milliseconds a retry makes sense; absent where waiting does not help. */
  readonly retryAfterMs: number | undefined;

  constructor(init: GridErrorInit) {
    super(init.message, { cause: init.cause });
    this.name = "GridError";
    this.code = init.code;
    this.reason = init.reason ?? "";
    this.metadata = init.metadata ?? {};
    this.fields = init.fields ?? [];
    this.retryAfterMs = init.retryAfterMs;
  }

  /** Whether the failure was on the way, so that the same call with the same id may succeed. */
  get isTransient(): boolean {
    return this.code === Code.UNAVAILABLE || this.reason === "DRAINING";
  }

  /** The error that a status inside a message carries: a batch item, a stream's end. */
  static fromStatus(status: Status, cause?: unknown): GridError {
    const info = detail(status.details, ErrorInfoSchema);
    const delay = detail(status.details, RetryInfoSchema)?.retryDelay;
    const init: GridErrorInit = {
      code: status.code as Code,
      message: status.message,
      fields: detail(status.details, BadRequestSchema)?.fieldViolations ?? [],
      cause,
    };
    if (info) Object.assign(init, { reason: info.reason, metadata: info.metadata });
    if (delay) init.retryAfterMs = Number(delay.seconds) * 1000 + Math.ceil(delay.nanos / 1e6);
    return new GridError(init);
  }

  /** The error that a failed call carries. */
  static fromCall(error: unknown): GridError {
    if (error instanceof GridError) return error;
    const failed = error as Partial<ServiceError>;
    if (typeof failed.code !== "number") {
      return new GridError({ code: Code.UNKNOWN, message: String(error), cause: error });
    }
    const bytes = failed.metadata instanceof Metadata && failed.metadata.get(DETAILS)[0];
    if (bytes instanceof Buffer) return GridError.fromStatus(fromBinary(StatusSchema, bytes), error);
    const message = failed.details || failed.message || "the call failed";
    return new GridError({ code: failed.code, message, cause: error });
  }
}

const DETAILS = "grpc-status-details-bin";

function detail<D extends DescMessage>(details: Any[], schema: D): MessageShape<D> | undefined {
  for (const any of details) {
    const message = anyUnpack(any, schema);
    if (message) return message;
  }
  return undefined;
}
