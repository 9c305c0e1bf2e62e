import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { matrixCommand, upgradeCommand } from '../upgrade/command.js';
import { check } from './check/check.js';
import type { Verdict } from './check/verdict.js';
import { CommandLineError, type MuseumCommand, type ProveCommand, readCommandLine, type RunCommand } from './command-line.js';
import { crashPointsCommand } from './crash-points/command.js';
import { idleCommand } from './idle/command.js';
import { museumCommand } from './museum/command.js';
import type { RunRecord } from './record.js';
import { readRecord, writeRecord } from './record-file.js';
import { writeReport } from './report/report.js';
import { rollingCommand } from './rolling/command.js';
import { runProof } from './run.js';
import { hold, renderFailure, renderRecoveries, renderVerdicts } from './verdict-text.js';

/** EX_USAGE of sysexits.h. */
const WRONG_ARGUMENTS = 64;
const say = (line: string) => console.error(`prove: ${line}`);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!stopping.signal.aborted) {
      say('stopping what was started');
      stopping.abort(new Error(`stopped by ${signal}`));
    }
  });
}

const exitCode = await main(commandOrExit());
// Not left to Node's own end: after many resets it was seen to wait for ever for a socket to close (20.20, in CleanupHandles).
process.exit(exitCode);

async function main(command: ProveCommand): Promise<number> {
  try {
    switch (command.name) {
      case 'check':
        return await recheck(command.file, command.json);
      case 'crash-points':
        return await crashPointsCommand(command.args, { say, signal: stopping.signal });
      case 'upgrade':
        return await upgradeCommand(command.args, { say, signal: stopping.signal });
      case 'matrix':
        return await matrixCommand(command.args, { say, signal: stopping.signal });
      case 'idle':
        return await idleCommand(command.args, { say, signal: stopping.signal });
      case 'rolling':
        return await rollingCommand(command.args, { say, signal: stopping.signal });
      case 'museum':
        return await showMuseum(command);
      case 'run':
        return await run(command);
    }
  } catch (error) {
    if (stopping.signal.aborted) {
      return 130;
    }
    throw error;
  }
}

async function recheck(file: string, json: boolean): Promise<number> {
  let record: RunRecord;
  try {
    record = await readRecord(file);
  } catch (error) {
    say(`${file} should be a record that a run has left, and cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return WRONG_ARGUMENTS;
  }
  const verdicts = check(record);
  const held = tell(record, verdicts, json);
  say(`the report: ${await writeReport(dirname(file), record, verdicts)}`);
  return held ? 0 : 1;
}

async function showMuseum({ only, seeds, write }: MuseumCommand): Promise<number> {
  const asItShouldBe = await museumCommand({
    write,
    say,
    signal: stopping.signal,
    ...(only !== undefined && { only }),
    ...(seeds !== undefined && { seeds }),
  });
  return asItShouldBe ? 0 : 1;
}

async function run(command: RunCommand): Promise<number> {
  const { seeds } = command;
  const broken: number[] = [];
  for (const seed of seeds) {
    try {
      if (!(await runSeed(seed, command))) {
        broken.push(seed);
      }
    } catch (error) {
      // A night's soak goes on; a single run ends with the error itself.
      if (seeds.length === 1 || stopping.signal.aborted) {
        throw error;
      }
      say(`seed ${seed} came to no verdict: ${error instanceof Error ? `${error.message}${causeOf(error)}` : String(error)}`);
      broken.push(seed);
    }
  }
  if (seeds.length > 1) {
    say(`${seeds.length - broken.length} of ${seeds.length} seeds without a violation${broken.length === 0 ? '' : `; broken: ${broken.join(', ')}`}`);
  }
  return broken.length === 0 ? 0 : 1;
}

/** True when the promise held. */
async function runSeed(seed: number, { orders, durationMs, faults, instances, json, keep }: RunCommand): Promise<boolean> {
  say(`seed ${seed}: ${orders} orders, ${instances} instances of each service, faults: ${faults.join(', ') || 'none'}`);
  const record = await runProof({
    seed,
    orders,
    faults,
    instances,
    keep,
    say,
    signal: stopping.signal,
    ...(durationMs !== undefined && { durationMs }),
  });
  const folder = join('reports', 'prove', String(seed));
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'record.jsonl.gz');
  await writeRecord(file, record);
  const verdicts = check(record);
  const held = tell(record, verdicts, json);
  say(`the report: ${await writeReport(folder, record, verdicts)}`);
  say(`the record: npm run prove -- check ${file}`);
  return held;
}

function causeOf({ cause }: Error): string {
  return cause instanceof Error ? ` (${cause.message})` : '';
}

function tell(record: RunRecord, verdicts: readonly Verdict[], json: boolean): boolean {
  if (json) {
    console.log(JSON.stringify({ run: record.run, verdicts, faults: record.faults }, null, 2));
  } else {
    const colour = process.stdout.isTTY && !process.env['NO_COLOR'];
    console.log([renderVerdicts(verdicts, { colour }), renderRecoveries(record.faults), renderFailure(record, verdicts)].join('\n'));
  }
  return hold(verdicts);
}

function commandOrExit(): ProveCommand {
  try {
    return readCommandLine(process.argv.slice(2), () => Math.floor(Math.random() * 1_000_000));
  } catch (error) {
    if (!(error instanceof CommandLineError)) {
      throw error;
    }
    console.error(`prove: ${error.message} See npm run prove -- --help.`);
    process.exit(WRONG_ARGUMENTS);
  }
}
