// Compiles, or the types say less or more than they should.
import {
  type Feed,
  Gap,
  LabSocket,
  type Number,
  type NumbersRequest,
  type ServerMessage,
} from "../src/generated/lab/ws.js";
import { placeOrder } from "../src/generated/lab/rest/index.js";

/** Every type of message has its case; one more would not be a `never`. */
export function titleOf(message: ServerMessage): string {
  switch (message.type) {
    case "numbers.update":
    case "latest.update":
      return `${message.payload.name} ${message.payload.value + 1}`;
    case "numbers.gap":
    case "latest.gap":
      return `missed ${message.payload.missed ?? "some"}`;
    case "numbers.subscribe.response":
    case "numbers.unsubscribe.response":
      return message.payload.names.join();
    case "latest.subscribe.response":
    case "latest.unsubscribe.response":
    case "auth.response":
    case "ping.response":
      return String(message.payload.success);
    case "push.response":
      return String(message.payload.count);
    case "tick":
      return String(message.payload.n);
    case "ticks.begun":
    case "never.response":
      return message.type;
    case "error":
      return message.payload.code;
    default: {
      const none: never = message;
      return none;
    }
  }
}

/** With a case missing, what is left is no `never`. */
export function incomplete(message: ServerMessage): string {
  switch (message.type) {
    case "tick":
      return "";
    default: {
      // @ts-expect-error the other messages are left
      const none: never = message;
      return none;
    }
  }
}

export async function wrongUses(socket: LabSocket): Promise<void> {
  const feed: Feed<Number> = socket.numbers({ names: ["a"] });
  // @ts-expect-error a field of another name
  socket.numbers({ name: ["a"] });
  // @ts-expect-error a field of another type
  socket.numbers({ names: "a" });
  // @ts-expect-error the request is missing
  socket.numbers();
  // @ts-expect-error there is no request
  socket.latest({});
  for await (const item of feed) {
    // @ts-expect-error it may be a Gap
    item.value;
    if (item instanceof Gap) {
      // @ts-expect-error it may be null
      item.missed + 1;
    } else {
      item.value.toFixed();
      // @ts-expect-error there is no such field
      item.price;
    }
  }
  const request: NumbersRequest = { names: [] };
  // @ts-expect-error there may be no first one
  request.names[0].length;
  // @ts-expect-error the answer has other fields
  (await socket.push({ name: "a", first: 1 })).size;
  // @ts-expect-error the price is missing
  await placeOrder({ body: { symbol: "AAPL" } });
  const { data } = await placeOrder({ body: { symbol: "AAPL", price: "1.5" } });
  // @ts-expect-error there may have been an error
  data.price;
}
