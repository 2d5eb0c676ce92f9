// Runs in Node.js against a live server; test_in_node.py starts both.
import assert from "node:assert/strict";
import { test as withoutLimit } from "node:test";
import { WebSocket } from "ws";

import { client } from "../src/generated/lab/rest/client.gen.js";
import {
  breakStream,
  findOrder,
  placeOrder,
  pushNumbers,
  readFile,
  see,
  timesAsked,
  upload,
  watch,
} from "../src/generated/lab/rest/index.js";
import {
  ClientTimeout,
  ConnectionLost,
  type Feed,
  Gap,
  LabSocket,
  type Number as Numbered,
  SocketClosed,
  SocketErrorAnswer,
  type SocketOptions,
} from "../src/generated/lab/ws.js";

const baseUrl = process.env["LAB_URL"] ?? "";
const control = process.env["CONTROL_URL"] ?? "";
client.setConfig({ baseUrl: `${baseUrl}/api/v1/lab` });
Math.random = () => 0.01; // full jitter at its shortest: reconnect at once

/** A test that does not wait for ever for what does not come. */
const test = (name: string, body: () => Promise<void>): void =>
  void withoutLimit(name, { timeout: 10_000 }, body);

/** Run a body with a socket, closed afterwards. */
async function withSocket(
  body: (socket: LabSocket, logged: string[]) => Promise<void>,
  options: SocketOptions = {},
): Promise<void> {
  const logged: string[] = [];
  const log = (text: string): void => void logged.push(text);
  const socket = new LabSocket({ baseUrl, webSocket: WebSocket, log, ...options });
  try {
    await body(socket, logged);
  } finally {
    socket.close();
  }
}

/** Read the next items: a number's value, or the reason of a gap and how many it tells. */
async function take(feed: Feed<Numbered>, count: number): Promise<unknown[]> {
  const items: unknown[] = [];
  while (items.length < count) {
    const { done, value } = await feed.next();
    if (done) break;
    items.push(value instanceof Gap ? `${value.reason} ${value.missed}` : value.value);
  }
  return items;
}

/** Publish over HTTP, whatever has become of connections. */
async function publish(body: { name: string; first: number; count?: number }): Promise<void> {
  await pushNumbers({ body, throwOnError: true });
}

/** Cut every connection off, to come back after a while; return once it is gone. */
async function cutOff(socket: LabSocket): Promise<void> {
  await socket.fault({ code: 1012, reason: "retry_after_ms=300" });
  while (socket.state === "open") await new Promise((resolve) => setTimeout(resolve, 1));
}

const range = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index);

test("a call is answered with typed data", async () => {
  const body = { symbol: "AAPL", price: "190.120", at: "2026-01-02T03:04:05Z" };
  const { data, response } = await placeOrder({ body });
  assert.deepEqual(data, body);
  assert.equal(response.status, 201);
});

test("an error is data, or is thrown", async () => {
  const { data, error, response } = await findOrder({ path: { number: 7 } });
  assert.equal(data, undefined);
  assert.equal(response.status, 404);
  assert.match(JSON.stringify(error), /there is no order 7/);
  await assert.rejects(findOrder({ path: { number: 7 }, throwOnError: true }));
});

test("a body that is refused tells where", async () => {
  const body = { symbol: "AAPL", price: "much" };
  const { error, response } = await placeOrder({ body });
  assert.equal(response.status, 422);
  assert.deepEqual(error?.detail?.[0]?.loc, ["body", "price"]);
});

for (const name of ["a b", "ü€😀", "?x=1", "#top", "%2F", "a;b,c", "$&", "{limit}", "..."]) {
  test(`the path parameter ${name} arrives`, async () => {
    const { data } = await see({ path: { name }, throwOnError: true });
    assert.deepEqual(data, { name, query: [] });
  });
}

for (const name of ["a/secret", "/", "", ".", ".."]) {
  test(`the path parameter "${name}" is refused: it would reach another route`, async () => {
    const refused = { name: "TypeError", message: /of 'name' (has a slash|is not possible)/ };
    await assert.rejects(see({ path: { name } }), refused);
  });
}

