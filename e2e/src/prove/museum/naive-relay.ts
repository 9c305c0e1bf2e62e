import { OutboxRelay, type OutboxRelayOptions, type OutboxRow } from '@waybill/outbox';
import type pg from 'pg';
import { swap } from './swap.js';

export type Send = (rows: readonly OutboxRow[]) => Promise<void>;
/** Looks into the outbox once, and answers how many rows it has dealt with. */
export type Turn = (client: pg.Client, send: Send) => Promise<number>;

interface RelayInside {
  readonly options: OutboxRelayOptions;
  readonly stopping: boolean;
  start(): void;
  stop(): Promise<void>;
  runConnected(): Promise<void>;
  /** Resolves when the broker has acknowledged the rows. */
  send: Send;
  idle(ms: number): Promise<void>;
}

/** A row as the relay sends it. */
export const ROW = `*, to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at`;

const POLL_MS = 50;

/** Replaces our relay's way of working: a connection, and one turn after another. An error begins again after a pause, as with ours. */
export function replaceRelay(turn: Turn): void {
  swap<RelayInside>(OutboxRelay, {
    async runConnected() {
      const client = await this.options.connect();
      try {
        while (!this.stopping) {
          if ((await turn(client, (rows) => this.send(rows))) === 0) {
            await this.idle(POLL_MS);
          }
        }
      } finally {
        client.end().catch(() => undefined);
      }
    },
  });
}

/** Of all instances one has its turn, and the others wait for its lock: a deployment with one relay and a spare. */
export function oneAtATime(turn: Turn): Turn {
  return async (client, send) => {
    const { rows } = await client.query<{ taken: boolean }>(`SELECT pg_try_advisory_lock(hashtext('museum')) AS taken`);
    return rows[0]?.taken === true ? turn(client, send) : 0;
  };
}

/** No relay at all; answers the way to Kafka that it would have used. */
export function withoutRelay(): Send {
  // The one relay of this process, while it runs.
  let relay: RelayInside | undefined;
  const become = (current: RelayInside | undefined): void => {
    relay = current;
  };
  swap<RelayInside>(OutboxRelay, {
    start() {
      become(this);
    },
    async stop() {
      become(undefined);
    },
  });
  return async (rows) => {
    if (relay === undefined) {
      throw new Error('the service does not run, so nothing can be sent');
    }
    await relay.send(rows);
  };
}
