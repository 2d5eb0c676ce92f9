// What can be said in paths and queries, and how; by itself hey-api would send what reaches
// another route, or leave out what cannot be said.
import { defaulted, wholePaths } from "./parameters.js";

interface Call {
  method?: string;
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  url?: string;
}

/**
 * Refuse arguments that the server would get as something else; nothing is sent.
 *
 * @throws TypeError the message names the parameter.
 */
export async function checkArguments(call: unknown): Promise<void> {
  const { method = "GET", path = {}, query = {}, url = "" } = call as Call;
  for (const [name, value] of Object.entries(path)) {
    checkPath(name, textOf(name, value), wholePaths[url]?.includes(name) ?? false);
  }
  const defaults = defaulted[`${method.toUpperCase()} ${url}`] ?? {};
  for (const [name, value] of Object.entries(query)) {
    checkQuery(name, value, defaults[name]);
  }
}

/** Write a query: lists repeat the name, and null and undefined are left out. */
export function querySerializer(query: Record<string, unknown>): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item === undefined || item === null) continue;
      pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(textOf(name, item))}`);
    }
  }
  return pairs.join("&");
}

/** Servers decode a slash before they look for a route, and `fetch` resolves dots. */
function checkPath(name: string, text: string, mayHaveSlashes: boolean): void {
  if (["", ".", ".."].includes(text)) refuse(name, text, "is not possible in a path");
  if (text.includes("/") && !mayHaveSlashes) {
    refuse(name, text, "has a slash, which would lead to another route");
  }
}

/** @param emptyByDefault whether the server's default is an empty list; it may have none. */
function checkQuery(name: string, value: unknown, emptyByDefault: boolean | undefined): void {
  const isList = Array.isArray(value);
  if (isList && value.some((item) => item === null || item === undefined)) {
    refuse(name, value, "holds null, which a list in a query cannot");
  }
  const unsaid = value === null || (isList && value.length === 0 && emptyByDefault === false);
  if (unsaid && emptyByDefault !== undefined) {
    refuse(name, value, "cannot be said in a query; leave it out for the server's default");
  }
}

function textOf(name: string, value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object" || value === undefined) {
    refuse(name, value, "is not possible in a path or query");
  }
  return String(value);
}

function refuse(name: string, value: unknown, reason: string): never {
  throw new TypeError(`The value ${JSON.stringify(value)} of '${name}' ${reason}.`);
}
