import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeRecord } from '../record-file.js';
import { hold, renderFailure, renderVerdicts } from '../verdict-text.js';
import { complaintsOf } from './judgement.js';
import { runRolling } from './run.js';
import { type LeftOut, leftOutSteps, neededSteps } from './steps.js';
import { rollingTable } from './table.js';

const names = leftOutSteps.map(({ name }) => name);

export const rollingHelp = `npm run prove -- rolling [OPTIONS]

Restarts every instance of every service in turn, under load: two instances of each behind a proxy that asks for readiness
twice a second and tries nothing a second time, and half of what goes to orders over connections that clients keep. No
request may fail, and no effect be lost or doubled. Then the controls: orders is restarted with one step of its stop left
out, and something must fail, or the proof would be blind.

  --requests N        at least, in each round (0: as many as the restarts last for)
  --rounds N          how often everything is restarted (1)
  --rate N            requests a second (200)
  --leave-out STEPS   all (that something needs), none, or some of ${names.join(', ')} (all)
  --json              everything, for programs

About two minutes on two cores. Exit code: 0 all as it should be, 1 not so, 64 wrong options.`;

export interface RollingCommand {
  readonly requests: number;
  readonly rounds: number;
  readonly perSecond: number;
  readonly leaveOut: readonly LeftOut[];
  readonly json: boolean;
  readonly help: boolean;
}

/** Returns the exit code. */
export async function rollingCommand(
  args: readonly string[],
  { say, signal }: { readonly say: (line: string) => void; readonly signal: AbortSignal },
): Promise<number> {
  const command = readOptions(args);
  if (typeof command === 'string') {
    console.error(`${command}\n\n${rollingHelp}`);
    return 64;
  }
  if (command.help) {
    console.log(rollingHelp);
    return 0;
  }
  const outcome = await runRolling({ ...command, say, signal });
  const { results, verdicts, record } = outcome;
  const complaints = complaintsOf(outcome);
  if (command.json) {
    const lines = results.map(({ leftOut, load: { commands: _commands, accepted, ...load }, ...rest }) => ({
      mode: leftOut?.name ?? 'as it is',
      ...rest,
      ...load,
      accepted: accepted.length,
    }));
    console.log(JSON.stringify({ results: lines, verdicts, complaints }, null, 2));
  } else {
    const broken = hold(verdicts) ? '' : renderFailure(record, verdicts);
    console.log([renderVerdicts(verdicts), broken, rollingTable(results), '', ...complaints].join('\n'));
  }
  const folder = join('reports', 'prove', 'rolling');
  await mkdir(folder, { recursive: true });
  await writeRecord(join(folder, 'record.jsonl.gz'), record);
  say(`the record: npm run prove -- check ${join(folder, 'record.jsonl.gz')}`);
  return complaints.length === 0 ? 0 : 1;
}

/** The options, or what is wrong with them. */
export function readOptions(args: readonly string[]): RollingCommand | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        requests: { type: 'string', default: '0' },
        rounds: { type: 'string', default: '1' },
        rate: { type: 'string', default: '200' },
        'leave-out': { type: 'string', default: 'all' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { json, help } = values;
    return {
      requests: numberOf('requests', values.requests, 0, 10_000_000),
      rounds: numberOf('rounds', values.rounds, 0, 1_000),
      perSecond: numberOf('rate', values.rate, 1, 10_000),
      leaveOut: stepsOf(values['leave-out']),
      json,
      help,
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `all` is every control that has to fail; the one of this name, where nothing at all is done, is the last of them. */
function stepsOf(text: string): readonly LeftOut[] {
  if (text === 'all' || text === 'none') {
    return text === 'all' ? neededSteps : [];
  }
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.filter((word) => !names.includes(word));
  if (unknown.length > 0) {
    throw new Error(`--leave-out expects some of ${names.join(', ')}, or all, or none; got "${unknown.join(', ')}".`);
  }
  return leftOutSteps.filter(({ name }) => words.includes(name));
}

function numberOf(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) {
    throw new Error(`--${name} should be a whole number from ${min} to ${max}, got "${text}".`);
  }
  return value;
}
