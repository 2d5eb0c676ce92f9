// The page: shows every operation with its schemas, sends messages and lists what comes.

import { channelsOf, socketUrl } from "./document.js";

const MOST_MESSAGES = 500;

const byId = (id) => document.getElementById(id);

/** Make an element; a string among the children is text, never markup. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

class MessageList {
  #waiting = [];
  #scheduled = false;

  constructor(list, filter, pause) {
    this.list = list;
    this.filter = filter;
    this.pause = pause;
    filter.addEventListener("input", () => this.#applyFilter());
  }

  add(direction, channel, text, type) {
    if (this.pause.checked && direction === "in") return;
    const time = new Date().toISOString().slice(11, 23);
    this.#waiting.push({ direction, channel, text, type, time });
    if (this.#waiting.length > MOST_MESSAGES) this.#waiting.shift();
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Many messages a second become one change of the page a frame.
    requestAnimationFrame(() => this.#show());
  }

  clear() {
    this.list.replaceChildren();
  }

  #show() {
    this.#scheduled = false;
    const atEnd =
      this.list.scrollTop + this.list.clientHeight >= this.list.scrollHeight - 20;
    for (const message of this.#waiting.splice(0)) {
      const signs = { in: "←", out: "→", note: "•" };
      const item = make(
        "li",
        { className: message.direction },
        make("time", {}, message.time),
        make("span", { className: "sign" }, `${signs[message.direction]} ${message.channel}`),
        make("code", {}, message.text),
      );
      item.dataset.type = message.type;
      item.hidden = !this.#passes(item);
      this.list.append(item);
    }
    while (this.list.childElementCount > MOST_MESSAGES) this.list.firstElementChild.remove();
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  #passes(item) {
    return item.dataset.type.includes(this.filter.value.trim());
  }

  #applyFilter() {
    for (const item of this.list.children) item.hidden = !this.#passes(item);
  }
}

class Connection {
  #socket = null;

  constructor(channel, messages, changed) {
    this.channel = channel;
    this.messages = messages;
    this.changed = changed;
    this.subprotocols = [];
  }

  get state() {
    const states = ["connecting", "open", "closing", "closed"];
    return this.#socket === null ? "closed" : states[this.#socket.readyState];
  }

  open() {
    if (this.state === "open") return Promise.resolve(this.#socket);
    if (this.state === "connecting") return this.opening;
    const url = socketUrl(location.href, this.channel.address);
    const socket = new WebSocket(url, this.subprotocols);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.messages.add("in", this.channel.name, data, typeOfFrame(data));
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.#note(`closed, code ${code}${reason ? `: ${reason}` : ""}`);
      this.changed();
    });
    this.opening = new Promise((resolve, reject) => {
      socket.addEventListener("open", () => {
        this.#note(`connected to ${url}`);
        this.changed();
        resolve(socket);
      });
      socket.addEventListener("error", () => reject(new Error(`no connection to ${url}`)));
    });
    this.changed();
    return this.opening;
  }

  close() {
    this.#socket?.close(1000);
    this.changed();
  }

  async send(text) {
    try {
      (await this.open()).send(text);
      this.messages.add("out", this.channel.name, text, typeOfFrame(text));
    } catch (error) {
      this.#note(error.message);
    }
  }

  #note(text) {
    this.messages.add("note", this.channel.name, text, "");
  }
}

function typeOfFrame(text) {
  try {
    return String(JSON.parse(text).type ?? "");
  } catch {
    return "";
  }
}

function fieldTable(fields) {
  if (fields.length === 0) return null;
  const head = ["Field", "Type", "Meaning"].map((word) => make("th", { scope: "col" }, word));
  const rows = fields.map(({ path, type, required, description }) =>
    make(
      "tr",
      {},
      make("td", {}, make("code", {}, path), required ? "" : " (optional)"),
      make("td", {}, type),
      make("td", {}, description),
    ),
  );
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
}

function messageView(title, message) {
  return make(
    "section",
    {},
    make("h4", {}, `${title} `, make("code", {}, message.name)),
    fieldTable(message.fields),
    make("pre", {}, JSON.stringify(message.example, null, 2)),
  );
}

function sendForm(operation, connection) {
  const frame = { ...operation.messages[0]?.example, id: "1" };
  const text = make("textarea", {
    value: JSON.stringify(frame, null, 2),
    rows: 9,
    spellcheck: false,
    ariaLabel: `Message ${operation.name}`,
  });
  const form = make("form", {}, text, make("button", {}, "Send"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // One line, as programs send it; what is no JSON goes as it is, to see the answer.
    let line = text.value;
    try {
      line = JSON.stringify(JSON.parse(text.value));
    } catch {
      connection.messages.add("note", connection.channel.name, "what follows is no JSON", "");
    }
    connection.send(line);
  });
  return form;
}

function operationView(operation, connection) {
  const direction = operation.sentByClient ? "you send" : "you get";
  const view = make(
    "details",
    { className: operation.sentByClient ? "sends" : "gets" },
    make(
      "summary",
      {},
      make("span", { className: "direction" }, direction),
      make("code", {}, operation.name),
      make("span", { className: "words" }, operation.summary),
    ),
    operation.description ? make("p", {}, operation.description) : null,
    operation.sentByClient ? sendForm(operation, connection) : null,
    ...operation.messages.map((message) => messageView("Message", message)),
    ...operation.replies.map((message) => messageView("Answer", message)),
  );
  view.id = operation.key;
  return view;
}

function tokenField(connection) {
  const field = make("input", { type: "text", autocomplete: "off", placeholder: "bearer, TOKEN" });
  field.addEventListener("change", () => {
    connection.subprotocols = field.value.split(",").map((each) => each.trim()).filter(Boolean);
  });
  return make("label", {}, "Subprotocols ", field);
}

function channelView(channel, messages) {
  const state = make("output", {}, "closed");
  const button = make("button", { type: "button" }, "Connect");
  const connection = new Connection(channel, messages, () => {
    state.value = connection.state;
    button.textContent = connection.state === "closed" ? "Connect" : "Disconnect";
  });
  button.addEventListener("click", () => {
    if (connection.state === "closed") connection.open().catch(() => {});
    else connection.close();
  });
  const guarded = channel.operations.some((operation) => operation.security.length > 0);
  return make(
    "section",
    { className: "channel" },
    make("h2", {}, channel.name),
    make(
      "p",
      { className: "bar" },
      make("code", {}, channel.address),
      guarded ? tokenField(connection) : null,
      button,
      state,
    ),
    ...channel.operations.map((operation) => operationView(operation, connection)),
  );
}

async function show() {
  const target = byId("channels");
  const messages = new MessageList(byId("messages"), byId("filter"), byId("pause"));
  byId("clear").addEventListener("click", () => messages.clear());
  try {
    const answer = await fetch("asyncapi.json");
    if (!answer.ok) throw new Error(`asyncapi.json: status ${answer.status}`);
    const described = await answer.json();
    const { title, version, description = "" } = described.info;
    document.title = `${title} ${version}: sockets`;
    byId("title").textContent = `${title} ${version}: sockets`;
    byId("about").textContent = description;
    const channels = channelsOf(described);
    const views = channels.map((channel) => channelView(channel, messages));
    if (views.length === 0) views.push(make("p", {}, "No module of this app has a socket."));
    target.replaceChildren(...views);
  } catch (error) {
    target.replaceChildren(make("p", { role: "alert" }, `Nothing to show: ${error.message}`));
  }
  target.dataset.ready = "true";
}

show();
