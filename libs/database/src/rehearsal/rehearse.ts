import type { MigrationClass } from '../migration.js';
import { knownMigrations } from '../migrations/known-migrations.js';
import { dryRun, type Scene } from './dry-run.js';
import { fillTable } from './fill-table.js';
import { type Conditions, measure, type Measurement } from './measure.js';
import { ledgerConditions, problemOf } from './measured.js';
import { createDatabase, type RehearsalDatabase } from './rehearsal-database.js';
import { RehearsalError } from './rehearsal-error.js';
import { planRows, type RowPlan } from './row-plan.js';
import { runNext } from './runner.js';
import { type Check, readTables, type TableShape } from './table-shape.js';

export interface RehearsalOptions extends Partial<Conditions> {
  /** Of a superuser, on a server that may be loaded: two databases are made there, and dropped. */
  readonly adminUrl: string;
  /** All of a service. */
  readonly migrations: readonly MigrationClass[];
  /** Which of them are rehearsed. */
  readonly names: readonly string[];
  readonly say?: (line: string) => void;
  /** Called for each long piece of work; what it returns hears how far it is. */
  readonly progress?: (what: string) => (done: number, total: number) => void;
}

export interface Rehearsal extends Measurement {
  readonly name: string;
  readonly declaredMs: number | undefined;
  /** In words: it failed, it made writers fail, or it made them wait for longer than declared. */
  readonly problem?: string;
}

const USUAL: Conditions = { ...ledgerConditions, ratePerSecond: 200, connections: 4, quietMs: 1_000 };

/**
 * Runs migrations as a deployment would run them, with the real runner, on tables that are full, under load, and behind a
 * reader that holds its locks for long; one after another on the same rows.
 *
 * A table is filled right after the migration that creates it: those in between change it for real, so each one rehearsed
 * meets the rows that its predecessors have left.
 */
export async function rehearse(options: RehearsalOptions): Promise<readonly Rehearsal[]> {
  const { adminUrl, migrations, names, say = () => undefined, progress = () => () => undefined } = options;
  const known = knownMigrations(migrations);
  const unknown = names.filter((name) => !known.some((each) => each.name === name));
  if (unknown.length > 0) {
    throw new RehearsalError(
      `${unknown.join(', ')} is not one of the migrations, which are ${known.map(({ name }) => name).join(', ')}.`,
    );
  }
  const conditions: Conditions = {
    rows: options.rows ?? USUAL.rows,
    lockHolderMs: options.lockHolderMs ?? USUAL.lockHolderMs,
    ratePerSecond: options.ratePerSecond ?? USUAL.ratePerSecond,
    connections: options.connections ?? USUAL.connections,
    quietMs: options.quietMs ?? USUAL.quietMs,
  };
  const { rows } = conditions;
  say(`${names.length === 1 ? names[0] : `${names.length} migrations`}: on empty tables first`);
  const scenes = await dryRun(adminUrl, migrations, names);
  const wanted = tablesToFill(scenes);
  const samples = Object.assign({}, ...known.map(({ migration }) => migration.rehearsalValues ?? {})) as Record<string, string>;
  const plans = new Map<string, RowPlan>();
  const done: Rehearsal[] = [];
  let firstNew = rows + 1;
  const database = await createDatabase(adminUrl);
  try {
    for (const { name, migration } of known) {
      const scene = scenes.find((each) => each.name === name);
      if (scene === undefined) {
        await runNext(database.url, migrations, name);
      } else {
        say(`${name}: ${scene.touched.length === 0 ? 'touches no table that there was' : `on ${scene.touched.join(', ')}`}`);
        const measurement = await measure(database, { migrations, migration, scene, plans, firstNew }, conditions);
        firstNew = measurement.nextNew;
        done.push(judged(name, migration.maxStallMs, measurement));
        if (measurement.failure !== undefined) {
          break;
        }
      }
      if (done.length === names.length) {
        break;
      }
      await fillNew(database, { wanted, plans, scenes, rows, samples, progress });
    }
    return done;
  } finally {
    await database.drop();
  }
}

/** Those that the migrations deal with, and those that they refer to. */
function tablesToFill(scenes: readonly Scene[]): ReadonlySet<string> {
  const wanted = new Set(scenes.flatMap(({ touched }) => touched));
  for (const table of wanted) {
    // A set that grows while it is walked is walked to its new end.
    for (const { before } of scenes) {
      for (const { table: parent } of before.get(table)?.foreignKeys ?? []) {
        wanted.add(parent);
      }
    }
  }
  return wanted;
}

interface Filling {
  readonly wanted: ReadonlySet<string>;
  readonly plans: Map<string, RowPlan>;
  readonly scenes: readonly Scene[];
  readonly rows: number;
  readonly samples: Readonly<Record<string, string>>;
  readonly progress: NonNullable<RehearsalOptions['progress']>;
}

async function fillNew(database: RehearsalDatabase, filling: Filling): Promise<void> {
  const { wanted, plans, scenes, rows, samples, progress } = filling;
  const tables = await readTables(database.client);
  for (const shape of tables.values()) {
    if (!wanted.has(shape.name) || plans.has(shape.name)) {
      continue;
    }
    const plan = await planRows(database.client, shape, { rows, tables, samples, laterChecks: laterChecks(shape, scenes) });
    const tell = progress(`rows of ${shape.name}`);
    await fillTable(database.client, plan, rows, (count) => tell(count, rows));
    plans.set(shape.name, plan);
  }
}

/** Rows are made once, so they satisfy what later migrations ask for, too. */
function laterChecks({ name }: TableShape, scenes: readonly Scene[]): readonly Check[] {
  return scenes.flatMap(({ before, after }) => [before, after].flatMap((tables) => tables.get(name)?.checks ?? []));
}

function judged(name: string, declaredMs: number | undefined, measurement: Measurement): Rehearsal {
  const { measured, failure, refused, refusal } = measurement;
  const problem =
    failure !== undefined
      ? `failed: ${failure}`
      : refused > 0
        ? `made ${refused} statements of the load fail, which are valid before and after it: ${refusal}`
        : problemOf(declaredMs, measured);
  return { name, declaredMs, ...measurement, ...(problem === undefined ? {} : { problem }) };
}
