import { ChildProgram, type Program } from './child-program.js';
import type { ProcessRoll } from './process-roll.js';

export interface ReadyRule {
  /** A line with this text says that it takes connections. */
  readonly readyLine: string;
  readonly timeoutMs: number;
}

/** A server program ended, or said nothing, before it was ready. */
export class ServerStartError extends Error {
  readonly code = 'SERVER_START';

  constructor(
    what: string,
    readonly output: string,
    logFile: string,
  ) {
    super(`${what}. Its last words (all of them: ${logFile}):\n${output}`);
    this.name = 'ServerStartError';
  }
}

const LAST_LINES = 15;

/** Starts a server and waits for the line that says it is ready. */
export async function startServer(program: Program, rule: ReadyRule, roll: ProcessRoll): Promise<ChildProgram> {
  const lines: string[] = [];
  let ready: () => void = () => undefined;
  const isReady = new Promise<'ready'>((resolve) => {
    ready = () => resolve('ready');
  });
  const unfollow = program.log.follow((line) => {
    lines.push(line);
    lines.splice(0, lines.length - LAST_LINES);
    if (line.includes(rule.readyLine)) {
      ready();
    }
  });
  const child = ChildProgram.start(program, roll);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'silent'>((resolve) => {
    timer = setTimeout(() => resolve('silent'), rule.timeoutMs);
  });
  try {
    const outcome = await Promise.race([isReady, timeout, child.exited]);
    if (outcome === 'ready') {
      return child;
    }
    await child.kill();
    program.log.read();
    const what =
      outcome === 'silent'
        ? `${program.name} was not ready within ${rule.timeoutMs} ms`
        : `${program.name} ended with ${outcome.signal ?? `code ${outcome.code}`} instead of starting`;
    throw new ServerStartError(what, lines.join('\n'), program.log.path);
  } finally {
    clearTimeout(timer);
    unfollow();
  }
}
