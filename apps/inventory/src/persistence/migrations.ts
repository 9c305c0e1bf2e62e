import { CreateInventory1764000000000 } from './migrations/1764000000000-create-inventory.js';

/** Every migration of this service, oldest first. */
export const migrations = [CreateInventory1764000000000];
