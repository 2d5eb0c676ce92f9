/**
 * Why updates are missing.
 *
 * - `not_recovered`: after a reconnect the server had forgotten where the client was, or
 *   the topic came or went meanwhile; of one that went nothing more is told.
 * - `announced`: the server left some out for this client, or missed them itself.
 * - `replaced`: a newer update of the same key took the place of some.
 * - `hole`: the offsets of two updates do not follow each other.
 * - `slow_consumer`: the feed was not read in time, and its buffer is full.
 * - `stream_failed`: the source of the topic failed at the server and was started again.
 * - `reconnected`: the server had chosen what this client hears of; ask it again.
 */
export type GapReason =
  | "not_recovered"
  | "announced"
  | "replaced"
  | "hole"
  | "slow_consumer"
  | "stream_failed"
  | "reconnected";

/** Updates that did not and will not arrive; ask for the state anew. */
export class Gap {
  /** The server's name for what is followed; empty where it is not known. */
  readonly topic: string;
  /** How many; null where nobody knows. */
  readonly missed: number | null;
  readonly reason: GapReason;

  constructor(topic: string, missed: number | null, reason: GapReason) {
    this.topic = topic;
    this.missed = missed;
    this.reason = reason;
  }
}
