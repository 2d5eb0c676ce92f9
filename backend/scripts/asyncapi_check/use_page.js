// Use the page of the sockets as a person would, and tell as JSON what it showed.
//
//     node use_page.js BASE_URL ASSETS OPERATION
//
// It opens BASE_URL/api/v1/asyncapi with the scripts in the folder ASSETS, sends the
// message that OPERATION offers, and waits until an answer and an update have come.

import { pathToFileURL } from "node:url";
import { JSDOM } from "jsdom";

const [base, assets, operation] = process.argv.slice(2);
const url = `${base}/api/v1/asyncapi`;
const html = await (await fetch(url)).text();
// jsdom runs no modules: the page's script is imported here, with its globals.
const { window } = new JSDOM(html.replace(/<script.*<\/script>/, ""), { url, pretendToBeVisual: true });
const fetchAbsolute = fetch;
Object.assign(globalThis, {
  document: window.document,
  location: window.location,
  WebSocket: window.WebSocket,
  requestAnimationFrame: window.requestAnimationFrame.bind(window),
  fetch: (target) => fetchAbsolute(new URL(target, url)),
});
await import(pathToFileURL(`${assets}/page.js`).href);

const { document } = window;
const all = (selector) => [...document.querySelectorAll(selector)];
const types = () => all("#messages li").filter((item) => !item.hidden).map((item) => item.dataset.type);

async function until(what, isSo) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: it never happened. The page: ${document.body.textContent}`);
}

await until("the document is shown", () => document.getElementById("channels").dataset.ready);
const view = document.getElementById(operation);
const seen = {
  title: document.title,
  operations: all("details").map(({ id }) => id),
  fields: [...view.querySelectorAll("section:first-of-type td:first-child")].map((cell) => cell.textContent),
};
view.querySelector("form button").click();
await until("an update comes", () => types().some((type) => type.endsWith(".update")));
seen.types = types();
seen.states = all("output").map(({ value }) => value);
view.querySelector("textarea").value = "no JSON";
view.querySelector("form button").click();
await until("the error is shown", () => types().includes("error"));
const filter = document.getElementById("filter");
filter.value = "error";
filter.dispatchEvent(new window.Event("input"));
seen.filtered = types();
document.getElementById("clear").click();
seen.cleared = types();
console.log(JSON.stringify(seen));
process.exit(0);
