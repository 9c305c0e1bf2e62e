/** The service's checked configuration, as its `config.ts` types it. */
export const CONFIG = 'WAYBILL:CONFIG';
/** The service's pino logger. */
export const LOGGER = 'WAYBILL:LOGGER';
/** What service-defaults reads from the configuration: name, instance, port, roles. */
export const SETTINGS = 'WAYBILL:SETTINGS';
/** @internal What WaybillModule.forService was given. */
export const SERVICE_OPTIONS = 'WAYBILL:SERVICE_OPTIONS';
