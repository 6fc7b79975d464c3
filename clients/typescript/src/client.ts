import createClient, { type Client } from "openapi-fetch";
import { AnswerChecks, isObject } from "./answers.ts";
import {
  BadAnswerError,
  CallTimeoutError,
  type ErrorBody,
  FaceError,
  FaceServiceError,
  UnreachableError,
} from "./errors.ts";
import { pauseMs, readRetryAfter, type RetryPolicy, sleep } from "./retry.ts";
import type { components, paths } from "./schema.ts";

type Schemas = components["schemas"];

/** How an embedding is written: `float`, 512 numbers, or `base64`. */
export type EmbeddingFormat = Schemas["EmbeddingFormat"];
type Written<Format extends EmbeddingFormat> = Format extends "base64" ? string : number[];
type Embedded<Answer, Format extends EmbeddingFormat> = Omit<Answer, "embedding"> & {
  /** Checked: 512 finite numbers, in the format that was asked for. */
  readonly embedding: Written<Format>;
};
type InFormat<Request, Format extends EmbeddingFormat> = Omit<Request, "embedding_format"> & {
  readonly embedding_format?: Format;
};

/** The embedding of a photo; null only without a face, and if the service is set so. */
export type Extraction<Format extends EmbeddingFormat = "float"> =
  | Embedded<Schemas["ExtractResponse"], Format>
  | (Omit<Schemas["ExtractResponse"], "embedding"> & { readonly embedding: null });
/** A face of one of many photos. */
export type FoundFace<Format extends EmbeddingFormat = "float"> = Embedded<Schemas["FoundFace"], Format>;
/** The faces of many photos. */
export type Extractions<Format extends EmbeddingFormat = "float"> = Omit<
  Schemas["ExtractManyResponse"],
  "results"
> & {
  readonly results: (Omit<Schemas["PhotoFaces"], "faces"> & { readonly faces: FoundFace<Format>[] })[];
};
export type Comparison = Schemas["CompareResponse"];
export type Matches = Schemas["MatchResponse"];
export type Health = Schemas["HealthResponse"];
export type WarmUp = Schemas["WarmUpResponse"];
export type ModelInfo = Schemas["ModelInfoResponse"];
export type ExtractRequest = Schemas["ExtractRequest"];
export type ExtractManyRequest = Schemas["ExtractManyRequest"];
export type MatchRequest = Schemas["MatchRequest"];
export type CompareRequest = Schemas["CompareRequest"];

/** Options of a client. */
export interface FaceClientOptions extends Partial<RetryPolicy> {
  /** Address of the service, without `/api/v1`; by default http://localhost:8001. */
  readonly baseUrl?: string;
  /** Sent as `x-api-key`. */
  readonly apiKey?: string;
  /** How long a call may take with all its retries, in milliseconds; by default a minute. */
  readonly timeoutMs?: number;
  /** Sends the requests; by default the global `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call, also while it waits for its next try. The call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Instead of the client's. */
  readonly timeoutMs?: number;
  /** Instead of the client's. */
  readonly retries?: number;
}

// As much of an answer of openapi-fetch as is read here.
interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

const DEFAULT_URL = "http://localhost:8001";
// Longer than API Gateway's 29 s, so that one lost request still leaves time for another.
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_POLICY: RetryPolicy = {
  retries: 4,
  baseDelayMs: 500,
  maxDelayMs: 8_000,
  maxRetryAfterMs: 20_000,
};
const READY_POLL_MS = 250;

/**
 * A client of the face embeddings service.
 *
 * Calls are tried again after 429, 503 and 504, and after nothing else. Every answer is checked. A call
 * either returns what the service answered, or rejects:
 *
 * - `FaceServiceError`: the service answered with an error; see `hasCode`.
 * - `BadAnswerError`: something answered that is not the service, or is broken.
 * - `CallTimeoutError`: time ran out.
 * - `UnreachableError`: there was no answer.
 */
export class FaceClient {
  readonly #api: Client<paths>;
  readonly #timeoutMs: number;
  readonly #policy: RetryPolicy;