test("a path of its own kind takes slashes, and no dots alone", async () => {
  const { data } = await readFile({ path: { file: "a/b c/../ü" }, throwOnError: true });
  assert.equal(data, "a/b c/../ü");
  await assert.rejects(readFile({ path: { file: ".." } }), /of 'file' is not possible/);
});

test("a query arrives as it was given", async () => {
  const query = {
    many: [3, 1, 3],
    words: ["a&b=c", "ü d+%"],
    "a&b[]=c#d": "x y",
    flag: false,
    at: "2026-01-02T03:04:05+01:00",
    limit: 0,
  };
  const { data } = await see({ path: { name: "n" }, query, throwOnError: true });
  assert.deepEqual(data.query, [
    ["many", "3"],
    ["many", "1"],
    ["many", "3"],
    ["words", "a&b=c"],
    ["words", "ü d+%"],
    ["a&b[]=c#d", "x y"],
    ["flag", "false"],
    ["at", "2026-01-02T03:04:05+01:00"],
    ["limit", "0"],
  ]);
});

test("null and an empty list are left out where the server has no default", async () => {
  const query = { many: [], flag: null, at: null };
  const { data } = await see({ path: { name: "n" }, query, throwOnError: true });
  assert.deepEqual(data.query, []);
  await see({ path: { name: "n" }, query: { many: null }, throwOnError: true });
});

test("what a query cannot say is refused", async () => {
  const path = { name: "n" };
  const refused = (reason: RegExp) => ({ name: "TypeError", message: reason });
  await assert.rejects(see({ path, query: { limit: null } }), refused(/'limit' cannot be said/));
  await assert.rejects(see({ path, query: { words: [] } }), refused(/'words' cannot be said/));
  await assert.rejects(see({ path, query: { many: [1, null] } }), refused(/'many' holds null/));
});

test("a file is uploaded with a field beside it", async () => {
  const file = new File(["four"], "a.txt");
  const { data } = await upload({ body: { file, note: "n" } });
  assert.deepEqual(data, { name: "a.txt", size: 4, note: "n" });
});

/** Read a stream to its end; return what came, how it ended, and how often it was asked for. */
async function watched(end: string): Promise<{ came: number[]; error: unknown; asked: unknown }> {
  const { stream } = await watch({ path: { end } });
  const came: number[] = [];
  let error: unknown;
  try {
    for await (const { n } of stream) {
      came.push(n);
      if (end === "broken" && n === 1) await breakStream();
    }
  } catch (thrown) {
    error = thrown;
  }
  const { data: asked } = await timesAsked({ path: { end } });
  return { came, error, asked };
}

test("a stream that is finished comes to its end", async () => {
  assert.deepEqual(await watched("finished"), { came: [0, 1], error: undefined, asked: 1 });
});

test("a stream that is refused throws at its reader", async () => {
  const { came, error, asked } = await watched("refused");
  assert.match(String(error), /404/);
  assert.deepEqual([came, asked], [[], 1]);
});

test("a stream that breaks throws at its reader, and is not asked for anew", async () => {
  const { came, error, asked } = await watched("broken");
  assert.ok(error instanceof Error);
  assert.deepEqual([came, asked], [[0, 1], 1]);
});

test("who listens to the errors of a stream may have it asked for anew", async () => {
  const errors: unknown[] = [];
  const { stream } = await watch({
    path: { end: "broken" },
    onSseError: (error) => errors.push(error),
    sseDefaultRetryDelay: 1,
    sseMaxRetryAttempts: 2,
  });
  const came: number[] = [];
  for await (const { n } of stream) {
    came.push(n);
    if (n === 1) await breakStream();
  }
  assert.deepEqual([came, errors.length], [[0, 1, 0, 1], 2]);
});

test("updates come in order, and a request has its answer", () =>
  withSocket(async (socket) => {
    await socket.open();
    assert.equal(socket.state, "open");
    const feed = await socket.numbers({ names: ["order"] }).started();
    assert.deepEqual(await socket.push({ name: "order", first: 1, count: 3 }), { count: 3 });
    assert.deepEqual(await take(feed, 3), [1, 2, 3]);
  }));

