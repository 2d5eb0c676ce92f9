import type { Feed } from "./feed.js";
import { Gap } from "./gap.js";
import { TopicTrack } from "./track.js";
import type { Envelope } from "./wire.js";

/** One reader of what the server tells on its own account. */
export class Listening {
  readonly type: string;
  readonly feed: Feed<unknown>;
  readonly #tracks = new Map<string, TopicTrack>();

  constructor(type: string, feed: Feed<unknown>) {
    this.type = type;
    this.feed = feed;
  }

  /** Take a message of the type. */
  event({ topic, position, missed, payload }: Envelope): void {
    if (position !== undefined) {
      const track = this.#tracks.get(topic) ?? new TopicTrack(topic, undefined, false);
      this.#tracks.set(topic, track);
      const gaps = track.update(position, missed);
      if (gaps === undefined) return;
      for (const gap of gaps) this.feed.put(gap);
    }
    this.feed.put({ type: this.type, topic, payload });
  }

  /** Take an announced gap, where it is of a topic heard of before. */
  gap({ topic, position }: Envelope, missed: number | null): void {
    if (position === undefined) return;
    const gaps = this.#tracks.get(topic)?.announced(position, missed) ?? [];
    for (const gap of gaps) this.feed.put(gap);
  }

  /** Note that another connection begins, of which the server knows nothing. */
  reconnected(): void {
    this.#tracks.clear();
    this.feed.put(new Gap("", null, "reconnected"));
  }
}
