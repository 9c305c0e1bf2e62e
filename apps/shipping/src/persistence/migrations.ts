import { CreateShipments1764000000000 } from './migrations/1764000000000-create-shipments.js';

/** Every migration of this service, oldest first. */
export const migrations = [CreateShipments1764000000000];
