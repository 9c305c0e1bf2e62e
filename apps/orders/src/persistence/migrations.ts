import { CreateOrders1764000000000 } from './migrations/1764000000000-create-orders.js';
import { Parking1764100000000 } from './migrations/1764100000000-parking.js';
import { OutboxArchive1764200000000 } from './migrations/1764200000000-outbox-archive.js';
import { IndexDeadlines1764300000000 } from './migrations/1764300000000-index-deadlines.js';
import { Replay1764400000000 } from './migrations/1764400000000-replay.js';
import { DeadRecords1764500000000 } from './migrations/1764500000000-dead-records.js';
import { CustomerRef1764600000000 } from './migrations/1764600000000-customer-ref.js';
import { FillCustomerRef1764610000000 } from './migrations/1764610000000-fill-customer-ref.js';
import { CustomerRefIndex1764620000000 } from './migrations/1764620000000-customer-ref-index.js';
import { CustomerRefRequired1764630000000 } from './migrations/1764630000000-customer-ref-required.js';
import { DropCustomerId1764640000000 } from './migrations/1764640000000-drop-customer-id.js';

/** Every migration of this service, oldest first. */
export const migrations = [
  CreateOrders1764000000000,
  Parking1764100000000,
  OutboxArchive1764200000000,
  IndexDeadlines1764300000000,
  Replay1764400000000,
  DeadRecords1764500000000,
  CustomerRef1764600000000,
  FillCustomerRef1764610000000,
  CustomerRefIndex1764620000000,
  CustomerRefRequired1764630000000,
  DropCustomerId1764640000000,
];
