// Answers that the real service gives rarely or never: throttling, waiting times, broken vectors.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  BadAnswerError,
  CallTimeoutError,
  FaceClient,
  type FaceClientOptions,
  hasCode,
  UnreachableError,
} from "../src/index.ts";
import { answer, errorBody, ScriptedServer } from "./servers.ts";

const vector = Array.from({ length: 512 }, (_, i) => Math.sin(i + 1));
const extraction = {
  embedding: vector,
  face_count: 1,
  face_confidence: 0.9,
  facial_area: { x: 1, y: 2, w: 3, h: 4 },
  processing_time_ms: 1,
  model: "weights/detector/alignment",
  warnings: [],
};
const comparison = {
  is_same_person: true,
  distance: 0.3,
  similarity: 0.7,
  confidence: 0.5,
  threshold_used: 0.68,
  distance_metric: "cosine",
};
const photo = { image: "AAAA" };
const two = { embedding1: vector, embedding2: vector };

let server: ScriptedServer;
afterEach(() => server.stop());

type Reply = Parameters<typeof ScriptedServer.start>[0];

async function start(reply: Reply, options: FaceClientOptions = {}): Promise<FaceClient> {
  server = await ScriptedServer.start(reply);
  return new FaceClient({ baseUrl: server.url, baseDelayMs: 20, ...options });
}

for (const [status, code] of [
  [429, "TOO_MANY_REQUESTS"],
  [503, "OVERLOADED"],
  [504, "TIMEOUT"],
] as const) {
  test(`${status} is tried again, as often as allowed`, async () => {
    const client = await start((_, response, count) =>
      count <= 2 ? answer(response, status, errorBody(code)) : answer(response, 200, extraction),
    );
    assert.deepEqual((await client.extractEmbedding(photo)).embedding, vector);
    assert.equal(server.requests.length, 3);
    await server.stop();

    const refused = await start((_, response) => answer(response, status, errorBody(code)), { retries: 3 });
    await assert.rejects(refused.extractEmbedding(photo), (error) => hasCode(error, code));
    assert.equal(server.requests.length, 4);
  });
}

test("nothing else is tried again", async () => {
  for (const status of [400, 403, 404, 405, 408, 409, 413, 422, 425, 500, 501, 502, 505]) {
    const client = await start((_, response) => answer(response, status, errorBody("INTERNAL_ERROR")));
    await assert.rejects(client.extractEmbedding(photo), (error) => hasCode(error, "INTERNAL_ERROR"));
    assert.equal(server.requests.length, 1);
    await server.stop();
  }
});

test("Retry-After is waited for, in seconds or until a date", async () => {
  // Dates have whole seconds, so this one is 1 to 2 seconds ahead.
  const values = ["1", () => new Date(Date.now() + 2000).toUTCString()];
  for (const value of values) {
    const after = typeof value === "string" ? value : value();
    const client = await start((_, response, count) =>
      count === 1
        ? answer(response, 429, errorBody("TOO_MANY_REQUESTS"), { "retry-after": after })
        : answer(response, 200, extraction),
    );
    await client.extractEmbedding(photo);
    const [first, second] = server.requests.map((request) => request.at) as [number, number];
    assert(second - first >= 990, `${second - first} ms`);
    assert(second - first < 5000);
    await server.stop();
  }
});

test("a longer Retry-After than allowed ends the call at once, and the error says how long", async () => {
  // There would be time: a call may take a minute.
  const client = await start((_, response) =>
    answer(response, 503, errorBody("OVERLOADED"), { "retry-after": "30" }),
  );
  await assert.rejects(
    client.extractEmbedding(photo),
    (error) => hasCode(error, "OVERLOADED") && error.retryAfterMs === 30_000,
  );
  assert.equal(server.requests.length, 1);
});

