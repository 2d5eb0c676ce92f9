import { Backoff } from "./backoff.js";
import { Channel, type Ending, type WebSocketLike } from "./channel.js";
import type { Conversation } from "./conversation.js";
import { ConnectionLost, SocketClosed } from "./errors.js";
import { Heartbeat, type Patience } from "./heartbeat.js";
import { watchNetwork } from "./network.js";
import { writeEnvelope } from "./wire.js";

/**
 * What a connection is doing. `idle`: nobody has asked for it yet. `waiting`: it was lost,
 * or not made; the next attempt comes after a while. `closed`: by its owner, or for good
 * by an error.
 */
export type LinkState = "idle" | "connecting" | "open" | "waiting" | "closed";

/** Close codes after which another connection would end alike; docs/SOCKETS.md. */
const FINAL_CODES = new Set([1007, 1009, 4029, 4401, 4403]);

const PING = writeEnvelope("ping", undefined, "ping");

interface Opening {
  resolve(): void;
  reject(error: Error): void;
}

/** One connection, made anew whenever it is lost, until it is closed for good. */
export class Link {
  readonly #address: string;
  readonly #dial: () => WebSocketLike;
  readonly #conversation: Conversation;
  readonly #timeoutMs: number;
  readonly #log: (text: string) => void;
  readonly #backoff = new Backoff();
  readonly #heartbeat: Heartbeat;
  #state: LinkState = "idle";
  #channel: Channel | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #opening: Opening | undefined;
  #openedAt = 0;
  #unwatchNetwork: (() => void) | undefined;

  constructor(
    address: string,
    dial: () => WebSocketLike,
    conversation: Conversation,
    timeoutMs: number,
    patience: Patience,
    log: (text: string) => void,
  ) {
    this.#address = address;
    this.#dial = dial;
    this.#conversation = conversation;
    this.#timeoutMs = timeoutMs;
    this.#log = log;
    this.#heartbeat = new Heartbeat(patience, {
      ping: () => this.#channel?.send(PING),
      dead: () => this.#channel?.abort("the server says nothing any more"),
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Connect now; the first attempt counts. */
  open(): Promise<void> {
    if (this.#state === "closed") {
      return Promise.reject(this.#conversation.failure ?? new SocketClosed(this.#address, 1000, ""));
    }
    if (this.#state !== "idle") return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#opening = { resolve, reject };
      this.#connect();
    });
  }

  /** Connect, and stay connected, in the background. */
  start(): void {
    if (this.#state === "idle") this.#connect();
  }

  /** Close the connection with 1000; readers come to their end. */
  close(): void {
    if (this.#state === "closed") return;
    const error = new SocketClosed(this.#address, 1000, "");
    this.#closeForGood();
    this.#channel?.close();
    this.#opening?.reject(error);
    this.#conversation.close(error);
  }

  #connect(): void {
    this.#enter("connecting");
    this.#unwatchNetwork ??= watchNetwork((isOnline) => this.#networkChanged(isOnline));
    let socket: WebSocketLike;
    try {
      socket = this.#dial();
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const channel = new Channel(socket, {
      opened: () => this.#opened(channel),
      received: (text) => {
        this.#heartbeat.heard();
        this.#conversation.received(text);
      },
      ended: (ending) => this.#ended(ending),
    });
    this.#channel = channel;
    this.#timer = setTimeout(() => channel.abort("no handshake in time"), this.#timeoutMs);
  }

  #opened(channel: Channel): void {
    clearTimeout(this.#timer);
    if (this.#state === "closed") {
      channel.close();
      return;
    }
    this.#enter("open");
    this.#openedAt = Date.now();
    this.#heartbeat.begin();
    this.#opening?.resolve();
    this.#opening = undefined;
    this.#conversation.connected(channel);
  }

  #ended({ code, reason }: Ending): void {
    clearTimeout(this.#timer);
    this.#heartbeat.end();
    if (this.#state === "closed") return;
    if (this.#state === "open") {
      this.#backoff.lived(Date.now() - this.#openedAt);
      this.#conversation.lost(code, reason);
    }
    if (FINAL_CODES.has(code)) this.#fail(new SocketClosed(this.#address, code, reason));
    else if (this.#opening !== undefined) {
      this.#enter("idle");
      this.#opening.reject(new ConnectionLost(this.#address, code, reason));
      this.#opening = undefined;
    } else this.#wait(code, reason);
  }

  #wait(code: number, reason: string): void {
    this.#enter("waiting");
    const delayMs = this.#backoff.delayMs(code, reason);
    this.#log(`${this.#address}: lost (${code} ${reason}); again in ${Math.round(delayMs)} ms`);
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }

  /** Find out at once what a wait would find out. */
  #networkChanged(isOnline: boolean): void {
    if (this.#state === "open") this.#heartbeat.ask();
    else if (this.#state === "waiting" && isOnline) {
      clearTimeout(this.#timer);
      this.#connect();
    }
  }

  #fail(error: Error): void {
    this.#closeForGood();
    this.#opening?.reject(error);
    this.#conversation.fail(error);
  }

  #closeForGood(): void {
    clearTimeout(this.#timer);
    this.#heartbeat.end();
    this.#unwatchNetwork?.();
    this.#enter("closed");
  }

  #enter(state: LinkState): void {
    this.#state = state;
    this.#log(`${this.#address}: ${state}`);
  }
}
