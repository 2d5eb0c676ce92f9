// Messages as they stand on the wire; what is odd is left aside.

export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** Where a topic begins, as the answer to a subscription says. */
export interface Start extends Position {
  readonly topic: string;
  readonly recovered: boolean;
}

/** A message of the server; further members belong to newer servers. */
export interface Envelope {
  readonly type: string;
  readonly payload: unknown;
  readonly id: string;
  readonly topic: string;
  readonly missed: number;
  readonly position: Position | undefined;
  readonly starts: readonly Start[];
}

type Members = { readonly [name: string]: unknown };

export function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function readEnvelope(text: unknown): Envelope | undefined {
  let members: unknown;
  try {
    members = JSON.parse(String(text));
  } catch {
    return undefined;
  }
  if (!isObject(members) || typeof members["type"] !== "string") return undefined;
  const { id, topic, missed, topics } = members;
  return {
    type: members["type"],
    payload: members["payload"],
    id: id === undefined || id === null ? "" : String(id),
    topic: typeof topic === "string" ? topic : "",
    missed: typeof missed === "number" ? missed : 0,
    position: positionOf(members),
    starts: (Array.isArray(topics) ? topics : [members]).flatMap(startsOf),
  };
}

/** Write a message of the client; a payload of undefined is left out. */
export function writeEnvelope(
  type: string,
  payload: unknown,
  id: string,
  recover?: Members,
): string {
  return JSON.stringify({ type, id, payload, recover });
}

function positionOf(members: Members): Position | undefined {
  const { epoch, offset } = members;
  return typeof epoch === "string" && typeof offset === "number" ? { epoch, offset } : undefined;
}

function startsOf(each: unknown): Start[] {
  const position = isObject(each) ? positionOf(each) : undefined;
  if (!isObject(each) || position === undefined) return [];
  const { topic, recovered } = each;
  return typeof topic === "string" ? [{ topic, ...position, recovered: recovered === true }] : [];
}
