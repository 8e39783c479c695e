/**
 * A scripted exchange for the tests: it answers as it is told and remembers what it was asked.
 * It decides nothing; the real exchange is met in tests/sdk/test_typescript.py.
 */

import { create, type DescService, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from "@grpc/grpc-js";

import { ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { type Status, StatusSchema } from "../gen/google/rpc/status_pb.js";

type Handlers = Record<string, handleUnaryCall<never, never> | handleServerStreamingCall<never, never>>;

/** Serve the handlers of one service on a free port; return its target and how to stop it. */
export async function serve(service: DescService, handlers: Handlers) {
  const definition: Record<string, unknown> = {};
  for (const method of service.methods.filter((each) => each.localName in handlers)) {
    definition[method.localName] = {
      path: `/${service.typeName}/${method.name}`,
      requestStream: false,
      responseStream: method.methodKind === "server_streaming",
      requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
      requestSerialize: (message: never) => Buffer.from(toBinary(method.input, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
      responseSerialize: (message: MessageInitShape<typeof method.output>) =>
        Buffer.from(toBinary(method.output, create(method.output, message))),
    };
  }
  const server = new Server();
  server.addService(definition as ServiceDefinition, handlers as never);
  const port = await new Promise<number>((resolve, reject) => {
    const own = ServerCredentials.createInsecure();
    server.bindAsync("127.0.0.1:0", own, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return { target: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

/** A status as the exchange makes it: a reason, and further details. */
export function refusal(code: number, reason: string, ...details: Status["details"]): Status {
  const info = create(ErrorInfoSchema, { domain: "thegrid", reason, metadata: { limit: "5" } });
  const all = [anyPack(ErrorInfoSchema, info), ...details];
  return create(StatusSchema, { code, message: `refused: ${reason}`, details: all });
}

/** The same as the error of a call. */
export function refused(status: Status) {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, status)));
  return { code: status.code, details: status.message, metadata };
}
