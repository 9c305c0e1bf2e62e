import { startDetached } from './detached-start.js';
import { progressOn } from './progress.js';
import { reportFailure } from './report-failure.js';
import { painter, renderLogLine } from './service-log-line.js';
import { labelOf, type Slot } from './services.js';
import type { Stack } from './stack.js';
import { stackFile, waybillHome } from './stack-file.js';
import { table } from './stack-table.js';
import { readStartOptions, type StartOptions } from './start-options.js';
import { prepareStack } from './start-stack.js';

const PARENT_POLL_MS = 500;
/** Ctrl-C reaches us from the terminal and from npm: what comes as quickly as that is the same one. */
const SAME_CTRL_C_MS = 1_000;
const PREFIX_COLOURS = ['36', '35', '34', '33', '32', '96', '95', '94'];

await main();

async function main(): Promise<void> {
  try {
    const options = readStartOptions(process.argv.slice(2));
    const env = { ...process.env };
    if (options.portOffset !== undefined) {
      env['WAYBILL_PORT_OFFSET'] = options.portOffset;
    }
    const start = options.detach ? startDetached(process.argv.slice(2)) : startInForeground(options, env);
    process.exit(await start);
  } catch (error) {
    process.exit(reportFailure(error));
  }
}

async function startInForeground(options: StartOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const colour = process.stdout.isTTY && !process.env['NO_COLOR'];
  const print = (line: string) => console.log(line);
  const startedAt = performance.now();
  print(`Waybill starts in ${waybillHome()}`);
  const stack = await prepareStack({
    home: waybillHome(),
    env,
    instances: options.instances,
    restart: options.restart,
    fresh: options.fresh,
    temporary: false,
    progress: progressOn(print),
    onLine: options.inBackground ? () => undefined : linePrinter(print, colour),
  });
  const stopped = stopOnSignal(stack, print, options);
  try {
    await Promise.race([stack.start(), stopped]);
  } catch (error) {
    const isStopping = stack.isEnding;
    await stack.stop();
    if (!isStopping) {
      throw error;
    }
  }
  if (!stack.isEnding) {
    print(overview(stack, performance.now() - startedAt, options));
  }
  return stopped;
}

/** Resolves with the exit code when a signal has stopped the stack. */
function stopOnSignal(stack: Stack, print: (line: string) => void, options: StartOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    let firstAt: number | undefined;
    const stop = (signal: string, exitCode: number) => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        print(`\n${signal}: stopping the services, then Kafka and Postgres. (Ctrl-C again kills them.)`);
        const start = performance.now();
        stack.stop().then(() => {
          print(`Stopped in ${((performance.now() - start) / 1_000).toFixed(1)} s.`);
          resolve(exitCode);
        }, reject);
      } else if (performance.now() - firstAt > SAME_CTRL_C_MS) {
        print('Killed. The next start repairs what this may have left.');
        stack.kill();
        process.exit(130);
      }
    };
    process.on('SIGINT', () => stop('Ctrl-C', 130));
    process.on('SIGTERM', () => stop('SIGTERM', 0));
    process.on('SIGHUP', () => stop('SIGHUP', 0));
    // The terminal, or the program that we are piped into, has gone.
    process.stdout.on('error', () => stop('Nobody reads this any more', 141));
    if (!options.inBackground && process.env['npm_lifecycle_event'] !== undefined) {
      watchParent(() => stop('npm has ended', 143));
    }
    // Keeps the process alive between the start and the signal.
    setInterval(() => undefined, 2 ** 30);
  });
}

/** npm hands signals to the shell between us, which may die of them and tell nobody. */
function watchParent(onGone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(timer);
      onGone();
    }
  }, PARENT_POLL_MS);
  timer.unref();
}

function linePrinter(print: (line: string) => void, colour: boolean): (slot: Slot, line: string) => void {
  const paint = painter(colour);
  const colours = new Map<string, string>();
  return (slot, line) => {
    const label = labelOf(slot);
    const code = colours.get(label) ?? PREFIX_COLOURS[colours.size % PREFIX_COLOURS.length] ?? '0';
    colours.set(label, code);
    const prefix = paint(code, `${label.padEnd(11)} |`);
    for (const each of renderLogLine(line, paint).split('\n')) {
      print(`${prefix} ${each}`);
    }
  };
}

function overview(stack: Stack, tookMs: number, options: StartOptions): string {
  const servers = [
    ['kafka', stack.kafka.brokers, stack.kafka],
    ['postgres', postgresAddress(stack), stack.postgres],
  ] as const;
  const rows = [
    ['service', 'URL', 'pid', 'log'],
    ...stack.services.map(({ slot, pid, logFile }) => [labelOf(slot), slot.url, String(pid ?? '-'), logFile]),
    ...servers.map(([name, address, { pid, logFile }]) => [name, address, String(pid ?? '-'), logFile]),
  ];
  const orders = stack.service('orders').slot.url;
  const stop = options.inBackground ? 'npm stop' : 'Ctrl-C';
  return [
    '',
    table(rows),
    '',
    `Ready in ${(tookMs / 1_000).toFixed(1)} s. Try \`npm run demo\`, ${orders}/docs, \`npm run waybill -- status\`; ${stop} stops it.`,
    `Passwords and addresses for tools: ${stackFile(stack.home)}`,
    '',
  ].join('\n');
}

function postgresAddress(stack: Stack): string {
  return [...new Set(Object.values(stack.file.postgres).map((url) => new URL(url).host))].join(', ');
}
