// What the runtime of sockets does with servers that say what a live one would not.
import assert from "node:assert/strict";
import { test as withoutLimit } from "node:test";

import {
  ClientTimeout,
  Gap,
  LabSocket,
  SocketErrorAnswer,
  type SocketOptions,
} from "../src/generated/lab/ws.js";
import { FakeServer } from "./fake_server.js";

Math.random = () => 0.01; // full jitter at its shortest: reconnect at once

const test = (name: string, body: () => Promise<void>): void =>
  void withoutLimit(name, { timeout: 10_000 }, body);

/** Run a body with a socket whose server is played by hand. */
async function withFake(
  body: (socket: LabSocket, server: FakeServer) => Promise<void>,
  options: SocketOptions = {},
): Promise<void> {
  const server = new FakeServer();
  const { webSocket } = server;
  const socket = new LabSocket({ baseUrl: "http://fake", webSocket, ...options });
  try {
    await body(socket, server);
  } finally {
    socket.close();
  }
}

/** Collect what nobody catches, in place of the test runner, until asked for it. */
function uncaught(): { errors(): unknown[] } {
  const errors: unknown[] = [];
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => errors.push(error));
  return {
    errors: () => {
      process.removeAllListeners("uncaughtException");
      for (const other of others) process.on("uncaughtException", other);
      return errors;
    },
  };
}

const at = (topic: string, offset: number): object => ({ topic, epoch: "e", offset });

const update = (topic: string, offset: number): object => ({
  type: "numbers.update",
  ...at(topic, offset),
  payload: { name: topic, value: offset },
});

test("a topic that appeared while it was away yields a gap", () =>
  withFake(async (socket, server) => {
    const feed = socket.numbers({ names: ["a"] });
    const started = feed.started();
    const first = await server.accept(1);
    first.answer(await first.heard("numbers.subscribe"), { topics: [at("a", 1)] });
    await started;
    first.end(1006);
    const second = await server.accept(2);
    second.answer(await second.heard("numbers.subscribe"), {
      topics: [{ ...at("a", 1), recovered: true }, at("b", 7)],
    });
    second.tell(update("b", 8));
    assert.deepEqual((await feed.next()).value, new Gap("b", null, "not_recovered"));
    assert.deepEqual((await feed.next()).value, { name: "b", value: 8 });
  }));

test("a subscription that had begun without topics is tried again", () =>
  withFake(async (socket, server) => {
    const feed = socket.numbers({ names: ["a"] });
    const started = feed.started();
    const first = await server.accept(1);
    first.answer(await first.heard("numbers.subscribe"), { topics: [] });
    await started;
    first.end(1006);
    const second = await server.accept(2);
    second.refuse(await second.heard("numbers.subscribe"), "busy");
    second.answer(await second.heard("numbers.subscribe"), { topics: [at("a", 1)] });
    assert.deepEqual((await feed.next()).value, new Gap("a", null, "not_recovered"));
  }));

test("a subscription that is refused before it began is not tried again", () =>
  withFake(async (socket, server) => {
    const next = socket.numbers({ names: ["a"] }).next();
    const connection = await server.accept(1);
    connection.refuse(await connection.heard("numbers.subscribe"), "busy");
    await assert.rejects(next, SocketErrorAnswer);
  }));

test("an observer that throws is reported, and the answer arrives", () =>
  withFake(async (socket, server) => {
    const reported = uncaught();
    const fault = new Error("of the observer");
    const seen: string[] = [];
    socket.onMessage(() => {
      throw fault;
    });
    socket.onMessage((message) => seen.push(message.type));
    const answer = socket.push({ name: "a", first: 1 });
    const connection = await server.accept(1);
    connection.answer(await connection.heard("push"), { payload: { count: 1 } });
    assert.deepEqual(await answer, { count: 1 });
    assert.deepEqual(reported.errors(), [fault]);
    assert.deepEqual(seen, ["push.response"]);
    assert.equal(socket.state, "open");
  }));

test("a busy server is asked again for what another feed's leaving had ended", () =>
  withFake(async (socket, server) => {
    const [rest, left] = [socket.numbers({ names: ["a"] }), socket.numbers({ names: ["a", "b"] })];
    const started = Promise.all([rest.started(), left.started()]);
    const connection = await server.accept(1);
    const answers = [[at("a", 1)], [at("a", 1), at("b", 1)]];
    for (const topics of answers) {
      connection.answer(await connection.heard("numbers.subscribe"), { topics });
    }
    await started;
    await left.return();
    connection.answer(await connection.heard("numbers.unsubscribe"), {});
    connection.refuse(await connection.heard("numbers.subscribe"), "busy");
    const again = await connection.heard("numbers.subscribe");
    assert.deepEqual(again.recover, { a: { epoch: "e", offset: 1 } });
    connection.answer(again, { topics: [{ ...at("a", 2), recovered: true }] });
    connection.tell(update("a", 2));
    assert.deepEqual((await rest.next()).value, { name: "a", value: 2 });
  }));

