// The runtime reads what that of Python reads; test_conversations.py plays the same scripts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { type Feed, Gap, LabSocket, SocketErrorAnswer } from "../src/generated/lab/ws.js";
import { type FakeConnection, FakeServer } from "./fake_server.js";

Math.random = () => 0.01; // full jitter at its shortest: try again at once

interface Step {
  readonly answer?: object;
  /** What the question that is answered asks to recover; null for nothing. */
  readonly recover?: object | null;
  readonly refuse?: string;
  readonly update?: { readonly topic: string; readonly offset: number };
  readonly gap?: object;
  readonly missed?: number | null;
  readonly error?: string;
  readonly topic?: string;
}

interface Script {
  readonly name: string;
  readonly router: "numbers" | "latest";
  readonly buffer?: number;
  readonly connections: readonly (readonly Step[])[];
  readonly items: readonly unknown[];
}

async function play(connection: FakeConnection, router: string, step: Step): Promise<void> {
  const { answer, recover, refuse, update, gap, missed, error, topic } = step;
  if (answer !== undefined || refuse !== undefined) {
    const asked = await connection.heard(`${router}.subscribe`);
    if (recover !== undefined) assert.deepEqual(asked.recover ?? null, recover);
    if (answer !== undefined) connection.answer(asked, answer);
    else connection.refuse(asked, refuse ?? "");
  } else if (update !== undefined) {
    const payload = { name: update.topic, value: update.offset };
    connection.tell({ type: `${router}.update`, ...update, payload });
  } else if (gap !== undefined) {
    connection.tell({ type: `${router}.gap`, ...gap, payload: { missed } });
  } else {
    connection.tell({ type: "error", topic, payload: { code: error, message: "" } });
  }
}

async function itemsOf(feed: Feed<{ readonly value: number }>): Promise<unknown[]> {
  const items: unknown[] = [];
  for (;;) {
    try {
      const { done, value } = await feed.next();
      if (done) return items;
      if (value instanceof Gap) {
        items.push({ gap: value.reason, topic: value.topic, missed: value.missed });
      } else items.push(value.value);
    } catch (error) {
      assert.ok(error instanceof SocketErrorAnswer);
      items.push({ error: error.code });
    }
  }
}

const scripts = JSON.parse(readFileSync("tests/conversations.json", "utf8")) as Script[];

for (const { name, router, buffer, connections, items } of scripts) {
  void test(name, { timeout: 10_000 }, async () => {
    const server = new FakeServer();
    const { webSocket } = server;
    const socket = new LabSocket({ baseUrl: "http://fake", webSocket, buffer });
    const feed = router === "latest" ? socket.latest() : socket.numbers({ names: ["a"] });
    feed.started().catch(() => undefined); // reading tells
    for (const [index, steps] of connections.entries()) {
      const connection = await server.accept(index + 1);
      for (const step of steps) await play(connection, router, step);
      if (index + 1 < connections.length) connection.end(1012, "retry_after_ms=1");
    }
    socket.close();
    assert.deepEqual(await itemsOf(feed), items);
  });
}
