import type { Config } from "./client/index.js";
import { checkArguments, querySerializer } from "./sendable.js";

/**
 * Return what the client of this folder begins with.
 *
 * Arguments that the server would get as others are refused, see `sendable.ts`.
 * What goes wrong with a stream of events is thrown at its reader. A stream whose errors
 * nobody throws is asked for anew, without a limit and without a word, and tells again
 * what was read already: `onSseError` of a call puts that in the place of this.
 */
export function createClientConfig<T extends Config>(config: T): T {
  return { ...config, onSseError: thrown, querySerializer, requestValidator: checkArguments };
}

function thrown(error: unknown): never {
  throw error;
}