test("a server that says nothing any more is noticed and left", () =>
  withFake(
    async (socket, server) => {
      const feed = socket.numbers({ names: ["a"] });
      const started = feed.started();
      const first = await server.accept(1);
      first.answer(await first.heard("numbers.subscribe"), { topics: [at("a", 1)] });
      await started;
      for (let answered = 0; answered < 3; answered += 1) {
        first.answer(await first.heard("ping"), { payload: { success: true } });
      }
      assert.equal(socket.state, "open");
      await first.heard("ping"); // the last of it
      const second = await server.accept(2);
      assert.ok(first.isClosed);
      const again = await second.heard("numbers.subscribe");
      assert.deepEqual(again.recover, { a: { epoch: "e", offset: 1 } });
    },
    { pingAfterMs: 20, deadAfterMs: 200 },
  ));

test("a server is not asked before it was silent for long enough", () =>
  withFake(
    async (socket, server) => {
      const opened = socket.open();
      const connection = await server.accept(1);
      await opened;
      for (let told = 0; told < 5; told += 1) {
        const toldAt = performance.now();
        connection.tell({ type: "tick", payload: { n: told } });
        connection.answer(await connection.heard("ping"), {});
        assert.ok(performance.now() - toldAt > 20);
      }
    },
    { pingAfterMs: 25, deadAfterMs: 5_000 },
  ));

test("an older server that knows no ping is alive all the same", () =>
  withFake(
    async (socket, server) => {
      const opened = socket.open();
      const connection = await server.accept(1);
      await opened;
      for (let asked = 0; asked < 5; asked += 1) {
        connection.refuse(await connection.heard("ping"), "unknown_type");
      }
      assert.equal(socket.state, "open");
      assert.equal(server.connections.length, 1);
    },
    { pingAfterMs: 10, deadAfterMs: 200 },
  ));

test("a network that comes back, or goes, is taken up at once", async () => {
  const platform = new EventTarget();
  const { addEventListener, removeEventListener } = globalThis;
  const { random } = Math;
  globalThis.addEventListener = platform.addEventListener.bind(platform);
  globalThis.removeEventListener = platform.removeEventListener.bind(platform);
  Math.random = () => 1; // it would wait
  try {
    await withFake(async (socket, server) => {
      const opened = socket.open();
      const first = await server.accept(1);
      await opened;
      platform.dispatchEvent(new Event("offline"));
      await first.heard("ping");
      first.end(1006);
      assert.equal(socket.state, "waiting");
      platform.dispatchEvent(new Event("online"));
      assert.equal(socket.state, "connecting");
      const second = await server.accept(2);
      platform.dispatchEvent(new Event("online"));
      await second.heard("ping");
      socket.close();
      platform.dispatchEvent(new Event("online"));
      assert.equal(server.connections.length, 2);
    });
  } finally {
    Object.assign(globalThis, { addEventListener, removeEventListener });
    Object.assign(Math, { random });
  }
});

test("a subscription that is not answered rejects, and spares the others", () =>
  withFake(
    async (socket, server) => {
      const talking = socket.latest();
      const started = talking.started();
      const connection = await server.accept(1);
      connection.answer(await connection.heard("latest.subscribe"), at("latest", 1));
      await started;
      const next = socket.numbers({ names: ["a"] }).next();
      const asked = await connection.heard("numbers.subscribe");
      const payload = { name: "a", value: 2 };
      connection.tell({ type: "latest.update", ...at("latest", 2), payload });
      await assert.rejects(next, ClientTimeout);
      assert.equal(socket.state, "open");
      connection.answer(asked, at("a", 1)); // too late: nobody wants it any more
      await connection.heard("numbers.unsubscribe");
      assert.deepEqual((await talking.next()).value, payload);
      assert.equal(server.connections.length, 1);
    },
    { timeoutMs: 50 },
  ));

test("a subscription that nothing at all follows ends the connection, too", () =>
  withFake(
    async (socket, server) => {
      const feed = socket.numbers({ names: ["a"] });
      const next = feed.next();
      const connection = await server.accept(1);
      await connection.heard("numbers.subscribe");
      await assert.rejects(next, ClientTimeout);
      assert.equal((await feed.next()).done, true);
      assert.ok(connection.isClosed);
      await server.accept(2);
    },
    { timeoutMs: 50 },
  ));

test("a subscription that had begun outlasts a server that does not answer it", () =>
  withFake(
    async (socket, server) => {
      const feed = socket.numbers({ names: ["a"] });
      const started = feed.started();
      const first = await server.accept(1);
      first.answer(await first.heard("numbers.subscribe"), at("a", 1));
      await started;
      first.end(1006);
      const second = await server.accept(2);
      await second.heard("numbers.subscribe");
      const third = await server.accept(3);
      third.answer(await third.heard("numbers.subscribe"), { ...at("a", 1), recovered: true });
      third.tell(update("a", 2));
      assert.deepEqual((await feed.next()).value, { name: "a", value: 2 });
    },
    { timeoutMs: 50 },
  ));

test("a subscription rejects where nobody can be connected to", () =>
  withFake(
    async (socket, server) => {
      const feed = socket.numbers({ names: ["a"] });
      const started = feed.started();
      const refusing = setInterval(() => server.connections.at(-1)?.end(1006), 1);
      await assert.rejects(started, ClientTimeout);
      clearInterval(refusing);
    },
    { timeoutMs: 50 },
  ));
