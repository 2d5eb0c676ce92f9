import type { Channel } from "./channel.js";
import { ClientTimeout, ConnectionLost, type SocketClosed, SocketErrorAnswer } from "./errors.js";
import type { Following } from "./following.js";
import type { Listening } from "./listening.js";
import { type Observer, tell } from "./observer.js";
import { type Envelope, isObject, readEnvelope, writeEnvelope } from "./wire.js";

/** Subscriptions asked for at a time; a server refuses more than 80 with `busy`. */
const MOST_UNANSWERED = 16;
/** Errors that do not end a subscription which had begun: it is tried again. */
const PASSING = new Set(["busy", "internal"]);

/** What waits for the answer to one message. */
interface Waiting {
  readonly type: string;
  answered(envelope: Envelope): void;
  failed(error: Error): void;
  /** Whether it is one, for whose answer others wait. */
  isSubscription: boolean;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Something to send in its turn. */
interface Job {
  run(channel: Channel): void;
  /** Whether nothing may be unanswered before it. */
  readonly alone: boolean;
}

type Log = (text: string) => void;

/**
 * What is said on a socket: subscriptions, requests, and what answers them.
 *
 * It outlives its connections. Whatever was followed on one of them is asked for again
 * on the next, and recovered.
 */
export class Conversation {
  readonly #address: string;
  readonly #timeoutMs: number;
  readonly #log: Log;
  #channel: Channel | undefined;
  #failure: Error | undefined;
  #wasConnected = false;
  #lastId = 0;
  #messages = 0;
  readonly #waiting = new Map<string, Waiting>();
  readonly #onConnection = new Set<() => void>();
  #jobs: Job[] = [];
  readonly #followings = new Set<Following>();
  readonly #listenings = new Set<Listening>();
  readonly #observers = new Set<Observer<unknown>>();

  constructor(address: string, timeoutMs: number, log: Log) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
    this.#log = log;
  }

