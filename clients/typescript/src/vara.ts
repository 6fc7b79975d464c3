// The main client's own service class, over FaceClient: to replace it, change its import. Where that
// one makes up faces and distances when the service fails, this one throws.
import { type FaceClientOptions, FaceClient } from "./client.ts";
import { FaceError, hasCode } from "./errors.ts";
import { EMBEDDING_DIMENSIONS } from "./vectors.ts";

/** A face in a photo. */
export interface FaceEmbeddingResult {
  /** Null if the photo shows no face. */
  embedding: number[] | null;
  faceCount: number;
  faceConfidence: number;
  /** Null if the photo shows no face. */
  facialArea: { x: number; y: number; w: number; h: number } | null;
  /** Time from the call to its result. */
  processingTimeMs: number;
  /** Identity of the model behind the embedding: store it with the embedding. Null without a face. */
  model: string | null;
}

/** Whether two embeddings show one person. */
export interface FaceComparisonResult {
  isSamePerson: boolean;
  distance: number;
  similarity: number;
  /** By the distance from the threshold: `high` above 0.15, `medium` above 0.05. */
  confidence: "high" | "medium" | "low";
  /** Time from the call to its result. */
  processingTimeMs: number;
}

const DEFAULT_THRESHOLD = 0.68;
// As long as the main client waits for health.
const HEALTH_TIMEOUT_MS = 5_000;

/** Extracts and compares face embeddings. Every method rejects with a `FaceError` if the service fails. */
export class FaceEmbeddingService {
  static #instance: FaceEmbeddingService | undefined;
  readonly #client: FaceClient;
  // The models of embeddings that were extracted here, so that they are checked when compared.
  readonly #models = new WeakMap<readonly number[], string>();

  constructor(options: FaceClientOptions = {}) {
    this.#client = new FaceClient(options);
  }

  /** Returns the instance for `DEEPFACE_SERVICE_URL` and, if it is set, `DEEPFACE_API_KEY`. */
  static getInstance(): FaceEmbeddingService {
    const { DEEPFACE_SERVICE_URL: baseUrl, DEEPFACE_API_KEY: apiKey } = process.env;
    this.#instance ??= new FaceEmbeddingService({
      ...(baseUrl && { baseUrl }),
      ...(apiKey && { apiKey }),
    });
    return this.#instance;
  }

  /** Always false: nothing is ever made up. */
  isInMockMode(): boolean {
    return false;
  }

  /** Asks whether the service is ready. */
  async isServiceAvailable(): Promise<boolean> {
    try {
      await this.#client.health({ timeoutMs: HEALTH_TIMEOUT_MS });
      return true;
    } catch (error) {
      if (error instanceof FaceError) {
        return false;
      }
      throw error;
    }
  }

  /** Embeds the largest face of a photo. */
  async extractEmbedding(imageBuffer: Buffer): Promise<FaceEmbeddingResult> {
    if (!imageBuffer?.length) {
      throw new Error("The image is empty.");
    }
    const start = performance.now();
    const result = await this.#extract(imageBuffer.toString("base64"));
    return { ...result, processingTimeMs: performance.now() - start };
  }

  /** Compares two embeddings. They must be of one model; of those extracted here, that is checked. */
  async compareFaces(
    embedding1: number[],
    embedding2: number[],
    threshold: number = DEFAULT_THRESHOLD,
  ): Promise<FaceComparisonResult> {
    if (embedding1?.length !== EMBEDDING_DIMENSIONS || embedding2?.length !== EMBEDDING_DIMENSIONS) {
      throw new Error(`Embeddings have ${EMBEDDING_DIMENSIONS} numbers.`);
    }
    const start = performance.now();
    const model1 = this.#models.get(embedding1);
    const model2 = this.#models.get(embedding2);
    const { is_same_person, distance, similarity } = await this.#client.compareFaces({
      embedding1,
      embedding2,
      threshold,
      ...(model1 && model2 && { model1, model2 }),
    });
    return {
      isSamePerson: is_same_person,
      distance,
      similarity,
      confidence: describeMargin(Math.abs(distance - threshold)),
      processingTimeMs: performance.now() - start,
    };
  }

  /** Returns the cosine of the angle between two vectors, from -1 to 1; 0 if one is all zeros. */
  static cosineSimilarity(a: number[], b: number[]): number {
    if (a.length !== b.length) {
      throw new Error(`The vectors have ${a.length} and ${b.length} numbers.`);
    }
    const lengths = Math.hypot(...a) * Math.hypot(...b);
    return lengths === 0 ? 0 : a.reduce((sum, x, i) => sum + x * (b[i] as number), 0) / lengths;
  }

  async #extract(image: string): Promise<Omit<FaceEmbeddingResult, "processingTimeMs">> {
    const none = { embedding: null, faceCount: 0, faceConfidence: 0, facialArea: null, model: null };
    try {
      const answer = await this.#client.extractEmbedding({ image, enforce_detection: false });
      // Without a face, the service may embed the whole photo, which is nobody's face.
      if (answer.face_count === 0 || answer.embedding === null) {
        return none;
      }
      const embedding = [...answer.embedding];
      this.#models.set(embedding, answer.model);
      return {
        embedding,
        faceCount: answer.face_count,
        faceConfidence: answer.face_confidence,
        facialArea: { ...answer.facial_area },
        model: answer.model,
      };
    } catch (error) {
      // Of a damaged photo without a face before the damage.
      if (hasCode(error, "NO_FACE_DETECTED")) {
        return none;
      }
      throw error;
    }
  }
}

function describeMargin(margin: number): FaceComparisonResult["confidence"] {
  if (margin > 0.15) {
    return "high";
  }
  return margin > 0.05 ? "medium" : "low";
}

export const faceEmbeddingService: FaceEmbeddingService = FaceEmbeddingService.getInstance();
