import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess } from './end-process.js';
import { replaceFile } from './file-replacement.js';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.js';

interface Entry extends ProcessIdentity {
  readonly name: string;
  /** How this program likes to be told to end: for Postgres SIGTERM means "when the last client has gone". */
  readonly signal: NodeJS.Signals;
}

export interface ProcessRollOptions {
  /** The home is removed at the end, also by the guard. */
  readonly temporary: boolean;
  /** How long the guard waits for what it has asked to end; 10 s. */
  readonly graceMs?: number;
}

const GRACE_MS = 10_000;

/**
 * Every process that was started for one home, so that none outlives the one that started it.
 *
 * Two nets, because a process that is killed with -9 can do nothing any more: a guard, a tiny shell that notices the end
 * of its standard input and ends what is on the list, and the list itself in a file, which the next start works through.
 */
export class ProcessRoll {
  private readonly entries = new Map<number, Entry>();
  private readonly guard: ChildProcess;
  private refusing = false;

  /** Ends what an earlier owner of this home left behind. The caller holds the home's lock. */
  static async open(home: string, options: ProcessRollOptions): Promise<ProcessRoll> {
    mkdirSync(home, { recursive: true });
    await endLeftOvers(home);
    return new ProcessRoll(home, options);
  }

  private constructor(
    private readonly home: string,
    { temporary, graceMs = GRACE_MS }: ProcessRollOptions,
  ) {
    this.guard = startGuard(temporary ? home : '', graceMs);
    this.save();
  }

  /** Throws once the end has begun: what would be started now nobody would stop. */
  admit(name: string): void {
    if (this.refusing) {
      throw new Error(`${name} is not started any more: everything is being stopped`);
    }
  }

  add(name: string, pid: number, signal: NodeJS.Signals): ProcessIdentity | undefined {
    const identity = identityOf(pid);
    if (identity !== undefined) {
      this.entries.set(pid, { ...identity, name, signal });
      this.tellGuard(`add ${pid} ${signal.slice('SIG'.length)}`);
      this.save();
    }
    return identity;
  }

  remove(pid: number): void {
    if (this.entries.delete(pid)) {
      this.tellGuard(`remove ${pid}`);
      this.save();
    }
  }

  /** From now on nothing is admitted. */
  refuse(): void {
    this.refusing = true;
  }

  /** Ends all that is still on the list. */
  async endAll(): Promise<void> {
    await Promise.all([...this.entries.values()].map((entry) => endProcess(entry, entry.signal, GRACE_MS)));
  }

  /** At once. Postgres is asked to drop everything instead of being killed, or its own children would outlive it. */
  killAll(): void {
    for (const { name, pid } of this.entries.values()) {
      sendTo(pid, name === 'postgres' ? 'SIGQUIT' : 'SIGKILL');
    }
  }

  /** Call when all processes have ended; the guard goes, too. */
  close(): void {
    this.refusing = true;
    this.guard.stdin?.end();
    if (this.entries.size === 0) {
      rmSync(rollFile(this.home), { force: true });
    }
  }

  private tellGuard(line: string): void {
    this.guard.stdin?.write(`${line}\n`);
  }

  private save(): void {
    replaceFile(rollFile(this.home), `${JSON.stringify([...this.entries.values()], null, 2)}\n`);
  }
}

/** Ends what is still on the list of a home; returns the names of what had to be ended. */
export async function endLeftOvers(home: string): Promise<string[]> {
  const leftOvers = readRoll(home).filter(isAlive);
  await Promise.all(leftOvers.map((entry) => endProcess(entry, entry.signal, GRACE_MS)));
  rmSync(rollFile(home), { force: true });
  return leftOvers.map(({ name }) => name);
}

function sendTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}

function readRoll(home: string): Entry[] {
  try {
    return JSON.parse(readFileSync(rollFile(home), 'utf8')) as Entry[];
  } catch {
    return [];
  }
}

function rollFile(home: string): string {
  return join(home, 'processes.json');
}

/** In a session of its own, so that a Ctrl-C meant for the owner does not take the guard along. */
function startGuard(folderToRemove: string, graceMs: number): ChildProcess {
  const tenths = String(Math.ceil(graceMs / 100));
  const guard = spawn('/bin/sh', ['-c', GUARD, 'waybill-guard', folderToRemove, tenths], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
    env: { PATH: process.env['PATH'] },
  });
  // Whoever holds the roll decides how long it lives; the guard must not keep the event loop alive.
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  guard.stdin?.on('error', () => undefined);
  return guard;
}

const GUARD = `
trap '' INT TERM HUP
list=
while read -r verb pid signal; do
  case $verb in
    add) list="$list $pid:$signal" ;;
    remove)
      kept=
      for entry in $list; do
        [ "\${entry%:*}" = "$pid" ] || kept="$kept $entry"
      done
      list=$kept
      ;;
  esac
done
for entry in $list; do
  kill -s "\${entry#*:}" "\${entry%:*}" 2>/dev/null
done
tenths=0
while [ $tenths -lt "$2" ]; do
  left=
  for entry in $list; do
    kill -0 "\${entry%:*}" 2>/dev/null && left=1
  done
  [ -n "$left" ] || break
  sleep 0.1
  tenths=$((tenths + 1))
done
for entry in $list; do
  [ -z "$left" ] || kill -s KILL "\${entry%:*}" 2>/dev/null
done
[ -z "$1" ] || rm -rf -- "$1"
`;
