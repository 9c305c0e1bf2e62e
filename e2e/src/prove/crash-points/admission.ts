import { SOCKET_VARIABLE } from './wire.js';

/**
 * The service whose ports get traps: one of the platform's own, told where to find whoever sets them; undefined for any
 * other program that is started with the same options.
 *
 * @throws in production, where nobody may set traps
 */
export function serviceToTrap(main: string, env: NodeJS.ProcessEnv): { readonly service: string; readonly socketPath: string } | undefined {
  const service = /\/apps\/([\w-]+)\/dist\/main\.js$/.exec(main)?.[1];
  const socketPath = env[SOCKET_VARIABLE];
  if (service === undefined || service === 'carrier' || !socketPath) {
    return undefined;
  }
  if (env['NODE_ENV'] === 'production') {
    throw new Error(
      `${SOCKET_VARIABLE} is set, and NODE_ENV is production: crash points are for the prover only. Unset one of the two.`,
    );
  }
  return { service, socketPath };
}
