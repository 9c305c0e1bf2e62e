import { services } from '@waybill/contracts';
import { between, oneOf } from '../random.js';
import type { Fault, World } from './fault.js';

/** `kill -9` of an instance, or of all of a service, or of the carrier; started again after a while. */
export function killFault({ platform, instances, random }: World): Fault {
  const name = random() < 0.12 ? ('carrier' as const) : oneOf(random, services);
  const all = name === 'carrier' || random() < 0.35;
  const chosen = all ? platform.instancesOf(name) : [1 + Math.floor(random() * instances)];
  const processes = chosen.map((instance) => platform.process(name, instance));
  return {
    kind: 'kill',
    target: all ? name : `${name}-${chosen[0]}`,
    detail: all && name !== 'carrier' ? 'kill -9 of all instances' : 'kill -9',
    durationMs: between(random, 300, 5_000),
    inject: async () => {
      await Promise.all(processes.map((process) => process.kill()));
    },
    heal: async () => {
      await Promise.all(processes.map((process) => process.start()));
    },
  };
}

/** SIGSTOP for longer than a lease lasts, sometimes longer than Kafka waits for a member; then it wakes as if nothing had been. */
export function pauseFault({ platform, instances, random }: World): Fault {
  const name = oneOf(random, services);
  const instance = 1 + Math.floor(random() * instances);
  const process = platform.process(name, instance);
  return {
    kind: 'pause',
    target: `${name}-${instance}`,
    detail: 'frozen (SIGSTOP)',
    durationMs: random() < 0.6 ? between(random, 5_500, 7_500) : between(random, 11_000, 14_000),
    inject: () => Promise.resolve(process.pause()),
    heal: () => Promise.resolve(process.resume()),
  };
}

/** Every instance of a service stopped in order and started again, one after another; or one that comes and goes. */
export function rollingFault({ platform, instances, random }: World): Fault {
  const name = oneOf(random, services);
  const storms = random() < 0.3;
  const turns = storms
    ? Array.from({ length: 2 }, () => instances)
    : Array.from({ length: instances }, (_, index) => index + 1);
  return {
    kind: 'rolling',
    target: storms ? `${name}-${instances}` : name,
    detail: storms ? 'goes, comes and goes again (SIGTERM)' : 'one instance after another (SIGTERM)',
    durationMs: 0,
    inject: async () => {
      for (const instance of turns) {
        await platform.process(name, instance).stop();
        await platform.process(name, instance).start();
      }
    },
    heal: () => Promise.resolve(),
  };
}
