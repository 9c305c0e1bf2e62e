import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeRecord } from '../record-file.js';
import { hold, renderFailure, renderVerdicts } from '../verdict-text.js';
import { renderOutcome, renderPoints } from './outcome-text.js';
import { type CrashPointOptions, runCrashPoints } from './run.js';
import { type TrialKind, trialKinds } from './trial.js';

export const crashPointsHelp = `npm run prove -- crash-points [OPTIONS]

Finds every call that the services make through their ports (statement, COMMIT, produce, offset commit, HTTP to the carrier,
step of the stop), and does everything bad to each in turn, under load: kills the process before the call and after it, stops
it for longer than its leases and its membership last, and carries the call out and reports a time-out. Then the whole
history is checked as that of any other run. About 20 minutes on two cores.

  --list         list the points, and do nothing to them
  --only TEXT    only points whose name contains this
  --modes LIST   some of kill, pause, timeout (default: all)
  --json         everything, for programs
  --keep         leave the folder of data and logs

Exit code: 0 all survived, 1 not all, 64 wrong options.`;

interface Command extends Pick<CrashPointOptions, 'list' | 'only' | 'kinds' | 'keep'> {
  readonly json: boolean;
  readonly help: boolean;
}

/** Returns the exit code. */
export async function crashPointsCommand(
  args: readonly string[],
  { say, signal }: { readonly say: (line: string) => void; readonly signal: AbortSignal },
): Promise<number> {
  const command = readOptions(args);
  if (typeof command === 'string') {
    console.error(`${command}\n\n${crashPointsHelp}`);
    return 64;
  }
  if (command.help) {
    console.log(crashPointsHelp);
    return 0;
  }
  const outcome = await runCrashPoints({ ...command, say, signal });
  const { points, trials, survived, failures, record, verdicts } = outcome;
  if (command.json) {
    console.log(JSON.stringify({ points, trials, survived, failures, verdicts }, null, 2));
  } else if (record === undefined) {
    console.log(renderPoints(points));
  } else {
    console.log([renderVerdicts(verdicts), renderFailure(record, verdicts), renderOutcome(outcome)].join('\n'));
  }
  if (record !== undefined) {
    const folder = join('reports', 'prove', 'crash-points');
    await mkdir(folder, { recursive: true });
    await writeRecord(join(folder, 'record.jsonl.gz'), record);
    say(`the record: npm run prove -- check ${join(folder, 'record.jsonl.gz')}`);
  }
  return failures.length === 0 && hold(verdicts) && (command.list === true || trials.length > 0) ? 0 : 1;
}

/** The options, or what is wrong with them. */
export function readOptions(args: readonly string[]): Command | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        list: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        modes: { type: 'string', default: trialKinds.join(',') },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { modes, ...rest } = values;
    const kinds = modes.split(',').map((word) => word.trim());
    const unknown = kinds.filter((word) => !trialKinds.some((kind) => kind === word));
    return unknown.length > 0
      ? `--modes expects some of ${trialKinds.join(', ')}; got "${unknown.join(', ')}".`
      : { ...rest, kinds: trialKinds.filter((kind: TrialKind) => kinds.includes(kind)) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
