import { Backoff } from "./backoff.js";
import { Feed } from "./feed.js";
import { Gap } from "./gap.js";
import { TopicTrack } from "./track.js";
import type { Position, Start } from "./wire.js";

/** A router, as the generated client describes it. */
export interface Router {
  /** The type of the message that subscribes. */
  readonly subscribe: string;
  readonly unsubscribe: string;
  readonly update: string;
  readonly gap: string;
  /** Whether newer updates replace older ones of their key. */
  readonly conflates: boolean;
}

/** What one subscription follows, and how far it has got. */
export class Following {
  readonly router: Router;
  /** Of the request; undefined where there is none. */
  readonly payload: unknown;
  readonly feed: Feed<unknown>;
  /** Whether it was asked for on the connection of now. */
  isAsked = false;
  /** Whether the server has answered there, the last time it was asked. */
  isLive = false;
  /** Whether the server has ever answered. */
  hasBegun = false;
  /** Whether nobody waits any more for the first answer, which was not given in time. */
  isOverdue = false;
  /** Limits the wait for the first answer. */
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Of a server that cannot take it up again yet. */
  backoff = new Backoff();
  readonly #tracks = new Map<string, TopicTrack>();
  #recovering = new Set<string>();

  constructor(router: Router, payload: unknown, feed: Feed<unknown>) {
    this.router = router;
    this.payload = payload;
    this.feed = feed;
  }

  /** The topics the server named. */
  get topics(): string[] {
    return [...this.#tracks.keys()];
  }

  follows(topic: string): boolean {
    return this.#tracks.has(topic);
  }

  /** Note that topics are asked for; return the positions to recover from, as a message has them. */
  asked(topics: readonly string[] = this.topics): { [name: string]: unknown } | undefined {
    this.isAsked = true;
    this.isLive = false;
    const known: { [topic: string]: Position } = {};
    for (const topic of topics) {
      const position = this.#tracks.get(topic)?.position;
      if (position !== undefined) known[topic] = position;
    }
    this.#recovering = new Set(Object.keys(known));
    return this.#recovering.size > 0 ? known : undefined;
  }

  /**
   * Take the server's answer, which names every topic there is now. One that came or
   * went while the connection was lost yields a gap: nobody tells what was missed in it.
   */
  started(starts: readonly Start[]): void {
    const isFirst = !this.hasBegun;
    this.isLive = this.hasBegun = true;
    this.backoff = new Backoff();
    clearTimeout(this.timer);
    for (const { topic, recovered, epoch, offset } of starts) {
      const wasAsked = this.#recovering.delete(topic);
      const track = this.#tracks.get(topic);
      const position = { epoch, offset };
      if (track === undefined) {
        this.#tracks.set(topic, new TopicTrack(topic, position, this.router.conflates));
        if (!isFirst) this.#put([new Gap(topic, null, "not_recovered")]);
      } else if (wasAsked) {
        this.#put(track.resumed(position, recovered));
      }
    }
    for (const topic of this.#recovering) this.#forget(topic);
    this.#recovering.clear();
    this.feed.answered();
  }

  update(topic: string, position: Position, missed: number, payload: unknown): void {
    const track = this.#trackOf(topic, position);
    const gaps = track?.update(position, missed);
    if (gaps === undefined) return;
    this.#put(gaps);
    this.feed.put({ type: this.router.update, topic, payload });
  }

  /** Take an announced gap. */
  gap(topic: string, position: Position, missed: number | null): void {
    this.#put(this.#trackOf(topic, position)?.announced(position, missed) ?? []);
  }

  streamFailed(topic: string): void {
    this.#put([new Gap(topic, null, "stream_failed")]);
  }

  /** Take nothing more; the reader gets what waits, then the error. */
  end(error?: Error): void {
    clearTimeout(this.timer);
    this.feed.finish(error);
  }

  /** Note that the connection is lost. */
  lost(): void {
    this.isAsked = this.isLive = false;
    for (const track of this.#tracks.values()) this.#put(track.lost());
  }

  /**
   * Until the server has answered on a new connection, another subscription may make
   * it tell news of a topic they share. Those of a new epoch are for the answer to judge.
   */
  #trackOf(topic: string, position: Position): TopicTrack | undefined {
    const track = this.#tracks.get(topic);
    return this.isLive || track?.position?.epoch === position.epoch ? track : undefined;
  }

  /** Follow a topic no longer that the server does not know any more. */
  #forget(topic: string): void {
    this.#tracks.delete(topic);
    this.#put([new Gap(topic, null, "not_recovered")]);
  }

  #put(gaps: readonly Gap[]): void {
    for (const gap of gaps) this.feed.put(gap);
  }
}
