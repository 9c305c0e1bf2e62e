import { operationOf } from './point-name.js';
import type { Traps } from './trap.js';

/** What is used of a `pg.Client`. */
export interface PostgresClient {
  query(...args: unknown[]): unknown;
  readonly connection: { readonly stream: { destroy(): void } };
}

const BEGIN = /^\s*(BEGIN|START TRANSACTION)\b/i;
const END = /^\s*(COMMIT|ROLLBACK|END)\b/i;
const CHANGES = /^\s*(COMMIT|INSERT|UPDATE|DELETE|WITH)\b/i;

/**
 * Leads every statement of every client through the traps.
 *
 * A lost answer is one of a COMMIT, or of a statement that is a transaction by itself: it is carried out, and then the
 * connection breaks, as where the network goes between the two.
 */
export function wrapPostgres(prototype: PostgresClient, traps: Pick<Traps, 'through'>): void {
  const query = prototype.query;
  const open = new WeakSet<PostgresClient>();
  prototype.query = function (this: PostgresClient, ...args: unknown[]): unknown {
    const text = textOf(args[0]);
    if (text === undefined || hasCallback(args)) {
      return query.apply(this, args);
    }
    const inTransaction = open.has(this);
    if (BEGIN.test(text)) {
      open.add(this);
    } else if (END.test(text)) {
      open.delete(this);
    }
    const isCommit = /^\s*COMMIT\b/i.test(text);
    return traps.through({
      operation: operationOf(text),
      make: () => query.apply(this, args) as Promise<unknown>,
      ...(CHANGES.test(text) && (isCommit || !inTransaction) ? { lost: () => breakConnection(this) } : {}),
    });
  };
}

function breakConnection(client: PostgresClient): Error {
  client.connection.stream.destroy();
  // pg's own words for it.
  return new Error('Connection terminated unexpectedly');
}

/** Undefined for what is no statement but an object that submits itself, such as a cursor. */
function textOf(query: unknown): string | undefined {
  if (typeof query === 'string') {
    return query;
  }
  const { text, submit } = (query ?? {}) as { text?: unknown; submit?: unknown };
  return typeof text === 'string' && typeof submit !== 'function' ? text : undefined;
}

/** Nobody in the platform passes one; a driver's own statements at the connection may. */
function hasCallback(args: readonly unknown[]): boolean {
  return args.slice(1).some((each) => typeof each === 'function');
}
