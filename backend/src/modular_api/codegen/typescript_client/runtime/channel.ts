/** The part of the browser's WebSocket that is used; that of the package `ws` has it too. */
export interface WebSocketLike {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
}

export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** How a connection ended. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

interface Handlers {
  opened(): void;
  received(text: unknown): void;
  ended(ending: Ending): void;
}

/** One connection; `ended` is called exactly once, whatever becomes of it. */
export class Channel {
  readonly #socket: WebSocketLike;
  readonly #handlers: Handlers;
  #hasEnded = false;

  constructor(socket: WebSocketLike, handlers: Handlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.onopen = () => {
      if (!this.#hasEnded) handlers.opened();
    };
    socket.onmessage = (event: { readonly data: unknown }) => {
      if (!this.#hasEnded) handlers.received(event.data);
    };
    socket.onclose = (event: Ending) => this.#end(event);
    socket.onerror = () => {
      // `onclose` follows and tells more.
    };
  }

  send(text: string): void {
    if (!this.#hasEnded) this.#socket.send(text);
  }

  /** Give the connection up at once: a dead one would answer a close after minutes, or never. */
  abort(reason: string): void {
    this.close();
    this.#end({ code: 1006, reason });
  }

  close(): void {
    this.#socket.close(1000);
  }

  #end({ code, reason }: Ending): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#handlers.ended({ code, reason });
  }
}