  constructor(options: FaceClientOptions = {}) {
    const { baseUrl = DEFAULT_URL, apiKey, timeoutMs = DEFAULT_TIMEOUT_MS, fetch } = options;
    this.#api = createClient<paths>({
      baseUrl,
      ...(fetch && { fetch }),
      ...(apiKey !== undefined && { headers: { "x-api-key": apiKey } }),
    });
    this.#timeoutMs = timeoutMs;
    this.#policy = {
      retries: options.retries ?? DEFAULT_POLICY.retries,
      baseDelayMs: options.baseDelayMs ?? DEFAULT_POLICY.baseDelayMs,
      maxDelayMs: options.maxDelayMs ?? DEFAULT_POLICY.maxDelayMs,
      maxRetryAfterMs: options.maxRetryAfterMs ?? DEFAULT_POLICY.maxRetryAfterMs,
    };
  }

  /** Embeds the largest face of a photo. */
  async extractEmbedding<Format extends EmbeddingFormat = "float">(
    body: InFormat<ExtractRequest, Format>,
    options: CallOptions = {},
  ): Promise<Extraction<Format>> {
    const answer = await this.#call(
      (signal) => this.#api.POST("/api/v1/extract-embedding", { body, signal }),
      (data, checks) => checks.extraction(data, body.embedding_format ?? "float"),
      options,
    );
    // The format was checked.
    return answer as Extraction<Format>;
  }

  /** Embeds all faces of up to 16 photos. */
  async extractEmbeddings<Format extends EmbeddingFormat = "float">(
    body: InFormat<ExtractManyRequest, Format>,
    options: CallOptions = {},
  ): Promise<Extractions<Format>> {
    const answer = await this.#call(
      (signal) => this.#api.POST("/api/v1/extract-embeddings", { body, signal }),
      (data, checks) =>
        checks.extractions(data, body.images.length, body.embedding_format ?? "float"),
      options,
    );
    return answer as Extractions<Format>;
  }

  /** Finds the face nearest to a person in each of up to 20 photos. */
  async matchFaces(body: MatchRequest, options: CallOptions = {}): Promise<Matches> {
    return await this.#call(
      (signal) => this.#api.POST("/api/v1/match-faces", { body, signal }),
      (data, checks) => checks.matches(data, body.images.length),
      options,
    );
  }

  /** Compares two embeddings. */
  async compareFaces(body: CompareRequest, options: CallOptions = {}): Promise<Comparison> {
    return await this.#call(
      (signal) => this.#api.POST("/api/v1/compare-faces", { body, signal }),
      (data, checks) => checks.comparison(data),
      options,
    );
  }

  /** Asks whether the service is ready. Its model may still be loading: see `model_loaded`. */
  async health(options: CallOptions = {}): Promise<Health> {
    return await this.#call(
      (signal) => this.#api.GET("/api/v1/health", { signal }),
      (data, checks) => checks.health(data),
      options,
    );
  }

  /** Describes the model and the limits in force. */
  async modelInfo(options: CallOptions = {}): Promise<ModelInfo> {
    return await this.#call(
      (signal) => this.#api.GET("/api/v1/model-info", { signal }),
      (data, checks) => checks.modelInfo(data),
      options,
    );
  }

  /** Loads the model. */
  async warmUp(options: CallOptions = {}): Promise<WarmUp> {
    return await this.#call(
      (signal) => this.#api.POST("/api/v1/warm-up", { signal }),
      (data, checks) => checks.warmUp(data),
      options,
    );
  }

  /** Waits until the service answers and its model is loaded, as after its start. */
  async waitUntilReady(options: CallOptions = {}): Promise<WarmUp> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    const end = performance.now() + timeoutMs;
    for (;;) {
      try {
        return await this.warmUp({ ...options, timeoutMs: end - performance.now() });
      } catch (error) {
        if (!(error instanceof UnreachableError) || performance.now() + READY_POLL_MS >= end) {
          throw error;
        }
      }
      await sleep(READY_POLL_MS, options.signal ?? AbortSignal.timeout(timeoutMs));
    }
  }

  async #call<Data>(
    send: (signal: AbortSignal) => Promise<Answer<Data>>,
    check: (data: Data, checks: AnswerChecks) => void,
    options: CallOptions,
  ): Promise<Data> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    const policy = { ...this.#policy, retries: options.retries ?? this.#policy.retries };
    const end = performance.now() + timeoutMs;
    const timeout = AbortSignal.timeout(Math.max(0, Math.ceil(timeoutMs)));
    const signal = AbortSignal.any(options.signal ? [timeout, options.signal] : [timeout]);
    const describe = (error: unknown): unknown => {
      if (options.signal?.aborted) {
        return options.signal.reason;
      }
      return timeout.aborted
        ? new CallTimeoutError(`No answer within ${Math.ceil(timeoutMs)} ms.`, { cause: error })
        : describeFailure(error);
    };
    for (let failures = 1; ; failures++) {
      const { data, error, response } = await rethrow(send(signal), describe);
      if (response.ok) {
        const checks = new AnswerChecks(response.status);
        checks.object(data);
        check(data as Data, checks);
        return data as Data;
      }
      const retryAfterMs = readRetryAfter(response.headers.get("retry-after"));
      const pause = pauseMs(response.status, failures, retryAfterMs, policy);
      if (pause === null || performance.now() + pause >= end) {
        throw describeError(error, response.status, retryAfterMs);
      }
      await rethrow(sleep(pause, signal), describe);
    }
  }
}

/** Waits for work; if it fails, throws what `describe` makes of its error. */
async function rethrow<Result>(
  work: Promise<Result>,
  describe: (error: unknown) => unknown,
): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw describe(error);
  }
}

function describeFailure(error: unknown): FaceError {
  return error instanceof SyntaxError
    ? // Without its cause, which quotes the answer.
      new BadAnswerError("The service's answer is not JSON.", 200)
    : new UnreachableError("The service cannot be reached.", { cause: error });
}

function describeError(error: unknown, status: number, retryAfterMs: number | null): FaceError {
  const body = isObject(error) ? error["error"] : undefined;
  if (!isObject(body) || typeof body["code"] !== "string" || typeof body["message"] !== "string") {
    return new BadAnswerError(`The answer of status ${status} is not the service's.`, status);
  }
  return new FaceServiceError(body as unknown as ErrorBody, status, retryAfterMs);
}
