/** How long a server may say nothing. */
export interface Patience {
  /** After so much silence it is asked whether it is there; 0 never asks. */
  readonly pingAfterMs: number;
  /** After so much more the connection is given up. */
  readonly deadAfterMs: number;
}

interface Handlers {
  ping(): void;
  dead(): void;
}

/**
 * Notices that nothing comes any more on a connection that looks open.
 *
 * Whatever the server says is a sign of life. A browser shows no pings of the protocol
 * and sends none, so it is a message that asks.
 */
export class Heartbeat {
  readonly #patience: Patience;
  readonly #handlers: Handlers;
  #heardAt = 0;
  #isAsking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(patience: Patience, handlers: Handlers) {
    this.#patience = patience;
    this.#handlers = handlers;
  }

  begin(): void {
    this.heard();
    this.#listen();
  }

  /** Note that there was a message, whatever it says. */
  heard(): void {
    this.#heardAt = performance.now();
    if (this.#isAsking) this.#listen();
  }

  /** Ask now, and give the server as long as ever to answer. */
  ask(): void {
    const { pingAfterMs, deadAfterMs } = this.#patience;
    if (pingAfterMs === 0) return;
    this.#isAsking = true;
    this.#handlers.ping();
    this.#wait(deadAfterMs, () => this.#handlers.dead());
  }

  end(): void {
    this.#isAsking = false;
    clearTimeout(this.#timer);
  }

  /** Wait for enough silence; one timer for many messages. */
  #listen(): void {
    const { pingAfterMs } = this.#patience;
    if (pingAfterMs === 0) return;
    this.#isAsking = false;
    const restMs = this.#heardAt + pingAfterMs - performance.now();
    if (restMs > 0) this.#wait(restMs, () => this.#listen());
    else this.ask();
  }

  #wait(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }
}
