import type { Service } from '@waybill/contracts';
import {
  contract,
  migrate as runMigrations,
  type MigrationClass,
  migrationPlan,
  migrationStatus,
  type PlannedMigration,
  stepBack,
} from '@waybill/database';
import { writeAudit } from '@waybill/inbox';
import { interruptible } from '../bulk.js';
import { type Command, type Surroundings, type Verb, verb } from '../command.js';
import { RefusedError, UsageError } from '../command-errors.js';
import { confirm } from '../confirmation.js';
import { askEach, type MigrationTarget, migrationTargets, runnerSettings, translated } from '../migration-target.js';
import { renderMigrationStatus, renderPlan } from '../migration-view.js';
import { operatorName } from '../operator.js';
import { flag, text } from '../option.js';
import { palette } from '../palette.js';
import { auditOptions, jsonOption, serviceOption } from '../selection.js';
import { tellTarget } from '../service-database.js';
import { migrationsOf } from '../service-migrations.js';
import { lintVerb } from './migrate-lint.js';
import { rehearse } from './migrate-rehearse.js';

type Load = (service: Service) => Promise<readonly MigrationClass[]>;

const toOption = { to: text('NAME', 'the last migration to run, with its 13 digits; all unless told') };
const yesOption = { yes: flag('does not ask whether it is meant') };

const forwardSummaries = {
  expand: 'runs what adds to the schema, up to the first backfill; versions that run go on working',
  backfill: 'fills what was added, up to the next expand; ended at any moment, the next run goes on',
} as const;

/** The command, on the migrations that `load` finds. */
export function migrateCommand(load: Load): Command {
  return {
    summary: 'changes of the schemas: what would run, running it phase by phase, how far it is, and the way back',
    verbs: {
      plan: planVerb(load),
      expand: forwardVerb('expand', load),
      backfill: forwardVerb('backfill', load),
      contract: contractVerb(load),
      status: statusVerb(load),
      back: backVerb(load),
      lint: lintVerb(load),
      rehearse,
    },
  };
}

function planVerb(load: Load): Verb {
  return verb({
    summary: 'shows what would run, in its order: phase, statements, limits, the longest stall, the rows of a backfill',
    options: { ...serviceOption, ...jsonOption },
    run: async ({ options }, { env, print, say, colour }) => {
      const targets = await migrationTargets(env, options.service, { say, load });
      const plans = await askEach(targets, async (database, target) => ({ migrations: await migrationPlan(database, target) }));
      print(options.json ? JSON.stringify(plans, null, 2) : renderPlan(plans, palette(colour)));
      return 0;
    },
  });
}

function statusVerb(load: Load): Verb {
  return verb({
    summary: 'shows what has run and what has not, how far a backfill is, invalid indexes, live instances, and who is at it',
    options: { ...serviceOption, ...jsonOption },
    run: async ({ options }, { env, print, say, colour }) => {
      const targets = await migrationTargets(env, options.service, { say, load });
      const all = await askEach(targets, migrationStatus);
      print(options.json ? JSON.stringify(all, null, 2) : renderMigrationStatus(all, palette(colour), Date.now()));
      return 0;
    },
  });
}

function forwardVerb(phase: keyof typeof forwardSummaries, load: Load): Verb {
  return verb({
    summary: forwardSummaries[phase],
    options: { ...serviceOption, ...toOption, ...jsonOption },
    run: async ({ options: { service, to, json } }, surroundings) => {
      requireServiceFor(to, service);
      const targets = await migrationTargets(surroundings.env, service, { say: surroundings.say, load });
      return runEach(`migrate.${phase}`, targets, json, surroundings, (settings) =>
        runMigrations({ ...settings, phases: [phase], ...(to === undefined ? {} : { to }) }),
      );
    },
  });
}

function contractVerb(load: Load): Verb {
  return verb({
    summary: 'takes away what only older versions use: after the roll-out, when none of them is alive; data go for ever',
    options: { ...serviceOption, ...toOption, ...yesOption, ...auditOptions, ...jsonOption },
    run: async ({ options }, surroundings) => {
      const { service, to, yes, json, reason } = options;
      requireServiceFor(to, service);
      const { env, say } = surroundings;
      const targets = await migrationTargets(env, service, { say, load });
      const plans = await askEach(targets, async (database, target) => ({
        contracts: (await migrationPlan(database, target)).filter(({ phase }) => phase === 'contract'),
      }));
      const contracts = plans.flatMap((plan) => plan.contracts.map((each) => inWords(plan.service, each)));
      if (contracts.length > 0) {
        await confirm(`This takes away for ever what these statements name:\n${contracts.join('\n')}\n`, yes, say);
      }
      const who = operatorName(options.as);
      return runEach('migrate.contract', targets, json, surroundings, (settings) =>
        contract({
          ...settings,
          ...(to === undefined ? {} : { to }),
          audit: (manager, migration) => writeAudit(manager, { who, action: 'migrate.contract', subject: { migration }, reason }),
        }),
      );
    },
  });
}

function backVerb(load: Load): Verb {
  return verb({
    summary: 'undoes the last migration that has run; what it added goes, with the data in it',
    operands: ['NAME'],
    options: { ...serviceOption, ...yesOption, ...auditOptions, ...jsonOption },
    run: async ({ operands: [name = ''], options }, surroundings) => {
      const { service, yes, json, reason } = options;
      const { env, say } = surroundings;
      const named = (await migrationTargets(env, service, { say, load })).filter(({ migrations }) =>
        migrations.some((Class) => (new Class().name ?? Class.name) === name),
      );
      if (named.length === 0) {
        throw new RefusedError(`No build here has a migration ${name}: see waybill migrate status.`);
      }
      await confirm(`This undoes ${name} in ${named.map((each) => `${each.service} at ${each.place}`).join(' and ')}.\n`, yes, say);
      const who = operatorName(options.as);
      return runEach('migrate.back', named, json, surroundings, async (settings) => {
        await stepBack({
          ...settings,
          name,
          audit: (manager, migration) => writeAudit(manager, { who, action: 'migrate.back', subject: { migration }, reason }),
        });
        return [name];
      });
    },
  });
}

/** One service after another; what is done stays done when a later one fails. Ctrl-C ends the one at hand in order. */
async function runEach(
  action: string,
  targets: readonly MigrationTarget[],
  json: boolean,
  { print, say }: Surroundings,
  run: (settings: ReturnType<typeof runnerSettings>) => Promise<readonly string[]>,
): Promise<number> {
  tellTarget(action, targets, say);
  const results: { readonly service: Service; readonly migrations: readonly string[] }[] = [];
  await interruptible(async (signal) => {
    for (const target of targets) {
      const migrations = await translated(target, () => run(runnerSettings(target, say, signal)));
      results.push({ service: target.service, migrations });
      if (!json) {
        print(`  ${target.service}: ${migrations.length === 0 ? 'nothing to do' : migrations.join(', ')}`);
      }
    }
  });
  if (json) {
    print(JSON.stringify(results, null, 2));
  }
  return 0;
}

function requireServiceFor(to: string | undefined, service: Service | undefined): void {
  if (to !== undefined && service === undefined) {
    throw new UsageError('--to names a migration of one service: say which with --service.');
  }
}

function inWords(service: Service, { name, statements }: PlannedMigration): string {
  return [`  ${service}: ${name}`, ...(statements ?? ['(its statements show only when it runs)']).map((each) => `    ${each}`)].join('\n');
}

/** Changes of the databases' schemas. */
export const migrate: Command = migrateCommand(migrationsOf);
