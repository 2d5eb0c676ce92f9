import { MalformedMessage } from "./errors.js";
import { Gap } from "./gap.js";

/** An update that waits to be read. */
export interface Received {
  readonly type: string;
  readonly topic: string;
  readonly payload: unknown;
}

interface Reader<T> {
  resolve(result: IteratorResult<T | Gap, undefined>): void;
  reject(error: Error): void;
}

/**
 * Updates, and a Gap where some did not arrive.
 *
 * Leaving `for await` unsubscribes. Not more than `size` items wait to be read: beyond,
 * the oldest give way to a Gap for each of their topics that counts them and comes first.
 *
 * Reading rejects with SocketErrorAnswer where the server refused or ended it, with
 * ClientTimeout where its first answer did not come in time, with SocketClosed where the
 * connection is closed for good, and with MalformedMessage for one message, after which
 * it can be read on.
 */
export class Feed<T> implements AsyncIterableIterator<T | Gap, undefined> {
  readonly #size: number;
  readonly #begin: () => void;
  readonly #end: () => void;
  #items: (Received | Gap)[] = [];
  readonly #dropped = new Map<string, Gap>();
  #readers: Reader<T>[] = [];
  readonly #answered = new Answered();
  #hasEnded = false;
  #error: Error | undefined;

  /**
   * @param begin Called by the first read: nothing is asked of the server before.
   * @param end Called once, when the reader leaves.
   */
  constructor(size: number, begin: () => void, end: () => void) {
    this.#size = Math.max(1, size);
    this.#begin = once(begin);
    this.#end = once(end);
  }

  /**
   * Wait for the server's answer: what happens from then on is told. Rejects as reading
   * does.
   */
  async started(): Promise<this> {
    this.#begin();
    await this.#answered.promise;
    return this;
  }

  next(): Promise<IteratorResult<T | Gap, undefined>> {
    this.#begin();
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#serve();
    });
  }

  /** Unsubscribe. */
  return(): Promise<IteratorResult<T | Gap, undefined>> {
    this.#end();
    this.#items = [];
    this.#dropped.clear();
    this.finish();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Note that the server has answered. @internal */
  answered(): void {
    this.#answered.resolve();
  }

  /** Add an item; the oldest gives way where there is no room. @internal */
  put(item: Received | Gap): void {
    if (this.#hasEnded) return;
    this.#items.push(item);
    if (this.#items.length > this.#size) this.#drop();
    this.#serve();
  }

  /** Take nothing more; what waits can still be read. The first call counts. @internal */
  finish(error?: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#error = error;
    if (error === undefined) this.#answered.resolve();
    else this.#answered.reject(error);
    this.#serve();
  }

  #drop(): void {
    const item = this.#items.shift();
    if (item === undefined) return;
    const gap = this.#dropped.get(item.topic);
    const before = gap === undefined ? 0 : gap.missed;
    const more = item instanceof Gap ? item.missed : 1;
    const missed = before === null || more === null ? null : before + more;
    this.#dropped.set(item.topic, new Gap(item.topic, missed, "slow_consumer"));
  }

  #serve(): void {
    for (;;) {
      const [reader] = this.#readers;
      const gap = this.#firstDropped();
      const item = gap ?? this.#items[0];
      if (reader === undefined || (item === undefined && !this.#hasEnded)) return;
      this.#readers.shift();
      if (item === undefined) this.#serveEnd(reader);
      else {
        if (gap === undefined) this.#items.shift();
        else this.#dropped.delete(gap.topic);
        serveItem(reader, item);
      }
    }
  }

  #firstDropped(): Gap | undefined {
    for (const gap of this.#dropped.values()) return gap;
    return undefined;
  }

  #serveEnd(reader: Reader<T>): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(error);
  }
}

/** A promise to be kept from outside; nobody needs to look at it. */
class Answered {
  readonly promise: Promise<void>;
  resolve: () => void = () => undefined;
  reject: (error: Error) => void = () => undefined;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => undefined); // or a platform reports it as unhandled
  }
}

function serveItem<T>(reader: Reader<T>, item: Received | Gap): void {
  if (item instanceof Gap) reader.resolve({ done: false, value: item });
  else if (item.payload === undefined) {
    reader.reject(new MalformedMessage(item.type, "it has no payload"));
  } else reader.resolve({ done: false, value: item.payload as T });
}

function once(call: () => void): () => void {
  let called = false;
  return () => {
    if (called) return;
    called = true;
    call();
  };
}
