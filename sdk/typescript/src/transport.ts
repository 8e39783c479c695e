/**
 * Calls of a service by its descriptor, over grpc-js: types, deadlines, cancelling, errors.
 * What a service does is the contract's; how to reach the exchange is client.ts's.
 */

import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type Client, type ClientDuplexStream, type ClientReadableStream, Metadata } from "@grpc/grpc-js";

import { GridError } from "./errors.js";
import { requestId } from "./ids.js";
import { timeoutMs } from "./policy.js";

/** What one call may be given besides its request. */
export interface CallOptions {
  /** Milliseconds that the call may take; unary calls have a default, streams have none. */
  timeoutMs?: number;
  /** Cancels the call. */
  signal?: AbortSignal;
  /** Further metadata. */
  metadata?: Readonly<Record<string, string>>;
}

/** The calls of a service, typed: promises for single answers, async iterables for streams. */
export type ServiceClient<S extends DescService> = {
  [M in keyof S["method"]]: S["method"][M] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : S["method"][M] extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncGenerator<MessageShape<O>>
      : S["method"][M] extends DescMethodBiDiStreaming<infer I, infer O>
        ? (
            requests: AsyncIterable<MessageInitShape<I>>,
            options?: CallOptions,
          ) => AsyncGenerator<MessageShape<O>>
        : never;
};

/** How the calls of a service are made. */
export interface Transport {
  readonly channel: Client;
  /** The credential, as metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Time that unary calls may take that name none; else the service's own. */
  readonly timeoutMs: number | undefined;
}

/** Make the typed client of one service. */
export function serviceClient<S extends DescService>(service: S, transport: Transport): ServiceClient<S> {
  const calls: Record<string, unknown> = {};
  for (const method of service.methods) {
    calls[method.localName] = callOf(method, transport);
  }
  return calls as ServiceClient<S>;
}

function callOf(method: DescMethod, transport: Transport): unknown {
  switch (method.methodKind) {
    case "unary":
      return (request: never, options?: CallOptions) => unary(method, transport, request, options);
    case "server_streaming":
      return (request: never, options?: CallOptions) => serverStream(method, transport, request, options);
    case "bidi_streaming":
      return (requests: never, options?: CallOptions) => bidiStream(method, transport, requests, options);
    default:
      throw new Error(`${method.name}: the contract has no client streams`);
  }
}

function unary(
  method: DescMethod,
  transport: Transport,
  request: MessageInitShape<DescMessage>,
  options: CallOptions = {},
): Promise<MessageShape<DescMessage>> {
  const defaultMs = transport.timeoutMs ?? timeoutMs(method.parent.typeName);
  const { metadata, settings, wire } = prepare(method, transport, options, defaultMs);
  return new Promise((resolve, reject) => {
    const call = transport.channel.makeUnaryRequest(
      wire.path,
      wire.serialize,
      wire.deserialize,
      withRequestId(method.input, request),
      metadata,
      settings,
      (error, response) => {
        options.signal?.removeEventListener("abort", cancel);
        if (error) reject(GridError.fromCall(error));
        else resolve(response!);
      },
    );
    const cancel = () => call.cancel();
    onAbort(options.signal, cancel);
  });
}

async function* serverStream(
  method: DescMethod,
  transport: Transport,
  request: MessageInitShape<DescMessage>,
  options: CallOptions = {},
): AsyncGenerator<MessageShape<DescMessage>> {
  const { metadata, settings, wire } = prepare(method, transport, options);
  const message = create(method.input, request);
  const { path, serialize, deserialize } = wire;
  const call = transport.channel.makeServerStreamRequest(
    path,
    serialize,
    deserialize,
    message,
    metadata,
    settings,
  );
  yield* received(call, options.signal);
}

async function* bidiStream(
  method: DescMethod,
  transport: Transport,
  requests: AsyncIterable<MessageInitShape<DescMessage>>,
  options: CallOptions = {},
): AsyncGenerator<MessageShape<DescMessage>> {
  const { metadata, settings, wire } = prepare(method, transport, options);
  const { path, serialize, deserialize } = wire;
  const call = transport.channel.makeBidiStreamRequest(path, serialize, deserialize, metadata, settings);
  let failure: unknown;
  void send(call, method.input, requests).catch((error: unknown) => {
    failure = error;
    call.cancel();
  });
  try {
    yield* received(call, options.signal);
  } catch (error) {
    throw failure ?? error;
  }
}

async function send(
  call: ClientDuplexStream<MessageShape<DescMessage>, MessageShape<DescMessage>>,
  schema: DescMessage,
  requests: AsyncIterable<MessageInitShape<DescMessage>>,
): Promise<void> {
  for await (const request of requests) {
    if (call.destroyed) return;
    if (!call.write(create(schema, request))) {
      await new Promise<void>((resolve) => {
        call.once("drain", resolve);
        call.once("close", resolve);
      });
    }
  }
  call.end();
}

async function* received<T>(
  call: ClientReadableStream<T> | ClientDuplexStream<T, T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  const cancel = () => call.cancel();
  // A call that is cancelled after its reader left still emits an error, and nobody waits for it.
  call.on("error", () => undefined);
  onAbort(signal, cancel);
  try {
    for await (const message of call) yield message as T;
  } catch (error) {
    throw GridError.fromCall(error);
  } finally {
    signal?.removeEventListener("abort", cancel);
    // A reader that leaves early must not leave the call running on the exchange.
    cancel();
  }
}

function onAbort(signal: AbortSignal | undefined, cancel: () => void): void {
  if (signal?.aborted) cancel();
  else signal?.addEventListener("abort", cancel, { once: true });
}

function prepare(method: DescMethod, transport: Transport, options: CallOptions, defaultMs?: number) {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries({ ...transport.metadata, ...options.metadata })) {
    metadata.set(name, value);
  }
  const limitMs = options.timeoutMs ?? defaultMs;
  return {
    metadata,
    settings: limitMs === undefined ? {} : { deadline: Date.now() + limitMs },
    wire: {
      path: `/${method.parent.typeName}/${method.name}`,
      serialize: (message: MessageShape<DescMessage>) => Buffer.from(toBinary(method.input, message)),
      deserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
    },
  };
}

/** Give a write its id before it is sent, so that each retry of the channel carries the same. */
function withRequestId(schema: DescMessage, request: MessageInitShape<DescMessage>) {
  const message = create(schema, request) as MessageShape<DescMessage> & { requestId?: string };
  if (message.requestId === "") message.requestId = requestId();
  return message;
}
