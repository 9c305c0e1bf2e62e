import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface ProcessTimes {
  readonly parent: number;
  readonly ticks: number;
  /** Of children that have ended. */
  readonly childTicks: number;
}

export type CpuSeconds = Readonly<Record<string, number>>;

/**
 * CPU seconds that groups of processes have used so far: each root process and everything below it, also what has
 * ended. Empty where there is no /proc.
 */
export function cpuSeconds(roots: Readonly<Record<string, readonly (number | undefined)[]>>): CpuSeconds {
  const all = processes();
  return Object.fromEntries(
    Object.entries(roots).map(([name, pids]) => {
      const sum = pids.reduce<number>((total, pid) => total + (pid === undefined ? 0 : ticksBelow(all, pid)), 0);
      return [name, sum / TICKS_PER_SECOND];
    }),
  );
}

/** What each group used in between, in microseconds an event, as one line: "node 41, postgres 9". */
export function cpuNote(before: CpuSeconds, after: CpuSeconds, events: number): string {
  const parts = Object.entries(after)
    .map(([name, seconds]) => `${name} ${Math.round(((seconds - (before[name] ?? 0)) * 1e6) / Math.max(1, events))}`)
    .join(', ');
  return Object.values(after).some((seconds) => seconds > 0) ? `µs each: ${parts}` : '';
}

function ticksBelow(all: ReadonlyMap<number, ProcessTimes>, root: number): number {
  const own = all.get(root);
  if (own === undefined) {
    return 0;
  }
  let sum = own.ticks + own.childTicks;
  for (const [pid, { parent }] of all) {
    if (parent === root) {
      sum += ticksBelow(all, pid);
    }
  }
  return sum;
}

function processes(): Map<number, ProcessTimes> {
  const found = new Map<number, ProcessTimes>();
  try {
    for (const name of readdirSync('/proc')) {
      const times = /^\d+$/.test(name) ? timesOf(name) : undefined;
      if (times !== undefined) {
        found.set(Number(name), times);
      }
    }
  } catch {
    // No /proc on this system: the figures of CPU are left out.
  }
  return found;
}

function timesOf(pid: string): ProcessTimes | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command stands in parentheses and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
    const [, parent = 0, , , , , , , , , , user = 0, system = 0, childUser = 0, childSystem = 0] = fields;
    return { parent, ticks: user + system, childTicks: childUser + childSystem };
  } catch {
    return undefined;
  }
}
