// A server in place of the network: what it hears is kept, what it says is told by hand.
import { setTimeout as sleep } from "node:timers/promises";

import type { WebSocketConstructor, WebSocketLike } from "../src/generated/lab/ws.js";

/** A message as it stands on the wire. */
export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
  readonly recover?: unknown;
}

/** One connection of a client, as the server sees it. */
export class FakeConnection implements WebSocketLike {
  onopen: ((event: never) => unknown) | null = null;
  onmessage: ((event: never) => unknown) | null = null;
  onclose: ((event: never) => unknown) | null = null;
  onerror: ((event: never) => unknown) | null = null;
  isClosed = false;
  readonly #heard: Message[] = [];

  // What the client calls.

  send(text: string): void {
    this.#heard.push(JSON.parse(text) as Message);
  }

  close(): void {
    this.isClosed = true;
  }

  // What the server does.

  open(): this {
    this.onopen?.({} as never);
    return this;
  }

  /** Return the first message of a type that was not taken yet, once it is there. */
  async heard(type: string): Promise<Message> {
    for (;;) {
      const index = this.#heard.findIndex((message) => message.type === type);
      const [message] = index < 0 ? [] : this.#heard.splice(index, 1);
      if (message !== undefined) return message;
      await sleep(1);
    }
  }

  /** Return the types of what was not taken yet. */
  get waiting(): string[] {
    return this.#heard.map((message) => message.type);
  }

  tell(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as never);
  }

  /** Answer a question with what stands on the wire beside its id. */
  answer(question: Message, answer: object): void {
    this.tell({ type: `${question.type}.response`, id: question.id, ...answer });
  }

  /** Refuse a question. */
  refuse(question: Message, code: string): void {
    this.tell({ type: "error", id: question.id, payload: { code, message: "" } });
  }

  end(code: number, reason = ""): void {
    this.onclose?.({ code, reason } as never);
  }
}

/** Whom a socket connects to; pass `webSocket`. */
export class FakeServer {
  /** All there were, the latest last. */
  readonly connections: FakeConnection[] = [];
  readonly webSocket: WebSocketConstructor;

  constructor() {
    const connections = this.connections;
    this.webSocket = class extends FakeConnection {
      constructor() {
        super();
        connections.push(this);
      }
    };
  }

  /** Accept the next connection, which is the `count`th one, once it is asked for. */
  async accept(count: number): Promise<FakeConnection> {
    for (;;) {
      const connection = this.connections[count - 1];
      if (connection !== undefined) return connection.open();
      await sleep(1);
    }
  }
}
