import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from '@waybill/contracts';
import { type MigrationClass, schemaProblem } from '@waybill/database';
import type { DataSource } from 'typeorm';
import type { DatabaseLink } from './database-link.js';

export interface SchemaWatchSettings {
  readonly service: Service;
  readonly link: Pick<DatabaseLink, 'attemptedOnce'>;
  readonly dataSource: DataSource;
  readonly migrations: readonly MigrationClass[];
  /** What is wrong with the schema, once: a health check tells that it went down, and not that it is so for another reason. */
  readonly warn: (message: string) => void;
}

/** A schema that is right stays so: the guard keeps a contract from running under an instance that would not know it. */
const RIGHT_FOR_MS = 15_000;
const ASK_AGAIN_MS = 500;

/** Whether the database is one that this build can work on: asked at every check until it is, and seldom afterwards. */
export class SchemaWatch {
  private rightUntil = 0;
  /** The last answer, once there was one. */
  private last: 'right' | 'wrong' | undefined;
  private asking: Promise<void> | undefined;
  private told: string | undefined;

  constructor(private readonly settings: SchemaWatchSettings) {}

  /** The health check. @throws Error that names the migration that is missing, and how to run it */
  async check(): Promise<void> {
    if (performance.now() < this.rightUntil) {
      return;
    }
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined;
    });
    if (this.last === 'right') {
      // That nobody answers now says nothing about the schema: the check of the database tells it, and sooner comes back.
      this.asking.catch(() => undefined);
      return;
    }
    await this.asking;
  }

  /** Resolves when the schema is right, or when `givenUp` says so. What is wrong meanwhile the health check tells. */
  async untilRight(givenUp: () => boolean): Promise<void> {
    while (!givenUp()) {
      try {
        await this.check();
        return;
      } catch {
        await sleep(ASK_AGAIN_MS, undefined, { ref: false });
      }
    }
  }

  private async ask(): Promise<void> {
    const { service, link, dataSource, migrations } = this.settings;
    await link.attemptedOnce();
    if (!dataSource.isInitialized) {
      throw new Error('not connected yet');
    }
    const problem = await schemaProblem(dataSource, migrations);
    this.last = problem === undefined ? 'right' : 'wrong';
    if (problem !== undefined) {
      const remedy = problem.startsWith('needs ') ? `node apps/${service}/dist/migrate.js` : 'run a newer version';
      const message = `${service} ${problem}: ${remedy}`;
      if (message !== this.told) {
        this.told = message;
        this.settings.warn(message);
      }
      throw new Error(message);
    }
    this.rightUntil = performance.now() + RIGHT_FOR_MS;
  }
}
