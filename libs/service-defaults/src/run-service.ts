import { ConfigError } from '@waybill/config';
import { type ServiceOptions, startService } from './start-service.js';

/** A service's main: starts it, and ends the process in order when it is asked to, or says why it could not start. */
export async function runService(options: ServiceOptions): Promise<void> {
  try {
    await startService(options, { env: process.env, signals: process });
  } catch (error) {
    process.stderr.write(`${options.name} cannot start. ${explain(error)}\n`);
    process.exit(error instanceof ConfigError ? error.exitCode : 1);
  }
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) {
    return error.message;
  }
  const { code, port, stack } = error as { code?: unknown; port?: unknown; stack?: unknown };
  if (code === 'EADDRINUSE') {
    return `Port ${String(port)} is taken. End the process that listens there, or set another port (WAYBILL_PORT_OFFSET moves all).`;
  }
  return typeof stack === 'string' ? stack : String(error);
}
