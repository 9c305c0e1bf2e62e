import { isFree } from './free-port.js';
import { labelOf, type Slot } from './services.js';
import { SetUpError } from './set-up-error.js';

/** Names every port that a service should listen on and something else already does. */
export async function checkPorts(slots: readonly Slot[]): Promise<void> {
  const taken: Slot[] = [];
  for (const slot of slots) {
    if (!(await isFree(slot.port))) {
      taken.push(slot);
    }
  }
  if (taken.length > 0) {
    const lines = taken.map((slot) => `  port ${slot.port}, where ${labelOf(slot)} should listen`);
    const variables = [...new Set(taken.map(({ name }) => `${name.toUpperCase()}_PORT`))].join(', ');
    throw new SetUpError(
      `Taken by another program:\n${lines.join('\n')}\nEnd that program (\`lsof -i :${taken[0]?.port ?? 0}\` names it), or choose other ports: WAYBILL_PORT_OFFSET moves all, ${variables} single ones.`,
    );
  }
}

/** An offset at which every port is free: for stacks of tests, of which several may run beside one another. */
export async function freePortOffset(slotsAt: (offset: number) => readonly Slot[]): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const offset = 10_000 + 10 * Math.floor(Math.random() * 1_500);
    const free = await Promise.all(slotsAt(offset).map(({ port }) => isFree(port)));
    if (free.every(Boolean)) {
      return offset;
    }
  }
  throw new Error('no port offset found at which all ports are free');
}
