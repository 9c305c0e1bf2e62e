import { networkFault as faultOf, networkFaults } from '../network-faults.js';
import type { Fault, World } from './fault.js';

/** A link between a service and its servers is slow, cut, or cut in one direction. */
export function networkFault({ network, instances, random }: World): Fault {
  if (network === undefined) {
    throw new Error('network faults need the platform behind proxies: start it with them');
  }
  const plan = networkFaults(random, instances).next().value;
  return { ...faultOf(plan, network), durationMs: plan.durationMs };
}
