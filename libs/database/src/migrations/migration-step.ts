import { setTimeout as sleep } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';
import { isConnectionLost, sqlStateOf } from '../database-errors.js';
import { concurrently, dropIfInvalid, nameOfConcurrentIndex, requireValid } from './concurrent-index.js';
import { withOffendingRows } from './dirty-data.js';
import { DirtyDataError, MigrationFailedError, MigrationInterruptedError, MigrationRefusedError, MigrationStuckError } from './migration-errors.js';
import type { MigrationSession } from './migration-session.js';
import type { MigrationSettings } from './migration-settings.js';

/** One change of the schema, forward or back, and what is written down with it. */
export interface MigrationStep {
  readonly name: string;
  /** False: its statements commit one by one, because CONCURRENTLY may not stand in a transaction. */
  readonly transaction: boolean;
  /** Undefined: the default of its kind. */
  readonly lockTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
  /** First of all, in the transaction where there is one; may refuse. */
  readonly before?: (session: MigrationSession) => Promise<void>;
  readonly change: (runner: QueryRunner) => Promise<unknown>;
  /** In the transaction of the change, or in one of its own behind it. */
  readonly record: (session: MigrationSession) => Promise<void>;
}

/** Writers queue behind a statement that waits for its lock: this is how long they stall at most. */
export const LOCK_TIMEOUT_MS = 500;
export const STATEMENT_TIMEOUT_MS = 15_000;
export const ATTEMPTS_MAX = 20;
/** Not got its lock, and a deadlock: both end by themselves. */
const RETRIABLE = new Set(['55P03', '40P01']);
const BACKOFF_MAX_MS = 5_000;
const CANCELLED = '57014';

/**
 * Runs the step; where it does not get its locks, again and again with growing, jittered pauses in which everybody else
 * goes first.
 *
 * @throws MigrationStuckError after the last try, with whoever was in the way
 * @throws DirtyDataError when rows break a constraint
 * @throws MigrationFailedError for everything else
 */
export async function runStep(step: MigrationStep, session: MigrationSession, settings: MigrationSettings): Promise<void> {
  const attemptsMax = settings.attemptsMax ?? ATTEMPTS_MAX;
  for (let attempt = 1; ; attempt++) {
    session.watch.start(step.name);
    try {
      await (step.transaction ? inTransaction(step, session) : outsideTransaction(step, session, settings));
      return;
    } catch (error) {
      await session.watch.stop();
      if (settings.signal?.aborted && sqlStateOf(error) === CANCELLED) {
        throw new MigrationInterruptedError(step.name, { cause: error });
      }
      const { blockers } = session.watch;
      if (!RETRIABLE.has(sqlStateOf(error) ?? '')) {
        throw failure(step, error);
      }
      const waited = `${step.name} did not get its lock within ${lockTimeoutOf(step)} ms${blockers === undefined ? '' : `, because of ${blockers}`}`;
      if (attempt >= attemptsMax) {
        throw new MigrationStuckError(
          `${waited}, in ${attempt} tries. Nothing waits for it any more. End what is in the way, or wait for a quieter hour, and run it again.`,
          { cause: error },
        );
      }
      const waitMs = backoffMs(attempt, lockTimeoutOf(step));
      settings.log(`${waited}; trying again in ${waitMs} ms`);
      await pause(waitMs, step.name, settings.signal);
    } finally {
      await session.watch.stop();
    }
  }
}

/**
 * Half of it fixed and half of it chance, so that it grows and two that collided do not meet again. Never shorter than the
 * stall before it: those who queued meanwhile must be through, or they wait a second time.
 */
export function backoffMs(attempt: number, stallMs = LOCK_TIMEOUT_MS): number {
  return Math.round(Math.min(2 * stallMs * 2 ** (attempt - 1), Math.max(2 * stallMs, BACKOFF_MAX_MS)) * (0.5 + Math.random() / 2));
}

export async function pause(ms: number, name: string, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  if (signal?.aborted) {
    throw new MigrationInterruptedError(name);
  }
}

function lockTimeoutOf({ lockTimeoutMs }: MigrationStep): number {
  return lockTimeoutMs ?? LOCK_TIMEOUT_MS;
}

