import { services } from '@waybill/contracts';
import { ledgerConditions, type Measured, type Rehearsal, RehearsalError, rehearse as rehearseMigrations } from '@waybill/database/rehearsal';
import { startTestPostgres } from '@waybill/local';
import { type Surroundings, type Verb, verb } from '../command.js';
import { RefusedError, UnavailableError, UsageError } from '../command-errors.js';
import { flag, number } from '../option.js';
import { palette } from '../palette.js';
import { progressLine } from '../progress-line.js';
import { type Choice, chooseMigrations } from '../rehearsal-choice.js';
import { ledgerPath, readLedger, writeLedger } from '../rehearsal-ledger.js';
import { renderRehearsal } from '../rehearsal-view.js';
import { jsonOption, serviceOption } from '../selection.js';
import { migrationsOf } from '../service-migrations.js';

/** As much as a server has that is not a test's: a checkpoint in the middle of the filling helps nobody. */
const POSTGRES_SETTINGS = { max_wal_size: '8GB', shared_buffers: '512MB' };

/** A migration's general rehearsal: on a Postgres of its own, which is gone afterwards. */
export const rehearse: Verb = verb({
  summary: 'runs migrations on full tables, under load and behind a long reader, and measures how long writers wait',
  operands: ['[NAME ...]'],
  options: {
    ...serviceOption,
    rows: number({ min: 1, max: 100_000_000, fallback: ledgerConditions.rows }, 'N', 'rows of each table'),
    'lock-holder-ms': number({ min: 0, max: 600_000, fallback: ledgerConditions.lockHolderMs }, 'MS', 'how long the reader holds its locks'),
    new: flag('only those that measured.json has no good entry for'),
    write: flag('keeps what was measured beside the migrations, in measured.json'),
    ...jsonOption,
  },
  run: async ({ operands, options }, surroundings) => {
    const { print, say } = surroundings;
    if (options.write && (options.rows < ledgerConditions.rows || options['lock-holder-ms'] < ledgerConditions.lockHolderMs)) {
      throw new UsageError(
        `--write keeps what was measured on ${ledgerConditions.rows} rows or more, behind a reader of ${ledgerConditions.lockHolderMs} ms or more.`,
      );
    }
    const chosen = options.service === undefined ? services : [options.service];
    const all = await Promise.all(
      chosen.map(async (service) => ({ service, migrations: await migrationsOf(service), ledger: readLedger(service) })),
    );
    const choices = await chooseMigrations(all, operands, options.new);
    if (choices.length === 0) {
      print(options.json ? '[]' : '  Nothing to rehearse.');
      return 0;
    }
    const done = await rehearseAll(choices, options, surroundings);
    if (options.write) {
      keep(done, say);
    }
    if (options.json) {
      print(JSON.stringify(done.map(({ service, rehearsal }) => ({ service, ...rehearsal })), null, 2));
    }
    return done.every(({ rehearsal }) => rehearsal.problem === undefined) ? 0 : 1;
  },
});

interface Done {
  readonly service: Choice['service'];
  readonly rehearsal: Rehearsal;
}

interface Wishes {
  readonly rows: number;
  readonly 'lock-holder-ms': number;
  readonly json: boolean;
}

async function rehearseAll(choices: readonly Choice[], wishes: Wishes, { say, print, colour }: Surroundings): Promise<Done[]> {
  const postgres = await startTestPostgres(say, { durable: true, settings: POSTGRES_SETTINGS }).catch((cause: unknown) => {
    throw new UnavailableError(`There is no Postgres to rehearse on: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
  const done: Done[] = [];
  try {
    for (const { service, migrations, names } of choices) {
      const rehearsals = await rehearseMigrations({
        adminUrl: postgres.adminUrl,
        migrations,
        names,
        rows: wishes.rows,
        lockHolderMs: wishes['lock-holder-ms'],
        say: (line) => say(`  ${line}`),
        progress: (what) => progressLine(say, what),
      });
      for (const rehearsal of rehearsals) {
        done.push({ service, rehearsal });
        if (!wishes.json) {
          print(renderRehearsal(service, rehearsal, palette(colour)));
        }
      }
    }
    return done;
  } catch (error) {
    throw error instanceof RehearsalError ? new RefusedError(error.message, { cause: error }) : error;
  } finally {
    await postgres.stop();
  }
}

/** A measurement of what did not work says nothing. */
function keep(done: readonly Done[], say: (line: string) => void): void {
  for (const service of new Set(done.map((each) => each.service))) {
    const entries = done
      .filter((each) => each.service === service && each.rehearsal.failure === undefined && each.rehearsal.refused === 0)
      .map(({ rehearsal }): [string, Measured] => [rehearsal.name, rehearsal.measured]);
    if (entries.length > 0) {
      writeLedger(service, Object.fromEntries(entries));
      say(`  written to ${ledgerPath(service)}`);
    }
  }
}