test("a lost connection is made anew and nothing is missing", () =>
  withSocket(async (socket) => {
    const feed = await socket.numbers({ names: ["anew"] }).started();
    await socket.push({ name: "anew", first: 1, count: 2 });
    assert.deepEqual(await take(feed, 2), [1, 2]);
    for (const code of [0, 1012, 1011, 4008]) {
      await socket.fault({ code });
      await publish({ name: "anew", first: 3, count: 4 });
      assert.deepEqual(await take(feed, 4), range(3, 4), String(code));
    }
  }));

test("what came while it was away is recovered", () =>
  withSocket(async (socket) => {
    const feed = await socket.numbers({ names: ["away", "too"] }).started();
    await publish({ name: "away", first: 1 });
    assert.deepEqual(await take(feed, 1), [1]);
    await cutOff(socket);
    await publish({ name: "away", first: 2, count: 100 });
    assert.notEqual(socket.state, "open", "it came back before the server said");
    assert.deepEqual(await take(feed, 100), range(2, 100));
  }));

test("two feeds of one topic both recover", () =>
  withSocket(async (socket) => {
    const feeds = [socket.numbers({ names: ["twin"] }), socket.numbers({ names: ["twin"] })];
    for (const feed of feeds) await feed.started();
    await publish({ name: "twin", first: 1 });
    for (const feed of feeds) assert.deepEqual(await take(feed, 1), [1]);
    await cutOff(socket);
    await publish({ name: "twin", first: 2, count: 5 });
    for (const feed of feeds) assert.deepEqual(await take(feed, 5), range(2, 5));
  }));

test("what was forgotten is announced", () =>
  withSocket(async (socket) => {
    const feed = await socket.numbers({ names: ["forgotten"] }).started();
    await publish({ name: "forgotten", first: 1 });
    assert.deepEqual(await take(feed, 1), [1]);
    await cutOff(socket);
    await publish({ name: "forgotten", first: 2, count: 300 });
    assert.deepEqual(await take(feed, 1), ["not_recovered null"]);
    await publish({ name: "forgotten", first: 302 });
    assert.deepEqual(await take(feed, 1), [302]);
  }));

test("a server that starts anew is noticed", () =>
  withSocket(async (socket) => {
    const feed = await socket.numbers({ names: ["restart"] }).started();
    await socket.push({ name: "restart", first: 1 });
    assert.deepEqual(await take(feed, 1), [1]);
    const answer = await fetch(`${control}/restart`, { method: "POST" });
    assert.equal(answer.status, 200);
    assert.deepEqual(await take(feed, 1), ["not_recovered null"]);
    await socket.push({ name: "restart", first: 2 });
    assert.deepEqual(await take(feed, 1), [2]);
  }));

test("leaving the loop unsubscribes, and spares who shares the topic", () =>
  withSocket(async (socket) => {
    const types: string[] = [];
    socket.onMessage((message) => types.push(message.type));
    const rest = await socket.numbers({ names: ["left"] }).started();
    const left = await socket.numbers({ names: ["left", "alone"] }).started();
    await socket.push({ name: "left", first: 1 });
    for await (const item of left) {
      assert.deepEqual(item, { name: "left", value: 1 });
      break;
    }
    await socket.push({ name: "left", first: 2, count: 2 });
    assert.deepEqual(await take(rest, 3), [1, 2, 3]);
    assert.ok(types.includes("numbers.unsubscribe.response"), types.join());
  }));

test("who does not read in time is told how much it missed", () =>
  withSocket(
    async (socket) => {
      const feed = await socket.numbers({ names: ["slow"] }).started();
      await socket.push({ name: "slow", first: 1, count: 10 });
      assert.deepEqual(await take(feed, 5), ["slow_consumer 6", 7, 8, 9, 10]);
    },
    { buffer: 4 },
  ));

test("who does not read in time is told so for each topic", () =>
  withSocket(
    async (socket) => {
      const feed = await socket.numbers({ names: ["slow", "late"] }).started();
      await socket.push({ name: "slow", first: 1, count: 3 });
      await socket.push({ name: "late", first: 1, count: 4 });
      assert.deepEqual(await take(feed, 4), ["slow_consumer 3", "slow_consumer 2", 3, 4]);
    },
    { buffer: 2 },
  ));

