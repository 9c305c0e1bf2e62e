import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { type Service, services } from '@waybill/contracts';
import type { MigrationClass } from '@waybill/database';
import { type Finding, lint, recordMigration, type Script, sqlFile } from '@waybill/migration-lint';
import { type Verb, verb } from '../command.js';
import { RefusedError, UsageError } from '../command-errors.js';
import { type LintedScripts, renderLint } from '../lint-view.js';
import { flag, oneOf } from '../option.js';
import { palette } from '../palette.js';
import { jsonOption, serviceOption } from '../selection.js';

/**
 * The newest migration that was published before there was a linter, in the form of the timestamps of TypeORM. What has
 * run everywhere is not changed any more, so nothing is gained by refusing it; it is read for what it has made.
 */
const PUBLISHED_UNTIL = 1_764_500_000_000;

type Load = (service: Service) => Promise<readonly MigrationClass[]>;

/** Needs no database: it judges the SQL that the migrations would send. */
export function lintVerb(load: Load): Verb {
  return verb({
    summary: 'judges the SQL that migrations would send, or that of files (- for stdin), and says what to do instead; exit code 1 on an error',
    operands: ['[FILE.sql ...]'],
    options: {
      ...serviceOption,
      all: flag('judges also what was published before there was a linter'),
      phase: oneOf(['expand', 'backfill', 'contract'], 'PHASE', 'of the files; expand unless told'),
      transaction: flag('the files run in one transaction each'),
      ...jsonOption,
    },
    run: async ({ operands, options }, { env, print, colour }) => {
      const { service, all, phase, transaction, json } = options;
      if (operands.length > 0 && (service !== undefined || all)) {
        throw new UsageError('--service and --all are about migrations, not about files.');
      }
      if (operands.length === 0 && (phase !== undefined || transaction)) {
        throw new UsageError('--phase and --transaction are about files; a migration declares both.');
      }
      const linted =
        operands.length > 0
          ? await lintFiles(operands, env['INIT_CWD'] ?? '.', { ...(phase === undefined ? {} : { phase }), transaction })
          : await lintServices(service === undefined ? services : [service], all, load);
      print(json ? JSON.stringify(linted, null, 2) : renderLint(linted, palette(colour)));
      return linted.some(({ findings }) => findings.some(({ severity }) => severity === 'error')) ? 1 : 0;
    },
  });
}

async function lintServices(chosen: readonly Service[], all: boolean, load: Load): Promise<LintedScripts[]> {
  return Promise.all(
    chosen.map(async (service) => {
      const scripts = await Promise.all((await load(service)).map(recordMigration));
      const isJudged = ({ migration }: Script): boolean => all || (migration?.timestamp ?? Infinity) > PUBLISHED_UNTIL;
      return {
        of: service,
        judged: scripts.filter(isJudged).map(({ name }) => name),
        notJudged: scripts.filter((script) => !isJudged(script)).map(({ name }) => name),
        findings: lint(scripts, { judges: isJudged }),
      };
    }),
  );
}

/** Each file is a world of its own: nothing says which of them runs first, or on the same database. */
async function lintFiles(paths: readonly string[], folder: string, options: Parameters<typeof sqlFile>[2]): Promise<LintedScripts[]> {
  return Promise.all(
    paths.map(async (path) => {
      const name = path === '-' ? 'stdin' : path;
      const findings: Finding[] = lint([sqlFile(name, await readSql(path, folder), options)]);
      return { of: name, judged: [name], notJudged: [], findings };
    }),
  );
}

/** A path is meant from where `npm run` was typed, which npm keeps in INIT_CWD. */
async function readSql(path: string, folder: string): Promise<string> {
  if (path === '-') {
    return textOf(process.stdin);
  }
  try {
    return await readFile(resolve(folder, path), 'utf8');
  } catch (error) {
    throw new RefusedError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
