import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Names one run of a program: a pid alone is given to a stranger sooner or later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started, in whatever form the system tells it. Only compared, never shown. */
  readonly startedAt: string;
}

export function identityOf(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startedAtInProc(pid) : startedAtByPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function ownIdentity(): ProcessIdentity {
  const identity = identityOf(process.pid);
  if (identity === undefined) {
    throw new Error('this process cannot find itself: neither /proc nor ps tell when it was started');
  }
  return identity;
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startedAt === identity.startedAt;
}

function startedAtInProc(pid: number): string | undefined {
  try {
    // The command's name is in parentheses and may hold spaces and parentheses itself.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended, even if nobody has asked for its exit status yet.
    return state === 'Z' || state === 'X' ? undefined : `${bootId()}/${rest[18]}`;
  } catch {
    return undefined;
  }
}

let knownBootId: string | undefined;

/** Start times count from the boot: after another boot the same number means another process. */
function bootId(): string {
  knownBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return knownBootId;
}

function startedAtByPs(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [state, ...started] = text.trim().split(/\s+/);
    return state === undefined || state === '' || state.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
}
