import type { FaultKind } from '../plan.js';
import { brokerFault } from './broker-fault.js';
import { carrierFault } from './carrier-fault.js';
import { databaseFault } from './database-fault.js';
import type { Fault, World } from './fault.js';
import { networkFault } from './network-fault.js';
import { killFault, pauseFault, rollingFault } from './process-faults.js';

const makers: Readonly<Record<FaultKind, (world: World) => Fault>> = {
  kill: killFault,
  pause: pauseFault,
  broker: brokerFault,
  database: databaseFault,
  network: networkFault,
  carrier: carrierFault,
  rolling: rollingFault,
};

/** The fault of this kind that the world's random numbers choose. */
export function makeFault(kind: FaultKind, world: World): Fault {
  return makers[kind](world);
}
