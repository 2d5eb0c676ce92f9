/** What the socket clients of all modules share. */
export { type WebSocketConstructor, type WebSocketLike } from "./channel.js";
export {
  ClientTimeout,
  ConnectionLost,
  MalformedMessage,
  SocketClosed,
  SocketError,
  SocketErrorAnswer,
} from "./errors.js";
export { Feed } from "./feed.js";
export { Gap, type GapReason } from "./gap.js";
export { type LinkState } from "./link.js";
export { ModuleSocket, type SocketOptions } from "./socket.js";
