// Calls the API, and says in words what went wrong.

export const EXTRACT = "api/v1/extract-embeddings";
export const COMPARE = "api/v1/compare-faces";
export const MATCH = "api/v1/match-faces";
const MODEL_INFO = "api/v1/model-info";

// One sentence for each code of the API, and for what only a browser can meet.
const WORDS = {
  NO_FACE_DETECTED: "No face was found in this photo.",
  MULTIPLE_FACES_DETECTED: "The photo shows more than one face. Use one with a single face.",
  INVALID_IMAGE: "This file is not a photo that can be read: another kind of file, damaged, or too many pixels.",
  DOWNLOAD_FAILED: "The photo could not be downloaded from its address.",
  INVALID_EMBEDDING: "The embedding cannot be compared: it is not 512 numbers.",
  NOT_FOUND: "This server has no such address. Is it an older version?",
  METHOD_NOT_ALLOWED: "This server does not take this kind of request. Is it an older version?",
  MODEL_MISMATCH: "The two faces were read by different models. Add both photos again.",
  PAYLOAD_TOO_LARGE: "The photo is too large. Use a smaller copy.",
  VALIDATION_ERROR: "The server did not understand the request. Is it another version than this page?",
  MODEL_ERROR: "The model gave no usable answer for this photo. Try another one.",
  INTERNAL_ERROR: "The server made a mistake. Its log says more; trying again may help.",
  MODEL_UNAVAILABLE: "The model's files are missing or broken.",
  OVERLOADED: "The server is busy. Try again in a moment.",
  TIMEOUT: "The server took too long. Try again, or use a smaller photo.",
  FORBIDDEN: "This server wants an API key.",
  TOO_MANY_REQUESTS: "Too many requests. Wait a moment.",
  BAD_GATEWAY: "The service behind this address does not answer.",
  UNREACHABLE: "The server cannot be reached. Is it still running?",
};

/** Returns sentences for people about `error`, the object in the API's envelope. */
export function explain({ code, message, details }) {
  const words = WORDS[code] ?? message;
  if (details?.limit_bytes) {
    return `${words} At most ${(details.limit_bytes / 2 ** 20).toFixed(1)} MB are possible.`;
  }
  return details?.command ? `${words} Run: ${details.command}` : words;
}

/**
 * Sends a request and returns what happened:
 * `{method, path, body, status, answer, error}`. `error` is the envelope's, or null.
 * If `signal` aborted it, look at the signal, not at the result.
 */
async function exchange(method, path, body, signal) {
  const done = { method, path, body, status: 0, answer: null, error: null };
  try {
    const headers = body ? { "Content-Type": "application/json" } : {};
    const response = await fetch(path, { method, body, headers, signal });
    done.status = response.status;
    done.answer = await response.json();
    done.error = done.answer.error ?? null;
  } catch {
    // No connection, or an answer that is not of this API.
    done.error = { code: "UNREACHABLE", message: "", details: null };
  }
  return done;
}

export const describeModel = () => exchange("GET", MODEL_INFO);

export const post = (path, content, signal) =>
  exchange("POST", path, JSON.stringify(content), signal);

/** Returns the content of a file as base64 text. */
export function toBase64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
