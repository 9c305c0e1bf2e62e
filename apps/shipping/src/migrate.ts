import { runMigrations } from '@waybill/service-defaults';
import { migrations } from './persistence/migrations.js';

await runMigrations({ name: 'shipping', migrations });
