import type { WebSocketConstructor, WebSocketLike } from "./channel.js";
import { Conversation } from "./conversation.js";
import { SocketError } from "./errors.js";
import { Feed } from "./feed.js";
import { Following, type Router } from "./following.js";
import { Link, type LinkState } from "./link.js";
import { Listening } from "./listening.js";
import { tell } from "./observer.js";

export interface SocketOptions {
  /** The server, without the module's path: `https://example.com`; else the page's own. */
  readonly baseUrl?: string | undefined;
  /** Sent with every handshake; a function is asked before each. */
  readonly token?: string | (() => string) | undefined;
  /** Limit of connecting and of one answer, also the first one to a feed; 10 s unless told. */
  readonly timeoutMs?: number | undefined;
  /**
   * After so much silence the server is asked whether it is there; 20 s unless told, 0
   * never asks.
   */
  readonly pingAfterMs?: number | undefined;
  /** After so much more the connection is given up and made anew; 20 s unless told. */
  readonly deadAfterMs?: number | undefined;
  /** How many updates wait for the reader of a feed; 1024 unless told. */
  readonly buffer?: number | undefined;
  /** In place of the platform's own: the class of the package `ws`, for one. */
  readonly webSocket?: WebSocketConstructor | undefined;
  /** Told what the connection does, for debugging. */
  readonly log?: ((text: string) => void) | undefined;
}

interface Platform {
  readonly location?: { readonly origin: string };
  readonly WebSocket?: WebSocketConstructor;
}

/**
 * Speaks on the socket of one version of one module, over one connection.
 *
 * The first call connects, or `open` does. A connection that is lost is made anew: what
 * was followed goes on where it was, or tells a Gap.
 *
 * @typeParam Message What the server sends.
 */
export class ModuleSocket<Message> {
  readonly #conversation: Conversation;
  readonly #link: Link;
  readonly #buffer: number;

  /** @param answersPings Whether the socket's document says so. */
  constructor(address: string, options: SocketOptions = {}, answersPings = true) {
    const { timeoutMs = 10_000, buffer = 1024, deadAfterMs = 20_000 } = options;
    const pingAfterMs = answersPings ? (options.pingAfterMs ?? 20_000) : 0;
    const log = (text: string): void => {
      if (options.log !== undefined) tell(options.log, text);
    };
    this.#buffer = buffer;
    this.#conversation = new Conversation(address, timeoutMs, log);
    const dial = (): WebSocketLike => dialled(address, options);
    const patience = { pingAfterMs, deadAfterMs };
    this.#link = new Link(address, dial, this.#conversation, timeoutMs, patience, log);
  }

  /** What the connection is doing. */
  get state(): LinkState {
    return this.#link.state;
  }

  /**
   * Connect now. Rejects with ConnectionLost where the first attempt fails, and then
   * can be called again; with SocketClosed where that is of no use.
   */
  open(): Promise<void> {
    return this.#link.open();
  }

  /** Close the connection; every feed comes to its end. */
  close(): void {
    this.#link.close();
  }

  /**
   * Call a listener with every message of the server; returns what ends that. What it
   * throws is reported as an error nobody handled; the socket goes on.
   */
  onMessage(listener: (message: Message) => void): () => void {
    return this.#conversation.observe((message) => listener(message as Message));
  }

  // What generated methods call.

  protected follow<Update>(router: Router, payload?: unknown): Feed<Update> {
    const conversation = this.#conversation;
    const begin = (): void => {
      this.#link.start();
      conversation.follow(following);
    };
    const feed = new Feed<Update>(this.#buffer, begin, () => conversation.unfollow(following));
    const following = new Following(router, payload, feed);
    return feed;
  }

  protected listen<Event>(type: string): Feed<Event> {
    const conversation = this.#conversation;
    const begin = (): void => {
      this.#link.start();
      conversation.listen(listening);
      feed.answered();
    };
    const feed = new Feed<Event>(this.#buffer, begin, () => conversation.unlisten(listening));
    const listening = new Listening(type, feed);
    return feed;
  }

  protected async ask<Answer>(type: string, payload?: unknown): Promise<Answer> {
    this.#link.start();
    return (await this.#conversation.ask(type, payload)) as Answer;
  }

  protected tell(type: string, payload?: unknown): Promise<void> {
    this.#link.start();
    return this.#conversation.tell(type, payload);
  }
}

function dialled(address: string, options: SocketOptions): WebSocketLike {
  const platform = globalThis as Platform;
  const { baseUrl = platform.location?.origin, token } = options;
  const WebSocket = options.webSocket ?? platform.WebSocket;
  if (baseUrl === undefined) throw new SocketError(`${address}: baseUrl is missing`);
  if (WebSocket === undefined) {
    throw new SocketError(`${address}: there is no WebSocket here, so pass webSocket`);
  }
  const url = baseUrl.replace(/^http/, "ws").replace(/\/+$/, "") + address;
  const bearer = typeof token === "function" ? token() : token;
  return bearer === undefined ? new WebSocket(url) : new WebSocket(url, ["bearer", bearer]);
}
