import { Gap, type GapReason } from "./gap.js";
import type { Position } from "./wire.js";

/** Follows the offsets of one topic, and finds what is missing between them. */
export class TopicTrack {
  readonly topic: string;
  position: Position | undefined;
  readonly #conflates: boolean;
  #owed = 0;

  /**
   * @param conflates Whether newer updates replace older ones of their key. Then an
   *   offset may be left out before the update that tells of it has come.
   */
  constructor(topic: string, position: Position | undefined, conflates: boolean) {
    this.topic = topic;
    this.position = position;
    this.#conflates = conflates;
  }

  /** Go on to an update; return the gaps before it, or undefined if it is old. */
  update(position: Position, missed: number): Gap[] | undefined {
    const known = this.position;
    if (this.#isOld(position)) return undefined;
    this.position = position;
    const gaps = missed > 0 ? [this.#gap(missed, "replaced")] : [];
    if (known === undefined) return gaps;
    if (known.epoch !== position.epoch) {
      this.#owed = 0;
      return [this.#gap(null, "hole")];
    }
    const unexplained = position.offset - known.offset - 1 - missed;
    if (this.#conflates) this.#owed = Math.max(0, this.#owed + unexplained);
    else if (unexplained > 0) gaps.push(this.#gap(unexplained, "hole"));
    return gaps;
  }

  /** Go on to where the server says a gap ends. */
  announced(position: Position, missed: number | null): Gap[] {
    if (this.#isOld(position)) return [];
    this.position = position;
    return [this.#gap(missed, "announced")];
  }

  /** Return what nobody will tell of any more, the connection being lost. */
  lost(): Gap[] {
    const owed = this.#owed;
    this.#owed = 0;
    return owed > 0 ? [this.#gap(owed, "hole")] : [];
  }

  /** Go on after the server was asked to recover what came since the position. */
  resumed(position: Position, recovered: boolean): Gap[] {
    if (recovered) return [];
    this.position = position;
    return [this.#gap(null, "not_recovered")];
  }

  #isOld(position: Position): boolean {
    const known = this.position;
    return known?.epoch === position.epoch && position.offset <= known.offset;
  }

  #gap(missed: number | null, reason: GapReason): Gap {
    return new Gap(this.topic, missed, reason);
  }
}
