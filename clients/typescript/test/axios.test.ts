// The example of the replaced service's README: axios, no client, no API key.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axios from "axios";
import { LocalServer, readPhoto } from "./servers.ts";

let server: LocalServer;
let DEEPFACE_URL: string;

before(async () => {
  server = await LocalServer.start();
  DEEPFACE_URL = server.url;
});
after(() => server.stop());

async function extractEmbedding(imageBase64: string): Promise<number[]> {
  const response = await axios.post(`${DEEPFACE_URL}/api/v1/extract-embedding`, {
    image: imageBase64,
    image_type: "base64",
    enforce_detection: true,
    align: true,
  });
  return response.data.embedding;
}

async function compareFaces(emb1: number[], emb2: number[]): Promise<boolean> {
  const response = await axios.post(`${DEEPFACE_URL}/api/v1/compare-faces`, {
    embedding1: emb1,
    embedding2: emb2,
    distance_metric: "cosine",
  });
  return response.data.is_same_person;
}

test("the functions of the example work as written", async () => {
  const names = ["person_a_1", "person_a_2", "person_b_1"];
  const photos = names.map((name) => readPhoto(`tests/photos/${name}.jpg`));
  const [one = [], again = [], other = []] = await Promise.all(photos.map(extractEmbedding));
  assert.equal(one.length, 512);
  assert.equal(await compareFaces(one, again), true);
  assert.equal(await compareFaces(one, other), false);
});

test("an error has the shape that the main client reads", async () => {
  await assert.rejects(extractEmbedding("%"), (error) => {
    assert(axios.isAxiosError(error));
    assert.equal(error.response?.status, 400);
    assert.equal(error.response.data.error.code, "INVALID_IMAGE");
    assert.equal(typeof error.response.data.error.message, "string");
    return true;
  });
});
