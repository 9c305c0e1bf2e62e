import type { Service } from '@waybill/contracts';
import { type MigrationPhase, type MigrationStatus, percentOf, type PlannedMigration } from '@waybill/database';
import { table } from '@waybill/local';
import { ago } from './moment.js';
import type { Palette } from './palette.js';
import { brief } from './printable.js';

export interface ServicePlan {
  readonly service: Service;
  readonly migrations: readonly PlannedMigration[];
}

const STATEMENT_MAX = 400;

/** What would run, for a person. */
export function renderPlan(plans: readonly ServicePlan[], paint: Palette): string {
  return plans
    .map(({ service, migrations }) => {
      const lines = migrations.map((migration) => renderPlanned(migration, paint));
      return [paint.bold(`  ${service}`), ...(lines.length === 0 ? ['    nothing is pending'] : lines)].join('\n');
    })
    .join('\n\n');
}

function renderPlanned(migration: PlannedMigration, paint: Palette): string {
  const { name, phase, statements, transaction, maxStallMs, backfill } = migration;
  const facts = [
    limit('lock_timeout', migration.lockTimeoutMs),
    limit('statement_timeout', migration.statementTimeoutMs),
    maxStallMs === undefined ? 'no stall declared' : `stalls a writer for ${maxStallMs} ms at most`,
    ...(transaction ? [] : ['outside a transaction']),
    ...(backfill === undefined ? [] : [backfillInWords(backfill)]),
    ...(phase === 'contract' ? ['only by `migrate contract`'] : []),
  ];
  const sql = statements?.map((statement) => `      ${brief(statement, STATEMENT_MAX)}`) ?? [
    '      (its statements show only when it runs)',
  ];
  return [`    ${paint.event(phase.padEnd(8))} ${name}`, `      ${paint.dim(facts.join(', '))}`, ...sql].join('\n');
}

function limit(name: string, ms: number): string {
  return `${name} ${ms === 0 ? 'none' : `${ms} ms`}`;
}

function backfillInWords({ table: of, key, estimatedRows, rowsDone, batchRows = 1_000 }: NonNullable<PlannedMigration['backfill']>): string {
  const rows = estimatedRows === undefined ? 'an unknown number of rows' : `about ${estimatedRows} rows`;
  return `${rows} of ${of} by ${key}, ${batchRows} at a time${rowsDone === 0 ? '' : `, ${rowsDone} done`}`;
}

export interface ServiceStatus extends MigrationStatus {
  readonly service: Service;
}

/** How far each database is, for a person. */
export function renderMigrationStatus(all: readonly ServiceStatus[], paint: Palette, now: number): string {
  return all.map((status) => renderOne(status, paint, now)).join('\n\n');
}

function renderOne({ service, applied, pending, backfills, invalidIndexes, instances, runner }: ServiceStatus, paint: Palette, now: number): string {
  const rows = [
    ...applied.map(({ name, phase, at }) => [name, phase, at === undefined ? 'has run' : `has run ${at.toISOString()}`]),
    ...pending.map(({ name, phase }) => [name, phase, pendingInWords(phase, backfills.find((each) => each.migration === name), now)]),
  ];
  const parts = [
    paint.bold(`  ${service}`),
    rows.length === 0 ? '  No migration has run, and none is known.' : table([['migration', 'phase', 'state'], ...rows]),
    ...instances.map(
      ({ instance, version, schema, startedAt }) =>
        `  alive: ${service} ${instance}, version ${version}, schema ${schema}, since ${startedAt.toISOString()}`,
    ),
    ...(runner === undefined
      ? []
      : [`  a runner is at it: ${runner.applicationName || 'unnamed'}, pid ${runner.pid}, connected ${ago(runner.since, now)} ago`]),
    ...invalidIndexes.map(
      ({ index, table: of }) =>
        `  ${paint.bad('invalid')} index ${index} on ${of}: it serves no query; run its migration again, or DROP INDEX CONCURRENTLY ${index}`,
    ),
  ];
  return parts.join('\n');
}

function pendingInWords(phase: MigrationPhase, backfill: ServiceStatus['backfills'][number] | undefined, now: number): string {
  if (phase === 'contract') {
    return 'pending: waybill migrate contract, after the roll-out';
  }
  if (backfill === undefined) {
    return 'pending';
  }
  const percent = percentOf(backfill.rowsDone, backfill.estimatedRows);
  return `pending, ${backfill.rowsDone} rows done${percent === undefined ? '' : ` (${percent})`}, the last ${ago(backfill.updatedAt, now)} ago`;
}
