/** When and how often a call is tried again. Times are in milliseconds. */
export interface RetryPolicy {
  /** How many times more a call is tried. */
  readonly retries: number;
  /** Longest random pause after the first failure; it doubles with each failure. */
  readonly baseDelayMs: number;
  /** Longest random pause. */
  readonly maxDelayMs: number;
  /** If `Retry-After` asks for more than this, the call fails at once. */
  readonly maxRetryAfterMs: number;
}

/** Nothing was decided yet: throttled, overloaded or still loading, out of time. */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 503, 504]);

/**
 * Returns how long to wait before the next try, or null to give up.
 *
 * The pause is random between 0 and a limit that doubles ("full jitter"), so that clients that failed
 * together do not come back together. What `Retry-After` asks for is waited in addition.
 */
export function pauseMs(
  status: number,
  failures: number,
  retryAfterMs: number | null,
  policy: RetryPolicy,
): number | null {
  const asked = retryAfterMs ?? 0;
  if (!RETRIED_STATUSES.has(status) || failures > policy.retries || asked > policy.maxRetryAfterMs) {
    return null;
  }
  const longest = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (failures - 1));
  return asked + Math.random() * longest;
}

/** Returns the milliseconds in a `Retry-After` header, which holds seconds or a date; null without. */
export function readRetryAfter(header: string | null): number | null {
  const text = header?.trim() ?? "";
  if (/^\d+$/.test(text)) {
    return Number(text) * 1000;
  }
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

/** Waits; rejects with the signal's reason when it is aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal.addEventListener("abort", abort, { once: true });
  });
}