  /** Why nothing more can be said; undefined while that is possible. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  // What the readers do.

  /** Subscribe, now and on every connection to come. */
  follow(following: Following): void {
    if (this.#failure !== undefined) {
      following.end(this.#failure);
      return;
    }
    this.#followings.add(following);
    this.#limitWait(following);
    if (this.#channel !== undefined) this.#addJob((channel) => this.#subscribe(following, channel));
  }

  /** End a subscription. */
  unfollow(following: Following): void {
    following.end();
    if (this.#followings.delete(following) && following.isAsked) {
      this.#addJob((channel) => this.#unsubscribe(following, channel), true);
    }
  }

  /** Pass on messages of a type. */
  listen(listening: Listening): void {
    if (this.#failure === undefined) this.#listenings.add(listening);
    else listening.feed.finish(this.#failure);
  }

  /** Pass them on no longer. */
  unlisten(listening: Listening): void {
    this.#listenings.delete(listening);
  }

  /** Show every message of the server to an observer; return what ends that. */
  observe(observer: Observer<unknown>): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Send a message and return the payload of its answer. */
  async ask(type: string, payload: unknown): Promise<unknown> {
    const deadline = Date.now() + this.#timeoutMs;
    const channel = await this.#openChannel(type);
    return new Promise((resolve, reject) => {
      const id = this.#nextId();
      const timer = setTimeout(
        () => {
          this.#waiting.delete(id);
          reject(new ClientTimeout(`'${type}'`, this.#timeoutMs));
        },
        Math.max(0, deadline - Date.now()),
      );
      this.#waiting.set(id, {
        type,
        answered: (envelope) => resolve(envelope.payload),
        failed: reject,
        isSubscription: false,
        timer,
      });
      channel.send(writeEnvelope(type, payload, id));
    });
  }

  /** Send a message that has no answer. */
  async tell(type: string, payload: unknown): Promise<void> {
    const channel = await this.#openChannel(type);
    channel.send(writeEnvelope(type, payload, this.#nextId()));
  }

  // What the link does.

  /** Go on on a new connection. */
  connected(channel: Channel): void {
    this.#channel = channel;
    this.#jobs = [];
    if (this.#wasConnected) for (const each of this.#listenings) each.reconnected();
    this.#wasConnected = true;
    for (const resume of this.#onConnection) resume();
    for (const each of this.#followings) this.#addJob(() => this.#subscribe(each, channel));
  }

  /** Take a message of the server. */
  received(text: unknown): void {
    const envelope = readEnvelope(text);
    if (envelope === undefined) {
      this.#log(`${this.#address}: a message that is none of ours`);
      return;
    }
    this.#messages += 1;
    for (const observer of this.#observers) tell(observer, JSON.parse(String(text)));
    const waiting = this.#release(envelope.id);
    if (envelope.type === "error") this.#takeError(envelope, waiting);
    else if (waiting !== undefined) waiting.answered(envelope);
    else this.#takeNews(envelope);
    this.#work();
  }

  /** Note that the connection is lost. */
  lost(code: number, reason: string): void {
    this.#channel = undefined;
    this.#jobs = [];
    this.#failWaiting((type) => new ConnectionLost(`'${type}'`, code, reason));
    for (const each of this.#followings) each.lost();
  }

  /** Give every reader and every question an error, and those to come. */
  fail(error: Error): void {
    this.#finish(error, error);
  }

  /** Let every reader come to its end; who asks gets the error. */
  close(error: SocketClosed): void {
    this.#finish(undefined, error);
  }

  // Writing.

  #addJob(run: Job["run"], alone = false): void {
    this.#jobs.push({ run, alone });
    this.#work();
  }

  /** Do what is to be done, in its order: the server keeps it. */
  #work(): void {
    for (;;) {
      const [job] = this.#jobs;
      const most = job?.alone ? 1 : MOST_UNANSWERED;
      if (job === undefined || this.#channel === undefined || this.#unanswered >= most) return;
      this.#jobs.shift();
      job.run(this.#channel);
    }
  }

  get #unanswered(): number {
    let count = 0;
    for (const waiting of this.#waiting.values()) if (waiting.isSubscription) count += 1;
    return count;
  }

  #subscribe(following: Following, channel: Channel, topics?: readonly string[]): void {
    if (!this.#followings.has(following)) return;
    const type = following.router.subscribe;
    const recover = following.asked(topics);
    const then = {
      answered: (envelope: Envelope) => this.#started(following, envelope),
      failed: (error: Error) => this.#refused(following, channel, error, topics),
      isSubscription: true,
    };
    const unanswered = following.hasBegun ? undefined : () => this.#giveUp(following);
    const id = this.#expect(type, channel, then, unanswered);
    channel.send(writeEnvelope(type, following.payload, id, recover));
  }

  /**
   * Let nobody wait for ever for a connection. Once there is one, and the subscription's
   * turn has come, its own answer is what is waited for.
   */
  #limitWait(following: Following): void {
    following.timer = setTimeout(() => {
      if (this.#channel === undefined) this.#giveUp(following);
      else this.#limitWait(following);
    }, this.#timeoutMs);
  }

  /** End a subscription that had not begun in time. */
  #giveUp(following: Following): void {
    if (!this.#followings.delete(following)) return;
    following.isOverdue = true;
    following.end(new ClientTimeout(`'${following.router.subscribe}'`, this.#timeoutMs));
  }

  #started(following: Following, envelope: Envelope): void {
    following.started(envelope.starts);
    if (following.isOverdue) this.#addJob((channel) => this.#unsubscribe(following, channel), true);
  }

  /** End a subscription, and not those that share a topic with it. */
  #unsubscribe(following: Following, channel: Channel): void {
    const topics = following.topics;
    const shared = topics.filter((topic) => this.#followersOf(topic).length > 0);
    if (shared.length === topics.length) return;
    const type = following.router.unsubscribe;
    const id = this.#expect(type, channel, {
      answered: () => undefined,
      failed: (error) => this.#log(`${this.#address}: ${error.message}`),
      isSubscription: false,
    });
    channel.send(writeEnvelope(type, following.payload, id));
    // The server has now ended the shared ones too.
    for (const other of new Set(shared.flatMap((topic) => this.#followersOf(topic)))) {
      const again = shared.filter((topic) => other.follows(topic));
      const run = (): void => this.#subscribe(other, channel, again);
      this.#jobs.unshift({ run, alone: false });
    }
  }

  /**
   * Await an answer; without one in time the connection is taken for dead.
   *
   * @param unanswered Takes the news that there was none; then the connection stays, as
   *   long as the server has said anything meanwhile.
   */
  #expect(
    type: string,
    channel: Channel,
    then: Omit<Waiting, "type" | "timer">,
    unanswered?: () => void,
  ): string {
    const id = this.#nextId();
    const messages = this.#messages;
    const timer = setTimeout(() => {
      unanswered?.();
      if (unanswered === undefined || this.#messages === messages) {
        channel.abort(`'${type}' unanswered`);
        return;
      }
      waiting.isSubscription = false; // others have waited for long enough
      this.#work();
    }, this.#timeoutMs);
    const waiting = { type, timer, ...then };
    this.#waiting.set(id, waiting);
    return id;
  }

  #nextId(): string {
    this.#lastId += 1;
    return String(this.#lastId);
  }

  // Reading.

  #takeNews(envelope: Envelope): void {
    const { type, topic, position, missed, payload } = envelope;
    const followers = this.#followersOf(topic);
    for (const following of followers) {
      if (position === undefined) break;
      if (type === following.router.update) following.update(topic, position, missed, payload);
      if (type === following.router.gap) following.gap(topic, position, missedOf(payload));
    }
    if (followers.length > 0) return;
    for (const listening of this.#listenings) {
      if (type === listening.type) listening.event(envelope);
      else if (type === "gap") listening.gap(envelope, missedOf(payload));
    }
  }

  #takeError({ topic, payload }: Envelope, waiting: Waiting | undefined): void {
    const { code = "", message = "" } = isObject(payload) ? payload : {};
    const error = (type: string): Error =>
      new SocketErrorAnswer(type, String(code), String(message));
    if (waiting !== undefined) {
      waiting.failed(error(waiting.type));
      return;
    }
    for (const following of this.#followersOf(topic)) {
      if (code === "stream_failed") following.streamFailed(topic);
      else {
        this.#followings.delete(following);
        following.end(error(following.router.update));
      }
    }
    this.#log(`${this.#address}: the server says ${String(code)}: ${String(message)}`);
  }

  #refused(
    following: Following,
    channel: Channel,
    error: Error,
    topics?: readonly string[],
  ): void {
    const passing = error instanceof SocketErrorAnswer && PASSING.has(error.code);
    if (!passing || !following.hasBegun) {
      this.#followings.delete(following);
      following.end(error);
      return;
    }
    setTimeout(() => {
      if (this.#channel !== channel || following.isLive) return;
      this.#addJob(() => this.#subscribe(following, channel, topics));
    }, following.backoff.delayMs());
  }

  #followersOf(topic: string): Following[] {
    return [...this.#followings].filter((following) => following.follows(topic));
  }

  // Common.

  #finish(readersGet: Error | undefined, othersGet: Error): void {
    this.#failure ??= othersGet;
    this.#channel = undefined;
    this.#jobs = [];
    for (const following of this.#followings) following.end(readersGet);
    for (const { feed } of this.#listenings) feed.finish(readersGet);
    this.#followings.clear();
    this.#listenings.clear();
    this.#failWaiting(() => othersGet);
    for (const resume of this.#onConnection) resume();
  }

  #release(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) {
      clearTimeout(waiting.timer);
      this.#waiting.delete(id);
    }
    return waiting;
  }

  #failWaiting(errorFor: (type: string) => Error): void {
    for (const id of [...this.#waiting.keys()]) {
      const waiting = this.#release(id);
      // Subscriptions are asked for again.
      if (waiting !== undefined && !waiting.isSubscription) waiting.failed(errorFor(waiting.type));
    }
  }

  /** Wait for a connection. */
  async #openChannel(type: string): Promise<Channel> {
    if (this.#channel === undefined && this.#failure === undefined) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          this.#onConnection.delete(resume);
          reject(new ClientTimeout(`'${type}'`, this.#timeoutMs));
        }, this.#timeoutMs);
        const resume = (): void => {
          this.#onConnection.delete(resume);
          clearTimeout(timer);
          resolve();
        };
        this.#onConnection.add(resume);
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#channel === undefined) throw new ConnectionLost(`'${type}'`, 1006, "");
    return this.#channel;
  }
}

function missedOf(payload: unknown): number | null {
  const missed = isObject(payload) ? payload["missed"] : undefined;
  return typeof missed === "number" ? missed : null;
}
