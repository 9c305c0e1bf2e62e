import { join } from 'node:path';
import { repository } from '@waybill/local';
import type { BuildRecipe, Edit } from './workspace-build.js';

/*
 * The versions that stand beside this one: N-1, whose orders has its customer in `customer_id` and whose contracts have
 * shipment.dispatched in one version, and N+1, which emits what this version reads already and says more than it knows.
 */

const overlay = join(repository, 'e2e', 'src', 'upgrade', 'previous');

/** Reads and writes shipment.dispatched as it was before docs/patterns/event-versioning.md gave it a version 2. */
const oneVersionOfDispatched: readonly Edit[] = [
  {
    file: 'libs/contracts/src/shipping.ts',
    from: `  'waybill.shipment.dispatched.v2': z
    .object({ orderId: z.uuid(), shipmentId: z.uuid(), carrier: text(100), label })
    .describe('A carrier has given a label: the parcel is on its way. A tracking code means something to its carrier only, so v2 names it.'),
`,
    to: '',
  },
  {
    file: 'libs/contracts/src/versions.ts',
    from: `  'waybill.shipment.dispatched.v1': {
    newer: 'waybill.shipment.dispatched.v2',
    upcast: ({ labelId, trackingCode, ...same }) => ({ ...same, carrier: FIRST_CARRIER, label: { id: labelId, trackingCode } }),
    downcast: ({ orderId, shipmentId, label }) => ({ orderId, shipmentId, labelId: label.id, trackingCode: label.trackingCode }),
  },
`,
    to: '',
  },
  ...[
    'libs/contracts/src/topics.ts',
    'apps/orders/src/messaging/subscriptions.ts',
    'apps/orders/src/use-cases/ship-order.ts',
    'apps/inventory/src/messaging/subscriptions.ts',
    'apps/inventory/src/use-cases/ship-stock.ts',
    'apps/shipping/src/use-cases/shipment-events.ts',
  ].map((file) => ({ file, from: 'waybill.shipment.dispatched.v2', to: 'waybill.shipment.dispatched.v1' })),
  { file: 'apps/orders/src/use-cases/ship-order.ts', from: 'shipmentId, label }', to: 'shipmentId, trackingCode }' },
  { file: 'apps/orders/src/use-cases/ship-order.ts', from: 'trackingCode: label.trackingCode', to: 'trackingCode' },
  {
    file: 'apps/shipping/src/use-cases/shipment-events.ts',
    from: `      const label = { id: labelId ?? '', trackingCode: trackingCode ?? '' };\n`,
    to: '',
  },
  {
    file: 'apps/shipping/src/use-cases/shipment-events.ts',
    from: 'data: { orderId, shipmentId, carrier: FIRST_CARRIER, label }',
    to: `data: { orderId, shipmentId, labelId: labelId ?? '', trackingCode: trackingCode ?? '' }`,
  },
  { file: 'apps/shipping/src/use-cases/shipment-events.ts', from: 'EventType, FIRST_CARRIER, type', to: 'EventType, type' },
];

/** The version before: of a commit where one is named, else this tree with the files and the event forms of before. */
export function previousVersion(from?: string): BuildRecipe {
  return from === undefined
    ? { name: 'previous', overlay, edits: oneVersionOfDispatched }
    : { name: 'previous', from };
}

/** The code of before on the migrations of now, with its own tests: the next schema must serve it. */
export const previousOnThisSchema: BuildRecipe = {
  name: 'previous-on-this-schema',
  overlay,
  without: ['apps/orders/src/persistence/migrations.ts'],
  compile: false,
};

/** The version after: shipping emits dispatched v2, and an order tells where it was placed, of which nobody has heard yet. */
export const nextVersion: BuildRecipe = {
  name: 'next',
  edits: [
    { file: 'libs/contracts/src/versions.ts', from: `'waybill.shipment.dispatched': 1`, to: `'waybill.shipment.dispatched': 2` },
    {
      file: 'libs/contracts/src/orders.ts',
      from: 'deadlineAt: z.iso.datetime() })',
      to: 'deadlineAt: z.iso.datetime(), channel: text(100).optional() })',
    },
    {
      file: 'apps/orders/src/use-cases/order-events.ts',
      from: 'deadlineAt: order.deadlineAt.toISOString() }',
      to: `deadlineAt: order.deadlineAt.toISOString(), channel: 'web' }`,
    },
  ],
};
