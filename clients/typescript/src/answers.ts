// Checks what the types cannot promise: that an answer is what the service's contract says.
import { BadAnswerError } from "./errors.ts";
import type { components } from "./schema.ts";
import { isEncodedVector, isVector } from "./vectors.ts";

type Schemas = components["schemas"];
type Fields = Readonly<Record<string, unknown>>;

/** Checks parts of one answer. Each check throws BadAnswerError, and never repeats a value. */
export class AnswerChecks {
  readonly #status: number;

  constructor(status: number) {
    this.#status = status;
  }

  /** Checks that something is a JSON object. */
  object(value: unknown): void {
    this.#check(isObject(value), "no object");
  }

  /** Checks the answer to extract-embedding. */
  extraction(answer: Schemas["ExtractResponse"], format: Schemas["EmbeddingFormat"]): void {
    this.#model(answer);
    this.#check(Number.isInteger(answer.face_count) && answer.face_count >= 0, "face_count");
    this.#check(within(answer.face_confidence, 0, 1), "face_confidence");
    this.#area(answer.facial_area);
    if (answer.embedding !== null || answer.face_count > 0) {
      this.#embedding(answer.embedding, format);
    }
  }

  /** Checks the answer to extract-embeddings. */
  extractions(
    answer: Schemas["ExtractManyResponse"],
    photos: number,
    format: Schemas["EmbeddingFormat"],
  ): void {
    this.#model(answer);
    this.#list(answer.results, photos, "results");
    for (const photo of answer.results) {
      this.#photo(photo);
      this.#check(Array.isArray(photo.faces), "faces");
      for (const face of photo.faces) {
        this.object(face);
        this.#embedding(face.embedding, format);
        this.#area(face.facial_area);
      }
    }
  }

  /** Checks the answer to match-faces. */
  matches(answer: Schemas["MatchResponse"], photos: number): void {
    this.#model(answer);
    this.#list(answer.matches, photos, "matches");
    for (const match of answer.matches) {
      this.#photo(match);
      if (match.facial_area === null) {
        const isEmpty = match.distance === null && match.is_same_person === false;
        this.#check(isEmpty, "a match without a face");
      } else {
        this.#area(match.facial_area);
        this.comparison({ ...match, threshold_used: answer.threshold_used });
      }
    }
  }

  /** Checks the answer to compare-faces, or a match. The verdict must follow from the distance. */
  comparison(answer: {
    readonly is_same_person: boolean;
    readonly distance: number | null;
    readonly similarity: number | null;
    readonly confidence: number | null;
    readonly threshold_used: number;
  }): void {
    const { distance, threshold_used: threshold } = answer;
    this.#check(within(threshold, Number.MIN_VALUE, Number.MAX_VALUE), "threshold_used");
    this.#check(within(distance, 0, Number.MAX_VALUE), "distance");
    this.#check(within(answer.similarity, 0, 1), "similarity");
    this.#check(within(answer.confidence, 0, 1), "confidence");
    this.#check(answer.is_same_person === (distance as number) < threshold, "is_same_person");
  }

  /** Checks the answer to health. */
  health(answer: Schemas["HealthResponse"]): void {
    this.#model(answer);
    this.#check(answer.status === "healthy", "status");
    this.#check(typeof answer.model_loaded === "boolean", "model_loaded");
  }

  /** Checks the answer to warm-up. */
  warmUp(answer: Schemas["WarmUpResponse"]): void {
    this.#model(answer);
    this.#check(["loaded", "already_loaded"].includes(answer.status), "status");
  }

  /** Checks the answer to model-info. */
  modelInfo(answer: Schemas["ModelInfoResponse"]): void {
    this.#model(answer);
    this.#check(isText(answer.model_identity), "model_identity");
  }

  #photo(photo: Schemas["PhotoFaces"] | Schemas["Match"]): void {
    this.object(photo);
    this.#check(photo.error === null ? isText(photo.model) : isObject(photo.error), "a result");
  }

  #model(answer: Readonly<{ model: string }>): void {
    this.#check(isText(answer.model), "model");
  }

  #list(value: unknown, length: number, name: string): void {
    this.#check(Array.isArray(value) && value.length === length, name);
  }

  #embedding(value: unknown, format: Schemas["EmbeddingFormat"]): void {
    this.#check(format === "base64" ? isEncodedVector(value) : isVector(value), "embedding");
  }

  #area(value: unknown): void {
    const isArea = isObject(value) && ["x", "y", "w", "h"].every((side) => Number.isInteger(value[side]));
    this.#check(isArea, "facial_area");
  }

  #check(isValid: boolean, name: string): asserts isValid {
    if (!isValid) {
      throw new BadAnswerError(`The service's answer is not valid: ${name}.`, this.#status);
    }
  }
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function within(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value <= most;
}
