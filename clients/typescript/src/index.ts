export * from "./client.ts";
export {
  BadAnswerError,
  CallTimeoutError,
  type ErrorBody,
  type ErrorCode,
  FaceError,
  FaceServiceError,
  hasCode,
  UnreachableError,
} from "./errors.ts";
export type { RetryPolicy } from "./retry.ts";
export type { components, paths } from "./schema.ts";
export { decodeEmbedding, EMBEDDING_DIMENSIONS } from "./vectors.ts";
