import '@waybill/service-defaults/early-signals';
// The instrumentation must be there before http and pg are loaded.
import '@waybill/tracing/register';
import { runService } from '@waybill/service-defaults';
import { AppModule } from './app.module.js';
import { configSchema } from './config.js';

await runService({ name: 'carrier', config: configSchema, module: AppModule });
