// Reads an AsyncAPI 3.0 document. Knows no page: plain data in, plain data out.

const MOST_LEVELS = 6;

/** Follow a reference inside the document; anything else is returned as it is. */
export function resolve(document, node) {
  const seen = new Set();
  while (node && typeof node === "object" && typeof node.$ref === "string") {
    if (seen.has(node.$ref)) return {};
    seen.add(node.$ref);
    node = node.$ref
      .replace(/^#\//, "")
      .split("/")
      .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
      .reduce((inner, part) => inner?.[part], document);
  }
  return node ?? {};
}

/** Return the channels by name, each with its operations: the client's first. */
export function channelsOf(document) {
  return Object.entries(document.channels ?? {}).map(([name, channel]) => ({
    name,
    address: channel.address,
    operations: Object.entries(document.operations ?? {})
      .filter(([, operation]) => operation.channel.$ref === `#/channels/${name}`)
      .map(([key, operation]) => readOperation(document, key, operation))
      .sort((a, b) => Number(b.sentByClient) - Number(a.sentByClient)),
  }));
}

function readOperation(document, key, operation) {
  const messages = (operation.messages ?? []).map((each) => readMessage(document, each));
  return {
    key,
    name: messages[0]?.name ?? key,
    // The document speaks from the server's point of view: it receives what we send.
    sentByClient: operation.action === "receive",
    summary: operation.summary ?? "",
    description: operation.description ?? "",
    security: (operation.security ?? []).map((each) => resolve(document, each)),
    messages,
    replies: (operation.reply?.messages ?? []).map((each) => readMessage(document, each)),
  };
}

function readMessage(document, reference) {
  const message = resolve(document, reference);
  return {
    name: message.name ?? "",
    summary: message.summary ?? "",
    fields: fieldsOf(document, message.payload ?? {}),
    example: message.examples?.[0]?.payload ?? { type: message.name },
  };
}

/** Return the fields of a schema and of what is inside it, one row each. */
export function fieldsOf(document, schema, path = "", inside = []) {
  const found = resolve(document, schema);
  if (inside.includes(found) || inside.length >= MOST_LEVELS) return [];
  const deeper = [...inside, found];
  const rows = [];
  for (const [name, field] of Object.entries(found.properties ?? {})) {
    const here = path ? `${path}.${name}` : name;
    const target = resolve(document, field);
    rows.push({
      path: here,
      type: typeOf(document, field),
      required: (found.required ?? []).includes(name),
      description: field.description ?? target.description ?? "",
    });
    rows.push(...fieldsOf(document, field, here, deeper));
  }
  const items = Array.isArray(found.items) ? found.items : found.items ? [found.items] : [];
  for (const item of items) rows.push(...fieldsOf(document, item, `${path}[]`, deeper));
  for (const branch of [...(found.anyOf ?? []), ...(found.oneOf ?? []), ...(found.allOf ?? [])]) {
    for (const row of fieldsOf(document, branch, path, deeper)) {
      if (!rows.some((known) => known.path === row.path && known.type === row.type)) rows.push(row);
    }
  }
  return rows;
}

/** Name a schema's type as one would say it: `list of Quote or null`. */
export function typeOf(document, schema) {
  if (schema === true || schema === undefined) return "anything";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  for (const [word, joint] of [["anyOf", " or "], ["oneOf", " or "], ["allOf", " and "]]) {
    if (schema[word]) return schema[word].map((each) => typeOf(document, each)).join(joint);
  }
  if (Array.isArray(schema.type)) return schema.type.join(" or ");
  if (schema.type === "array") {
    return Array.isArray(schema.items)
      ? `[${schema.items.map((item) => typeOf(document, item)).join(", ")}]`
      : `list of ${typeOf(document, schema.items)}`;
  }
  if (!schema.type) return "anything";
  return schema.format ? `${schema.type} (${schema.format})` : schema.type;
}

/** Return where to connect, from where the page itself was found. */
export function socketUrl(pageUrl, address) {
  const url = new URL(pageUrl);
  // Behind a proxy the app may stand below a path of its own.
  const prefix = url.pathname.replace(/\/api\/v\d+\/asyncapi\/?$/, "");
  const protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return `${protocol}//${url.host}${prefix}${address}`;
}