test("pauses are random, and bounded by a limit that doubles", async () => {
  const limits = [40, 80, 160, 160];
  const pauses: number[][] = [];
  for (let run = 0; run < 6; run++) {
    const client = await start((_, response) => answer(response, 503, "<html>"), {
      baseDelayMs: 40,
      maxDelayMs: 160,
    });
    await assert.rejects(client.health(), BadAnswerError);
    const times = server.requests.map((request) => request.at);
    pauses.push(times.slice(1).map((time, i) => time - (times[i] as number)));
    await server.stop();
  }
  server = await ScriptedServer.start(() => {});
  for (const run of pauses) {
    assert.equal(run.length, limits.length);
    // A request takes some time, too.
    assert(run.every((pause, i) => pause < (limits[i] as number) + 60), String(run));
  }
  // Of twelve random pauses up to 160 ms, all lie within 40 ms of each other once in 500,000 times.
  const longest = pauses.flatMap((run) => run.slice(2));
  assert(Math.max(...longest) - Math.min(...longest) > 40, String(longest));
});

test("no try is begun that would come too late", async () => {
  const client = await start(
    (_, response) => answer(response, 503, errorBody("OVERLOADED"), { "retry-after": "5" }),
    { timeoutMs: 2000 },
  );
  const begun = performance.now();
  await assert.rejects(client.extractEmbedding(photo), (error) => hasCode(error, "OVERLOADED"));
  assert(performance.now() - begun < 1500);
});

test("an answer that does not come, or not to its end, ends with the time", async () => {
  const silent = await start(() => {}, { timeoutMs: 200 });
  await assert.rejects(silent.extractEmbedding(photo), CallTimeoutError);
  await server.stop();
  const half = await start((_, response) => response.write('{"embedding": ['), { timeoutMs: 200 });
  await assert.rejects(half.extractEmbedding(photo), CallTimeoutError);
});

