// The client against the real local server: answers, errors, cold starts and overload.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CallTimeoutError,
  decodeEmbedding,
  FaceClient,
  FaceServiceError,
  hasCode,
  UnreachableError,
} from "../src/index.ts";
import { freePort, greyPicture, LocalServer, readPhoto, ScriptedServer } from "./servers.ts";

const MODEL = "mobilefacenet-87aacdfe/yunet/similarity";
const portrait = { image: readPhoto("events/portrait.jpg") };
const [a1, a2, b1] = ["person_a_1", "person_a_2", "person_b_1"].map((name) => ({
  image: readPhoto(`tests/photos/${name}.jpg`),
})) as [typeof portrait, typeof portrait, typeof portrait];
const grey = { image: greyPicture().toString("base64") };

let server: LocalServer;
let client: FaceClient;

before(async () => {
  server = await LocalServer.start();
  client = new FaceClient({ baseUrl: server.url });
});
after(() => server.stop());

/** A client that notes the status of every answer, retried ones too. */
function watched(url: string, options = {}): { client: FaceClient; statuses: number[] } {
  const statuses: number[] = [];
  const send = async (request: Request) => {
    const response = await fetch(request);
    statuses.push(response.status);
    return response;
  };
  return { client: new FaceClient({ baseUrl: url, fetch: send, ...options }), statuses };
}

/** Serves a photo to the service, but to nobody before it is released. */
async function holdPhotos(photo: string) {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const photos = await ScriptedServer.start((_, response) => {
    void released.then(() => response.end(Buffer.from(photo, "base64")));
  });
  return { photos, release, host: photos.url.replace("http://", "") };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    await sleep(10);
  }
}

test("embeddings of one person are near, those of two are far, and the model is kept", async () => {
  const [one, again, other] = await Promise.all(
    [a1, a2, b1].map((photo) => client.extractEmbedding(photo)),
  );
  assert(one?.embedding && again?.embedding && other?.embedding);
  assert.equal(one.model, MODEL);
  assert.equal(one.face_count, 1);
  const verdict = async (first: typeof one, second: typeof one) =>
    await client.compareFaces({
      embedding1: first.embedding as number[],
      embedding2: second.embedding as number[],
      model1: first.model,
      model2: second.model,
    });
  assert.equal((await verdict(one, again)).is_same_person, true);
  assert.equal((await verdict(one, other)).is_same_person, false);
});

test("base64 holds the same numbers", async () => {
  const numbers = await client.extractEmbedding(portrait);
  const text = await client.extractEmbedding({ ...portrait, embedding_format: "base64" });
  assert(numbers.embedding && text.embedding);
  const decoded = decodeEmbedding(text.embedding);
  assert.equal(decoded.length, 512);
  assert(decoded.every((number, i) => Math.abs(number - (numbers.embedding?.[i] as number)) < 1e-5));
});

test("many photos: every face, and the person among them", async () => {
  const { results } = await client.extractEmbeddings({ images: [a1, grey, { image: "%" }, b1] });
  assert.deepEqual(results.map((photo) => photo.faces.length), [1, 0, 0, 1]);
  const codes = results.map((photo) => photo.error?.code);
  assert.deepEqual(codes, [undefined, undefined, "INVALID_IMAGE", undefined]);
  const embedding = results[0]?.faces[0]?.embedding as number[];
  const { matches } = await client.matchFaces({ embedding, images: [a2, grey, b1], model: MODEL });
  assert.deepEqual(matches.map((match) => match.is_same_person), [true, false, false]);
});

test("the service describes itself", async () => {
  assert.equal((await client.health()).model_loaded, true);
  assert.equal((await client.warmUp()).status, "already_loaded");
  const info = await client.modelInfo();
  assert.equal(info.model_identity, MODEL);
  assert.equal(info.limits.max_image_bytes, 10_485_760);
});

test("errors have the code that the service answered, and are not tried again", async () => {
  const { client, statuses } = watched(server.url);
  const vector = (await client.extractEmbedding(portrait)).embedding as number[];
  const group = { image: readPhoto("tests/photos/sample1.jpg") };
  const other = "arcface-6336979c/retinaface/deepface";
  const cases = [
    ["NO_FACE_DETECTED", 400, () => client.extractEmbedding(grey)],
    ["MULTIPLE_FACES_DETECTED", 400, () => client.extractEmbedding(group)],
    ["INVALID_IMAGE", 400, () => client.extractEmbedding({ image: "%" })],
    [
      "DOWNLOAD_FAILED",
      400,
      () => client.extractEmbedding({ image: "http://127.0.0.1/", image_type: "url" }),
    ],
    [
      "INVALID_EMBEDDING",
      400,
      () => client.compareFaces({ embedding1: vector, embedding2: vector.slice(1) }),
    ],
    [
      "MODEL_MISMATCH",
      409,
      () => client.matchFaces({ embedding: vector, images: [portrait], model: other }),
    ],
    ["PAYLOAD_TOO_LARGE", 413, () => client.extractEmbedding({ image: "A".repeat(16_000_000) })],
    ["VALIDATION_ERROR", 422, () => client.extractEmbeddings({ images: [] })],
  ] as const;
  for (const [code, status, call] of cases) {
    statuses.length = 0;
    await assert.rejects(call, (error) => {
      assert(hasCode(error, code), String(error));
      assert.equal(error.status, status);
      if (code === "MULTIPLE_FACES_DETECTED") {
        assert.deepEqual(error.details, { face_count: 3 });
      }
      return true;
    });
    assert.deepEqual(statuses, [status]);
  }
});

