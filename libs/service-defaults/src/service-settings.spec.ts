import { httpConfig, loadConfig, rolesConfig, shutdownConfig } from '@waybill/config';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { serviceSettings } from './service-settings.js';

const schema = z.object({ ...httpConfig('orders', 3001), ...shutdownConfig, ...rolesConfig });

it('reads the port of this instance: its own, the offset, and 100 for each instance before it', () => {
  const config = loadConfig(schema, { ORDERS_PORT: '4001', WAYBILL_PORT_OFFSET: '10000', WAYBILL_INSTANCE: '3' });
  expect(serviceSettings('orders', config)).toMatchObject({ name: 'orders', instance: 3, port: 14_201, host: '127.0.0.1' });
});

it('gives a service that does not split its roles all of them', () => {
  const { ROLES: _, ...config } = loadConfig(schema, {});
  expect(serviceSettings('orders', config).roles).toEqual(['http', 'consumer', 'relay']);
  expect(serviceSettings('orders', loadConfig(schema, { ROLES: 'relay' })).roles).toEqual(['relay']);
});

it('tells a programmer what the schema lacks', () => {
  expect(() => serviceSettings('shop', loadConfig(schema, {}))).toThrow("its schema should spread httpConfig('shop', port)");
});
