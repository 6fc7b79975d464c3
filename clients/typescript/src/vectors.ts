/** Numbers in an embedding. */
export const EMBEDDING_DIMENSIONS = 512;
const FLOAT32_BYTES = 4;

/**
 * Returns the numbers of an embedding in base64: 512 little-endian float32.
 *
 * @throws {RangeError} it is anything else.
 */
export function decodeEmbedding(text: string): number[] {
  let bytes: string;
  try {
    bytes = atob(text);
  } catch (cause) {
    throw new RangeError("The embedding is not base64.", { cause });
  }
  if (bytes.length !== EMBEDDING_DIMENSIONS * FLOAT32_BYTES) {
    throw new RangeError(`The embedding has ${bytes.length} bytes.`);
  }
  const view = new DataView(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)).buffer);
  return Array.from({ length: EMBEDDING_DIMENSIONS }, (_, index) =>
    view.getFloat32(index * FLOAT32_BYTES, true),
  );
}

/** Whether a value is 512 finite numbers that are not all zero. */
export function isVector(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length === EMBEDDING_DIMENSIONS &&
    value.every(Number.isFinite) &&
    value.some((number) => number !== 0)
  );
}

/** Whether a value is the base64 of such a vector. */
export function isEncodedVector(value: unknown): value is string {
  try {
    return typeof value === "string" && isVector(decodeEmbedding(value));
  } catch {
    return false;
  }
}
