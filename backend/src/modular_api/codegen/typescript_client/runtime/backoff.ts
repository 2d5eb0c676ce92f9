const RETRY_AFTER = /retry_after_ms=(\d{1,6})/;
const RESTARTING = 1012;
const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** A connection that lived so long makes the delays start anew. */
const STABLE_MS = 5_000;

/** Exponential delays with full jitter, so that clients do not come in waves. */
export class Backoff {
  #failures = 0;

  /** Note how long a connection was open. */
  lived(ms: number): void {
    if (ms >= STABLE_MS) this.#failures = 0;
  }

  /**
   * Return the milliseconds to wait after a connection was lost, or not made.
   *
   * A server that stops says when to come back (1012); it has chosen another time for
   * every client, so that time is taken as it is.
   */
  delayMs(code = 1006, reason = ""): number {
    const hint = code === RESTARTING ? RETRY_AFTER.exec(reason)?.[1] : undefined;
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#failures, 32));
    this.#failures += 1;
    return hint === undefined ? Math.random() * longest : Math.min(Number(hint), LONGEST_MS);
  }
}