test("the caller's signal ends a call, also between two tries", async () => {
  const reason = new Error("no longer needed");
  const client = await start((_, response) =>
    answer(response, 503, errorBody("OVERLOADED"), { "retry-after": "10" }),
  );
  const controller = new AbortController();
  const call = client.extractEmbedding(photo, { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 300);
  await assert.rejects(call, (error) => error === reason);
  assert.equal(server.requests.length, 1);
});

test("the API key is sent with every request, and none without one", async () => {
  const client = await start((_, response) => answer(response, 200, extraction), { apiKey: "secret" });
  await client.extractEmbedding(photo);
  await new FaceClient({ baseUrl: `${server.url}/` }).extractEmbedding(photo);
  assert.deepEqual(server.requests.map((request) => request.headers["x-api-key"]), ["secret", undefined]);
  assert.deepEqual(new Set(server.requests.map((r) => r.path)), new Set(["/api/v1/extract-embedding"]));
});

test("a broken vector is an error, whatever the status says", async () => {
  const text = (embedding: string) => JSON.stringify({ ...extraction, embedding: 0 }).replace("0", embedding);
  const numbers = (first: string) => `[${[first, ...vector.slice(1)].join(",")}]`;
  assert.equal(JSON.parse(text(numbers("0.5"))).embedding.length, 512);
  const broken = [
    text(`[${vector.slice(1).join(",")}]`),
    text(`[${[...vector, 1].join(",")}]`),
    text("[]"),
    text("null"),
    text("{}"),
    text("7"),
    // Valid JSON, and Infinity once it is read.
    text(numbers("1e999")),
    text(numbers("null")),
    text(numbers('"0.5"')),
    text(numbers("true")),
    text(`[${Array(512).fill(0).join(",")}]`),
    text(JSON.stringify("AAAA")),
    JSON.stringify({ ...extraction, embedding: undefined }),
    JSON.stringify({ ...extraction, model: undefined }),
    JSON.stringify({ ...extraction, model: "" }),
    JSON.stringify({ ...extraction, face_count: -1 }),
    JSON.stringify({ ...extraction, facial_area: null }),
    "[]",
    "null",
    "7",
    "",
    "<html>it works</html>",
    text(numbers("0.5")).slice(0, -1),
  ];
  for (const body of broken) {
    const client = await start((_, response) => answer(response, 200, body));
    await assert.rejects(client.extractEmbedding(photo), BadAnswerError, body.slice(0, 40));
    assert.equal(server.requests.length, 1);
    await server.stop();
  }
  const client = await start((_, response) => answer(response, 200, text(numbers("0.5"))));
  assert.equal((await client.extractEmbedding(photo)).face_count, 1);
});

test("null is an embedding only without a face", async () => {
  const none = { ...extraction, embedding: null, face_count: 0, face_confidence: 0 };
  const client = await start((_, response) => answer(response, 200, none));
  assert.equal((await client.extractEmbedding(photo)).embedding, null);
});

test("an embedding in another format than asked for is an error", async () => {
  const floats = Buffer.from(Float32Array.from(vector).buffer).toString("base64");
  const bad = Buffer.from(Float32Array.from([...vector.slice(1), NaN]).buffer).toString("base64");
  let embedding: unknown = floats;
  const client = await start((_, response) => answer(response, 200, { ...extraction, embedding }));
  const asked = { ...photo, embedding_format: "base64" } as const;
  assert.equal((await client.extractEmbedding(asked)).embedding, floats);
  await assert.rejects(client.extractEmbedding(photo), BadAnswerError);
  for (embedding of [vector, bad, floats.slice(4), "%"]) {
    await assert.rejects(client.extractEmbedding(asked), BadAnswerError);
  }
});

test("a broken result of many photos is an error", async () => {
  const face = { embedding: vector, face_confidence: 1, facial_area: { x: 0, y: 0, w: 1, h: 1 } };
  const result = { width: 1, height: 1, face_count: 1, faces: [face], model: "m", warnings: [], error: null };
  const many = (...results: unknown[]) => ({ results, model: "m", processing_time_ms: 1 });
  const match = { ...comparison, facial_area: face.facial_area, face_count: 1, model: "m", error: null };
  const matched = (...matches: unknown[]) => ({ matches, model: "m", threshold_used: 0.68 });
  let body: unknown = many(result);
  const client = await start((_, response) => answer(response, 200, body));
  const extract = () => client.extractEmbeddings({ images: [photo] });
  const find = () => client.matchFaces({ embedding: vector, images: [photo] });
  assert.deepEqual((await extract()).results[0]?.faces[0]?.embedding, vector);
  for (body of [
    many(),
    many(result, result),
    many(null),
    many({ ...result, faces: null }),
    many({ ...result, faces: [null] }),
    many({ ...result, faces: [{ ...face, embedding: vector.slice(1) }] }),
    many({ ...result, model: null }),
  ]) {
    await assert.rejects(extract, BadAnswerError);
  }
  body = matched(match);
  assert.equal((await find()).matches[0]?.is_same_person, true);
  for (body of [
    matched(),
    matched(match, match),
    matched({ ...match, distance: null }),
    matched({ ...match, distance: 0.7 }),
    matched({ ...match, facial_area: null }),
  ]) {
    await assert.rejects(find, BadAnswerError);
  }
});

test("a verdict that its distance contradicts is an error", async () => {
  let body: unknown = comparison;
  const client = await start((_, response) => answer(response, 200, body));
  assert.equal((await client.compareFaces(two)).is_same_person, true);
  for (const wrong of [
    { is_same_person: false },
    { distance: 0.68 },
    { distance: -1 },
    { distance: undefined },
    { distance: "0.3" },
    { similarity: 2 },
    { confidence: null },
    { threshold_used: 0 },
    { is_same_person: "true" },
  ]) {
    body = { ...comparison, ...wrong };
    await assert.rejects(client.compareFaces(two), BadAnswerError, JSON.stringify(wrong));
  }
});

test("a proxy's page is not the service's error", async () => {
  const client = await start((_, response) => answer(response, 502, "<h1>Bad Gateway</h1>"));
  await assert.rejects(
    client.extractEmbedding(photo),
    (error) => error instanceof BadAnswerError && error.status === 502,
  );
});

test("a connection that breaks is an error", async () => {
  const client = await start((request) => request.socket.destroy());
  await assert.rejects(client.extractEmbedding(photo), UnreachableError);
});

test("no error repeats what was sent or answered", async () => {
  const client = await start((_, response) => answer(response, 200, '{"secret": 4711'));
  await assert.rejects(client.extractEmbedding({ image: "PHOTO" }), (error) => {
    assert.doesNotMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), /4711|PHOTO/);
    return true;
  });
});
