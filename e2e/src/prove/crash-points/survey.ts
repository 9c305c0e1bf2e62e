import { setTimeout as sleep } from 'node:timers/promises';
import { type Service, services } from '@waybill/contracts';
import type { Platform } from '../../platform.js';
import { missingParts } from './coverage.js';
import type { Switchboard } from './switchboard.js';
import type { Traffic } from './traffic.js';

/** When a call is made: all the time, or only while a process starts or stops. */
export type Stage = 'start' | 'load' | 'stop';

export interface CrashPoint {
  /** From 1, in the order of the names. */
  readonly number: number;
  readonly name: string;
  readonly stage: Stage;
  /** Its answer can be lost after it was carried out. */
  readonly mayBeLost: boolean;
  readonly services: readonly Service[];
}

const SURVEYED = 2;
const STARTED_MS = 4_000;
const NUDGES = 5;
const NUDGES_MAX = 20;
const BETWEEN_NUDGES_MS = 3_000;

/** Drives the platform through everything it does, and lists the calls that went through its ports. */
export async function survey(platform: Platform, board: Switchboard, traffic: Traffic): Promise<readonly CrashPoint[]> {
  const seen = new Map<string, { stages: Set<Stage>; mayBeLost: boolean; services: Set<Service> }>();
  const stages = new Map<string, Stage>();
  board.onSeen(({ target, point, mayBeLost }) => {
    const [service = ''] = target.split('-');
    const entry = seen.get(point) ?? { stages: new Set(), mayBeLost: false, services: new Set() };
    entry.stages.add(stages.get(target) ?? 'load');
    entry.mayBeLost ||= mayBeLost;
    entry.services.add(service as Service);
    seen.set(point, entry);
  });
  // The second instances start anew, so that they tell of every call again, from the first on.
  for (const service of services) {
    const target = `${service}-${SURVEYED}`;
    stages.set(target, 'start');
    await platform.process(service, SURVEYED).killAndRestart();
  }
  // It is ready before its relay and its consumer have found their feet.
  await sleep(STARTED_MS);
  for (const service of services) {
    stages.set(`${service}-${SURVEYED}`, 'load');
    board.tellAgain(`${service}-${SURVEYED}`);
  }
  // What is rare may need more turns on a slow machine.
  const isWanting = () => missingParts([...seen.keys()]).some((part) => !part.startsWith('shutdown'));
  for (let turn = 0; turn < NUDGES || (turn < NUDGES_MAX && isWanting()); turn++) {
    for (const service of services) {
      traffic.nudge(service);
    }
    await sleep(BETWEEN_NUDGES_MS);
  }
  for (const service of services) {
    const target = `${service}-${SURVEYED}`;
    stages.set(target, 'stop');
    board.tellAgain(target);
    await platform.process(service, SURVEYED).stop();
    stages.set(target, 'start');
    await platform.process(service, SURVEYED).start();
    stages.set(target, 'load');
  }
  return [...seen]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { stages, mayBeLost, services }], index) => ({
      number: index + 1,
      name,
      stage: stages.has('load') ? 'load' : stages.has('stop') ? 'stop' : 'start',
      mayBeLost,
      services: [...services].toSorted(),
    }));
}