test("a refused subscription rejects with the server's code", () =>
  withSocket(async (socket) => {
    const feed = socket.numbers({ names: ["nobody"] });
    await assert.rejects(
      feed.next(),
      (error) => error instanceof SocketErrorAnswer && error.code === "unknown_name",
    );
    assert.equal((await feed.next()).done, true);
  }));

test("events come to who listens, and a reconnect is told", () =>
  withSocket(async (socket) => {
    const ticks = await socket.tick().started();
    await socket.ticksBegin({ n: 2 });
    assert.deepEqual((await ticks.next()).value, { n: 0 });
    assert.deepEqual((await ticks.next()).value, { n: 1 });
    await socket.fault({ code: 1012 });
    const { value } = await ticks.next();
    assert.ok(value instanceof Gap && value.reason === "reconnected");
  }));

test("a request without an answer times out", () =>
  withSocket((socket) => assert.rejects(socket.never(), ClientTimeout), { timeoutMs: 50 }));

test("a request whose connection is lost is not repeated", () =>
  withSocket(async (socket) => {
    await socket.open();
    const answer = assert.rejects(socket.never(), ConnectionLost);
    await socket.fault({ code: 0 });
    await answer;
  }));

test("a server that has nothing to say answers pings", () =>
  withSocket(
    async (socket) => {
      const types: string[] = [];
      socket.onMessage((message) => types.push(message.type));
      await socket.open();
      while (types.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
      assert.deepEqual([...new Set(types)], ["ping.response"]);
      assert.equal(socket.state, "open");
    },
    { pingAfterMs: 10, deadAfterMs: 5_000 },
  ));

test("a final close code ends everything with its reason", () =>
  withSocket(async (socket) => {
    const feed = await socket.numbers({ names: ["final"] }).started();
    await socket.fault({ code: 4403, reason: "no more" });
    await assert.rejects(
      feed.next(),
      (error) => error instanceof SocketClosed && error.code === 4403 && error.reason === "no more",
    );
    assert.equal(socket.state, "closed");
    await assert.rejects(socket.push({ name: "final", first: 1 }), SocketClosed);
    await assert.rejects(socket.open(), SocketClosed);
  }));

test("closing it lets every feed come to its end", () =>
  withSocket(async (socket) => {
    const feed = await socket.numbers({ names: ["end"] }).started();
    const next = feed.next();
    socket.close();
    assert.equal((await next).done, true);
    await assert.rejects(socket.push({ name: "end", first: 1 }), SocketClosed);
  }));

test("where nobody listens the first attempt fails, and can be made again", () =>
  withSocket(
    async (socket) => {
      await assert.rejects(socket.open(), ConnectionLost);
      assert.equal(socket.state, "idle");
      await assert.rejects(socket.open(), ConnectionLost);
    },
    { baseUrl: "http://127.0.0.1:9" },
  ));

test("a wrong token is refused, the right one is taken, asked for each time", async () => {
  await withSocket((socket) => assert.rejects(socket.open(), ConnectionLost), { token: "wrong" });
  let asked = 0;
  const token = (): string => {
    asked += 1;
    return "right";
  };
  await withSocket(
    async (socket) => {
      const feed = await socket.numbers({ names: ["token"] }).started();
      await socket.fault({ code: 1012 });
      while (asked < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      await publish({ name: "token", first: 1 });
      assert.deepEqual(await take(feed, 1), [1]);
    },
    { token },
  );
});

test("without a WebSocket or an address it says what to pass", async () => {
  if (!("WebSocket" in globalThis)) {
    await assert.rejects(new LabSocket({ baseUrl }).open(), /pass webSocket/);
  }
  await assert.rejects(new LabSocket({ webSocket: WebSocket }).open(), /baseUrl is missing/);
});

test("hundreds of feeds are subscribed and taken up again, a few at a time", () =>
  withSocket(async (socket) => {
    const names = range(0, 200).map((index) => `many${index}`);
    const feeds = names.map((name) => socket.numbers({ names: [name] }));
    await Promise.all(feeds.map((feed) => feed.started()));
    await socket.fault({ code: 0 });
    for (const name of names) await publish({ name, first: 1 });
    for (const feed of feeds) assert.deepEqual(await take(feed, 1), [1]);
  }));
