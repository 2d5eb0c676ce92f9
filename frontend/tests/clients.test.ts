// Runs against the trading app at BASE_URL.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";

import { client as broker } from "../src/generated/broker/rest/client.gen.js";
import { listOrders, placeOrder } from "../src/generated/broker/rest/index.js";
import { BrokerSocket, Gap, type ServerMessage } from "../src/generated/broker/ws.js";
import { client as datafeed } from "../src/generated/datafeed/rest/client.gen.js";
import { listSymbols } from "../src/generated/datafeed/rest/index.js";
import { DatafeedSocket } from "../src/generated/datafeed/ws.js";

const baseUrl = process.env["BASE_URL"] ?? "http://127.0.0.1:8000";
broker.setConfig({ baseUrl: `${baseUrl}/api/v1/broker` });
datafeed.setConfig({ baseUrl: `${baseUrl}/api/v1/datafeed` });

test("symbols are listed", async () => {
  const { data } = await listSymbols({ throwOnError: true });
  assert.ok(data.some((symbol) => symbol.symbol === "AAPL"));
});

test("an order that is placed is told on the socket, and listed", async () => {
  const socket = new BrokerSocket({ baseUrl, webSocket: WebSocket });
  const told: ServerMessage["type"][] = [];
  socket.onMessage((message) => told.push(message.type));
  const orders = await socket.orders().started();
  const { data: placed } = await placeOrder({
    body: { symbol: "AAPL", qty: 3, side: "buy" },
    throwOnError: true,
  });
  for await (const order of orders) {
    assert.ok(!(order instanceof Gap));
    if (order.id === placed.id) break;
  }
  assert.ok(told.includes("orders.update"));
  const { data: listed } = await listOrders({ throwOnError: true });
  assert.ok(listed.some((order) => order.id === placed.id));
  socket.close();
});

test("an order that makes no sense is an error with a reason", async () => {
  const { error, response } = await placeOrder({ body: { symbol: "AAPL", qty: -1 } });
  assert.equal(response.status, 422);
  assert.notEqual(error, undefined);
});

test("bars and quotes come on one connection", async () => {
  const socket = new DatafeedSocket({ baseUrl, webSocket: WebSocket });
  const bars = await socket.bars({ symbol: "AAPL", resolution: "1" }).started();
  const quotes = await socket.quotes({ symbols: ["AAPL", "GOOGL"] }).started();
  const [bar, quote] = [(await bars.next()).value, (await quotes.next()).value];
  assert.ok(bar !== undefined && !(bar instanceof Gap) && Number(bar.close) > 0);
  assert.ok(quote !== undefined && !(quote instanceof Gap) && Number(quote.price) > 0);
  socket.close();
});
