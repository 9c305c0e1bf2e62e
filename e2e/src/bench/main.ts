import { BenchStack } from './bench-stack.js';
import { type CommandLine, CommandLineError, type PartName, readCommandLine } from './command-line.js';
import { reached } from './figure.js';
import { Ground } from './ground.js';
import { inboxPart } from './inbox/inbox-part.js';
import { latencyPart } from './latency/latency-part.js';
import { ordersPart } from './orders/order-flow.js';
import { peersPart } from './peers/peers-part.js';
import { pricesPart } from './prices/price-list.js';
import { quick } from './quick.js';
import { backlog } from './relay/backlog.js';
import { relayPart } from './relay/relay-part.js';
import { steady } from './relay/steady.js';
import { asJson, asText, type Findings, keep, type Report, reportOf, writeIntoDocument } from './report.js';

const say = (line: string) => console.error(`bench: ${line}`);
const line = readOrExit(process.argv.slice(2));

/** The same Kafka and Postgres as the other parts have, whatever else this machine could offer. */
const embedded = { WAYBILL_INFRA: 'embedded' };
/** What has been started and must be stopped, also at Ctrl-C. */
const running = new Set<{ stop(): Promise<void> }>();
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupted) {
      return;
    }
    interrupted = true;
    say('stopping what was started');
    void Promise.allSettled([...running].map((each) => each.stop())).finally(() => process.exit(130));
  });
}

const reports: Report[] = [];
try {
  for (const command of line.commands) {
    say(command);
    const isPart = !['quick', 'steady', 'backlog'].includes(command);
    const report = reportOf(command, await measure(command), isPart ? line.rounds : undefined);
    reports.push(report);
    show(report);
  }
} catch (error) {
  // What fails because it is being stopped is no failure.
  if (!interrupted) {
    throw error;
  }
  await new Promise(() => undefined);
}
if (line.json) {
  console.log(reports.length === 1 && reports[0] !== undefined ? asJson(reports[0]) : `[${reports.map(asJson).join(',\n')}]`);
}

async function measure(command: CommandLine['commands'][number]): Promise<Findings> {
  const { rounds, seconds = 600 } = line;
  switch (command) {
    case 'quick':
      return onStack(async (stack) => ({ series: [], figures: await quick(stack, say), charts: [], remarks: [] }));
    case 'orders':
      return onStack((stack) => ordersPart(stack, { rounds, orders: line.rows ?? 1_000, say }), embedded);
    case 'steady':
      return onGround((ground) => steady(ground, { seconds, say }));
    case 'backlog':
      return onGround((ground) => backlog(ground, { rows: line.rows ?? 1_000_000, say }));
    default:
      return onGround((ground) => part(command, ground));
  }
}

function part(name: Exclude<PartName, 'orders'>, ground: Ground): Promise<Findings> {
  const { rounds, rows = 100_000 } = line;
  switch (name) {
    case 'relay':
      return relayPart(ground, { rounds, rows, say });
    case 'inbox':
      return inboxPart(ground, { rounds, say });
    case 'peers':
      return peersPart(ground, { rounds, rows, say });
    case 'latency':
      return latencyPart(ground, { rounds, say });
    case 'prices':
      return pricesPart(ground, { rounds, say });
  }
}

async function onGround(run: (ground: Ground) => Promise<Findings>): Promise<Findings> {
  return whileRunning(await Ground.start(say), run);
}

async function onStack(run: (stack: BenchStack) => Promise<Findings>, env?: Record<string, string>): Promise<Findings> {
  return whileRunning(await BenchStack.start(env), run);
}

async function whileRunning<T extends { stop(): Promise<void> }>(started: T, run: (started: T) => Promise<Findings>): Promise<Findings> {
  running.add(started);
  try {
    return await run(started);
  } finally {
    if (!interrupted) {
      running.delete(started);
      await started.stop();
    }
  }
}

function show(report: Report): void {
  keep(report);
  if (line.write) {
    writeIntoDocument(report);
  }
  if (!line.json) {
    console.log(`${asText(report)}\n`);
  }
  const missed = report.figures.filter((figure) => reached(figure) === false);
  if (missed.length > 0) {
    say(`not reached: ${missed.map(({ name }) => name).join('; ')}`);
  }
}

function readOrExit(args: readonly string[]): CommandLine {
  try {
    return readCommandLine(args);
  } catch (error) {
    if (!(error instanceof CommandLineError)) {
      throw error;
    }
    console.error(`${error.message} See npm run bench -- --help.`);
    process.exit(64);
  }
}
