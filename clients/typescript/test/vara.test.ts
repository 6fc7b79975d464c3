// The main client's service class, by the package's own name: what consumers import.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { FaceComparisonResult, FaceEmbeddingResult } from "face-embeddings-client/vara";
import { answer, errorBody, greyPicture, LocalServer, ScriptedServer } from "./servers.ts";

type Vara = typeof import("face-embeddings-client/vara");

const read = (name: string) => readFileSync(new URL(`../../../tests/photos/${name}`, import.meta.url));

let server: LocalServer;
let vara: Vara;

before(async () => {
  server = await LocalServer.start();
  // It is read when the class is imported, as the main client does.
  process.env["DEEPFACE_SERVICE_URL"] = server.url;
  vara = await import("face-embeddings-client/vara");
});
after(() => server.stop());

test("one import replaces the main client's class", async () => {
  const { FaceEmbeddingService, faceEmbeddingService } = vara;
  assert.equal(FaceEmbeddingService.getInstance(), faceEmbeddingService);
  assert.equal(await faceEmbeddingService.isServiceAvailable(), true);
  assert.equal(faceEmbeddingService.isInMockMode(), false);
  const one: FaceEmbeddingResult = await faceEmbeddingService.extractEmbedding(read("person_a_1.jpg"));
  const two = await faceEmbeddingService.extractEmbedding(read("person_a_2.jpg"));
  const other = await faceEmbeddingService.extractEmbedding(read("person_b_1.jpg"));
  assert(one.embedding && two.embedding && other.embedding && one.facialArea);
  assert.equal(one.embedding.length, 512);
  assert.equal(one.faceCount, 1);
  assert(one.faceConfidence > 0.5 && one.facialArea.w > 0 && one.processingTimeMs > 0);
  assert.equal(one.model, "mobilefacenet-87aacdfe/yunet/similarity");
  const same: FaceComparisonResult = await faceEmbeddingService.compareFaces(one.embedding, two.embedding);
  assert.equal(same.isSamePerson, true);
  assert(["high", "medium", "low"].includes(same.confidence));
  const strangers = await faceEmbeddingService.compareFaces(one.embedding, other.embedding);
  assert.equal(strangers.isSamePerson, false);
  const cosine = FaceEmbeddingService.cosineSimilarity(one.embedding, two.embedding);
  assert(Math.abs(1 - cosine - same.distance) < 1e-6);
});

test("a photo of several people gives the largest face and their number", async () => {
  const group = await vara.faceEmbeddingService.extractEmbedding(read("sample1.jpg"));
  assert.equal(group.faceCount, 3);
  assert.equal(group.embedding?.length, 512);
});

test("a picture without a face has no embedding, whatever the service embeds instead", async () => {
  const none = await vara.faceEmbeddingService.extractEmbedding(greyPicture());
  const { processingTimeMs, ...rest } = none;
  assert(processingTimeMs > 0);
  assert.deepEqual(rest, {
    embedding: null,
    faceCount: 0,
    faceConfidence: 0,
    facialArea: null,
    model: null,
  });
});

test("what is no photo, and what is no embedding, is refused", async () => {
  const service = vara.faceEmbeddingService;
  await assert.rejects(service.extractEmbedding(Buffer.alloc(0)), /empty/);
  await assert.rejects(service.extractEmbedding(Buffer.from("no photo")), /INVALID_IMAGE/);
  await assert.rejects(service.compareFaces([1], [1]), /512/);
  const zeros = Array<number>(512).fill(0);
  await assert.rejects(service.compareFaces(zeros, zeros), /INVALID_EMBEDDING/);
});

test("when the service fails, every method says so and makes nothing up", async (t) => {
  const failing = await ScriptedServer.start((_, response) =>
    answer(response, 500, errorBody("INTERNAL_ERROR")),
  );
  t.after(() => failing.stop());
  const photo = read("person_a_1.jpg");
  const vector = Array<number>(512).fill(0.1);
  const service = new vara.FaceEmbeddingService({ baseUrl: failing.url });
  const check = async () => {
    assert.equal(await service.isServiceAvailable(), false);
    const failed = { name: /^(FaceServiceError|UnreachableError)$/ };
    await assert.rejects(service.extractEmbedding(photo), failed);
    await assert.rejects(service.compareFaces(vector, vector), failed);
  };
  await check();
  await failing.stop();
  // Nobody listens any more.
  await check();
});

test("embeddings of two models are not compared", async (t) => {
  const asked: unknown[] = [];
  const models = ["one/yunet/similarity", "two/yunet/similarity"];
  const extraction = {
    embedding: Array<number>(512).fill(0.1),
    face_count: 1,
    face_confidence: 1,
    facial_area: { x: 0, y: 0, w: 1, h: 1 },
  };
  // Extracts by itself, and compares with the real service.
  const mixed = await ScriptedServer.start((request, response, count) => {
    if (request.url?.endsWith("extract-embedding")) {
      answer(response, 200, { ...extraction, model: models[count - 1] });
    } else {
      asked.push(request.url);
      answer(response, 307, "", { location: `${server.url}${request.url}` });
    }
  });
  t.after(() => mixed.stop());
  const service = new vara.FaceEmbeddingService({ baseUrl: mixed.url });
  const one = await service.extractEmbedding(read("person_a_1.jpg"));
  const two = await service.extractEmbedding(read("person_a_1.jpg"));
  await assert.rejects(
    service.compareFaces(one.embedding as number[], two.embedding as number[]),
    /MODEL_MISMATCH/,
  );
  assert.equal(asked.length, 1);
});
