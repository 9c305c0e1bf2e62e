import { expect, it } from 'vitest';
import { serviceToTrap } from './admission.js';
import { SOCKET_VARIABLE } from './wire.js';

const env = { [SOCKET_VARIABLE]: '/tmp/socket' };

it('a service that is told where to ask gets traps', () => {
  expect(serviceToTrap('/somewhere/apps/orders/dist/main.js', env)).toEqual({ service: 'orders', socketPath: '/tmp/socket' });
});

it('nobody else does: a migration, the stand-in of the carrier, a service that was told nothing', () => {
  expect(serviceToTrap('/somewhere/apps/orders/dist/migrate.js', env)).toBeUndefined();
  expect(serviceToTrap('/somewhere/apps/carrier/dist/main.js', env)).toBeUndefined();
  expect(serviceToTrap('/somewhere/apps/orders/dist/main.js', {})).toBeUndefined();
});

it('a service in production does not start with them', () => {
  expect(() => serviceToTrap('/somewhere/apps/orders/dist/main.js', { ...env, NODE_ENV: 'production' })).toThrow(
    'NODE_ENV is production',
  );
});