test("cold start: while nothing listens, there is an error and no vector; then it is waited for", async () => {
  const port = await freePort();
  const starting = new LocalServer(port);
  try {
    const cold = new FaceClient({ baseUrl: starting.url });
    await assert.rejects(cold.extractEmbedding(portrait), UnreachableError);
    const tooShort = cold.waitUntilReady({ timeoutMs: 1 });
    await assert.rejects(
      tooShort,
      (error) => error instanceof UnreachableError || error instanceof CallTimeoutError,
    );
    const ready = await cold.waitUntilReady();
    assert.equal(ready.model, "MobileFaceNet");
    const first = await cold.extractEmbedding(portrait);
    assert.deepEqual(first.embedding, (await client.extractEmbedding(portrait)).embedding);
  } finally {
    await starting.stop();
  }
});

test("cold start: 503 is tried again until the weights are there, and the model is loaded", async () => {
  const folder = mkdtempSync(join(tmpdir(), "weights-"));
  const empty = await LocalServer.start({ MODEL_DIR: folder });
  try {
    const { client: cold, statuses } = watched(empty.url, { baseDelayMs: 100, retries: 50 });
    await assert.rejects(cold.health({ retries: 0 }), (error) => hasCode(error, "MODEL_UNAVAILABLE"));
    statuses.length = 0;
    const first = cold.extractEmbedding(portrait);
    await until(() => statuses.length > 0);
    cpSync(new URL("../../../models", import.meta.url), folder, { recursive: true });
    assert.deepEqual((await first).embedding, (await client.extractEmbedding(portrait)).embedding);
    assert.equal(statuses.at(-1), 200);
    assert.deepEqual(new Set(statuses.slice(0, -1)), new Set([503]));
    assert.equal((await cold.health()).model_loaded, true);
  } finally {
    await empty.stop();
    rmSync(folder, { recursive: true });
  }
});

test("overload: 503 is tried again as Retry-After asks, until there is room", async () => {
  const held = await holdPhotos(portrait.image);
  const busy = await LocalServer.start({ MAX_WAITING: "0", DOWNLOAD_ALLOWED_HOSTS: held.host });
  try {
    const body = { image: held.photos.url, image_type: "url" } as const;
    const holders = Array.from({ length: cpus().length }, () =>
      new FaceClient({ baseUrl: busy.url }).extractEmbedding(body),
    );
    await until(() => held.photos.requests.length === holders.length);

    const { client: late, statuses } = watched(busy.url);
    await assert.rejects(late.extractEmbedding(portrait, { retries: 0 }), (error) => {
      assert(hasCode(error, "OVERLOADED"));
      assert.equal(error.retryAfterMs, 1000);
      return true;
    });
    statuses.length = 0;
    const start = performance.now();
    const answered = late.extractEmbedding(portrait);
    await until(() => statuses.length > 0);
    held.release();
    assert.equal((await answered).face_count, 1);
    assert.deepEqual(statuses, [503, 200]);
    assert(performance.now() - start >= 1000);
    assert((await Promise.all(holders)).every((holder) => holder.face_count === 1));
  } finally {
    held.release();
    await busy.stop();
    await held.photos.stop();
  }
});

test("a spent budget: 504 is tried again", async () => {
  const held = await holdPhotos(portrait.image);
  const impatient = await LocalServer.start({
    REQUEST_BUDGET_S: "0.5",
    DOWNLOAD_ALLOWED_HOSTS: held.host,
  });
  try {
    const { client: patient, statuses } = watched(impatient.url);
    const answered = patient.extractEmbedding({ image: held.photos.url, image_type: "url" });
    await until(() => statuses.length > 0);
    held.release();
    assert.equal((await answered).face_count, 1);
    assert.deepEqual([statuses[0], statuses.at(-1)], [504, 200]);
  } finally {
    held.release();
    await impatient.stop();
    await held.photos.stop();
  }
});

test("the server ends while it is asked: an error, and no vector", async () => {
  const ending = await LocalServer.start();
  const stopped = new FaceClient({ baseUrl: ending.url });
  assert.equal((await stopped.extractEmbedding(portrait)).face_count, 1);
  await ending.stop();
  await assert.rejects(stopped.extractEmbedding(portrait), UnreachableError);
  assert(!(new UnreachableError("") instanceof FaceServiceError));
});
