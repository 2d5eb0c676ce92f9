// SocketError
// ├── ClientTimeout       no answer, or no connection, in time
// ├── ConnectionLost      while an answer was awaited, or the first attempt failed
// ├── MalformedMessage    an update without a payload; read on
// ├── SocketClosed        by its owner, or for good by the server
// └── SocketErrorAnswer   the server answered with an error

/** Something went wrong on a socket. */
export class SocketError extends Error {
  override readonly name: string = "SocketError";
}

/** There was no answer in time, or no connection to ask on. */
export class ClientTimeout extends SocketError {
  override readonly name = "ClientTimeout";

  constructor(what: string, timeoutMs: number) {
    super(`${what} was not answered within ${timeoutMs} ms`);
  }
}

/** The connection was lost; the server may have acted on the message, or not. */
export class ConnectionLost extends SocketError {
  override readonly name = "ConnectionLost";

  constructor(what: string, code: number, reason: string) {
    super(`${what}: the connection was lost (${code}${reason && ` ${reason}`})`);
  }
}

/** A message lacks what it must have. It is left out; what follows can be read. */
export class MalformedMessage extends SocketError {
  override readonly name = "MalformedMessage";
  readonly type: string;

  constructor(type: string, reason: string) {
    super(`'${type}': ${reason}`);
    this.type = type;
  }
}

/** The connection is closed for good: by its owner (1000), or because trying again is of no use. */
export class SocketClosed extends SocketError {
  override readonly name = "SocketClosed";
  readonly code: number;
  readonly reason: string;

  constructor(address: string, code: number, reason: string) {
    super(`${address} is closed (${code}${reason && ` ${reason}`})`);
    this.code = code;
    this.reason = reason;
  }
}

/** The server answered with an error, whose codes are listed in docs/SOCKETS.md. */
export class SocketErrorAnswer extends SocketError {
  override readonly name = "SocketErrorAnswer";
  /** The type of the message it answers, or of the updates that have ended. */
  readonly type: string;
  readonly code: string;

  constructor(type: string, code: string, message: string) {
    super(`'${type}': ${code}: ${message}`);
    this.type = type;
    this.code = code;
  }
}
