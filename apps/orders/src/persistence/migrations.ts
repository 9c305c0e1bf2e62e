import { CreateOrders1764000000000 } from './migrations/1764000000000-create-orders.js';

/** Every migration of this service, oldest first. */
export const migrations = [CreateOrders1764000000000];
