import { describe, expect, it } from 'vitest';
import { migrationEnvironment, serviceEnvironment } from './service-environment.js';

const addresses = {
  brokers: '127.0.0.1:9092',
  databases: { orders: 'postgres://o', inventory: 'postgres://i', shipping: 'postgres://s' },
  carrierUrl: 'http://127.0.0.1:3004',
  carrierDataFile: '/data/carrier.jsonl',
};

describe('the environment of a service', () => {
  it("has its own database and nobody else's", () => {
    const inherited = {
      WAYBILL_SHIPPING_DATABASE_URL: 'postgres://stranger',
      WAYBILL_ORDERS_MIGRATION_URL: 'postgres://owner',
      WAYBILL_INVENTORY_DATABASE_URL_FILE: '/run/secret',
    };
    const env = serviceEnvironment(inherited, { name: 'orders', instance: 2 }, addresses);
    expect(env).toEqual({
      WAYBILL_INSTANCE: '2',
      WAYBILL_KAFKA_BROKERS: '127.0.0.1:9092',
      WAYBILL_ORDERS_DATABASE_URL: 'postgres://o',
    });
  });

  it('tells shipping where the carrier is, unless somebody says otherwise', () => {
    const place = { name: 'shipping', instance: 1 } as const;
    expect(serviceEnvironment({}, place, addresses)['CARRIER_URL']).toBe('http://127.0.0.1:3004');
    const elsewhere = { CARRIER_URL: 'http://carrier.example' };
    expect(serviceEnvironment(elsewhere, place, addresses)['CARRIER_URL']).toBe('http://carrier.example');
  });

  it('of the carrier knows neither Kafka nor a database', () => {
    expect(serviceEnvironment({}, { name: 'carrier', instance: 1 }, addresses)).toEqual({
      WAYBILL_INSTANCE: '1',
      CARRIER_DATA_FILE: '/data/carrier.jsonl',
    });
  });

  it('hands on what else is set, such as where traces go', () => {
    const inherited = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
    expect(serviceEnvironment(inherited, { name: 'orders', instance: 1 }, addresses)).toMatchObject(inherited);
  });

  it('of a migration has the login that may change tables', () => {
    expect(migrationEnvironment({}, 'orders', { database: 'postgres://o', migration: 'postgres://owner' })).toEqual({
      WAYBILL_ORDERS_DATABASE_URL: 'postgres://o',
      WAYBILL_ORDERS_MIGRATION_URL: 'postgres://owner',
    });
  });
});
