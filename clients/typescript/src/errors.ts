import type { components } from "./schema.ts";

/** Every code that the service answers with. */
export type ErrorCode = components["schemas"]["ErrorCode"];
/** The inner part of every error answer; also the `error` of one photo of many. */
export type ErrorBody = components["schemas"]["ErrorBody"];

/** Base of all errors of this client. Whoever catches one has no result: none is ever made up. */
export class FaceError extends Error {
  override readonly name: string = "FaceError";
}

/** The service answered with an error. */
export class FaceServiceError<Code extends ErrorCode = ErrorCode> extends FaceError {
  override readonly name = "FaceServiceError";
  /** What went wrong. */
  readonly code: Code;
  /** Status of the answer. */
  readonly status: number;
  /** Facts that depend on the code, such as `face_count` of MULTIPLE_FACES_DETECTED. */
  readonly details: ErrorBody["details"];
  /** How long the service asks to wait, in milliseconds; null if it does not say. */
  readonly retryAfterMs: number | null;

  constructor(
    body: ErrorBody & { readonly code: Code },
    status: number,
    retryAfterMs: number | null,
  ) {
    super(`${body.code}: ${body.message}`);
    this.code = body.code;
    this.status = status;
    this.details = body.details ?? null;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Something answered, but not as the service does: no JSON, a vector of 511 numbers, a proxy's page. */
export class BadAnswerError extends FaceError {
  override readonly name = "BadAnswerError";
  /** Status of the answer. */
  readonly status: number;

  constructor(message: string, status: number, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** No whole answer came within the time that the call may take. */
export class CallTimeoutError extends FaceError {
  override readonly name = "CallTimeoutError";
}

/** The service cannot be reached, or the connection broke. `cause` says why. */
export class UnreachableError extends FaceError {
  override readonly name = "UnreachableError";
}

/** Whether an error is the service's answer with this code. */
export function hasCode<Code extends ErrorCode>(
  error: unknown,
  code: Code,
): error is FaceServiceError<Code> {
  return error instanceof FaceServiceError && error.code === code;
}