async function inTransaction(step: MigrationStep, session: MigrationSession): Promise<void> {
  const { runner, own } = session;
  await runner.startTransaction();
  try {
    await own.query(`SET LOCAL lock_timeout = ${lockTimeoutOf(step)}`);
    await own.query(`SET LOCAL statement_timeout = ${step.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS}`);
    await step.before?.(session);
    await intercepting(runner, (statement, run) => withSavepoint(statement, session, run), () => step.change(runner));
    // Fails where `change` swallowed an error: Postgres would answer the COMMIT with success, and roll back.
    await step.record(session);
    await runner.commitTransaction();
  } catch (error) {
    // The first error is the one that tells why.
    await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  }
}

/** A failed ALTER TABLE leaves the transaction usable for one moment more: to ask which rows are in the way. */
async function withSavepoint(statement: string, { own }: MigrationSession, run: () => Promise<unknown>): Promise<unknown> {
  if (!/^\s*ALTER\s+TABLE\b/i.test(statement)) {
    return run();
  }
  await own.query('SAVEPOINT before_statement');
  try {
    const answer = await run();
    await own.query('RELEASE SAVEPOINT before_statement');
    return answer;
  } catch (error) {
    if (isConnectionLost(error)) {
      throw error;
    }
    await own.query('ROLLBACK TO SAVEPOINT before_statement');
    throw await withOffendingRows(own, error);
  }
}

async function outsideTransaction(step: MigrationStep, session: MigrationSession, { log }: MigrationSettings): Promise<void> {
  const { runner, own } = session;
  await step.before?.(session);
  await intercepting(
    runner,
    async (statement, run) => {
      await setTimeouts(step, statement, session);
      const index = nameOfConcurrentIndex(statement, step.name);
      if (index !== undefined) {
        await dropIfInvalid(own, index, log);
      }
      let answer: unknown;
      try {
        answer = await run();
      } catch (error) {
        throw isConnectionLost(error) ? error : await withOffendingRows(own, error);
      }
      if (index !== undefined) {
        await requireValid(own, index);
      }
      return answer;
    },
    () => step.change(runner),
  );
  await inTransaction({ ...step, before: async () => undefined, change: async () => undefined }, session);
}

/** A statement with CONCURRENTLY stalls nobody while it waits, and may take hours; any other is as in a transaction. */
async function setTimeouts(step: MigrationStep, statement: string, { own }: MigrationSession): Promise<void> {
  const unlimited = concurrently(statement);
  await own.query(`SET lock_timeout = ${step.lockTimeoutMs ?? (unlimited ? 0 : LOCK_TIMEOUT_MS)}`);
  await own.query(`SET statement_timeout = ${step.statementTimeoutMs ?? (unlimited ? 0 : STATEMENT_TIMEOUT_MS)}`);
}

type Around = (statement: string, run: () => Promise<unknown>) => Promise<unknown>;

/** While `work` runs, each of its statements goes through `around`. */
async function intercepting(runner: QueryRunner, around: Around, work: () => Promise<unknown>): Promise<void> {
  const open = runner as { query: unknown };
  const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
  open.query = (statement: string, ...rest: unknown[]) => around(statement, () => query(statement, ...rest));
  try {
    await work();
  } finally {
    // What was put on the object hides the method of its class.
    delete open.query;
  }
}

function failure(step: MigrationStep, error: unknown): Error {
  const undone = step.transaction ? 'It was rolled back, nothing was changed' : 'Its statements before that one stay';
  if (error instanceof DirtyDataError) {
    return new DirtyDataError(`${step.name}: ${error.message} ${undone}. Correct these rows and run it again.`, error.rows, {
      cause: error.cause,
    });
  }
  if (error instanceof MigrationRefusedError) {
    return error;
  }
  const reason = error instanceof Error ? error.message : String(error);
  if (isConnectionLost(error)) {
    return new MigrationFailedError(`${step.name}: the connection was lost (${reason}). Run it again: it finds out what came of it.`, {
      cause: error,
    });
  }
  return new MigrationFailedError(`${step.name} failed: ${reason}. ${undone}; correct what is wrong and run it again.`, {
    cause: error,
  });
}
