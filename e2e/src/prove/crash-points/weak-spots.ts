import type { Service } from '@waybill/contracts';
import pg from 'pg';
import { inDatabase } from '../ledger.js';

/*
 * Makes some effects fail, from outside: a trigger in each database refuses what belongs to an order for a weak SKU.
 * FLAKY- fails for a reason that may pass, until its event is parked, and half of the times from then on; BROKEN- always,
 * for such a reason; POISON- always, for one that cannot.
 */

export const weakSpots = ['FLAKY', 'BROKEN', 'POISON'] as const;
export type WeakSpot = (typeof weakSpots)[number];

/** The SKU whose orders fail at this service. */
export function weakSku(spot: WeakSpot, service: Service): string {
  return `${spot}-${service.toUpperCase()}`;
}

/** What each service writes when it handles an event of an order, and where the order's lines are. */
const EFFECTS: Readonly<Record<Service, { readonly event: string; readonly lines: string; readonly key: string }>> = {
  orders: {
    event: `UPDATE OF version ON orders`,
    lines: `(SELECT string_agg(sku, ' ') FROM order_lines WHERE order_id = NEW.id)`,
    key: 'NEW.id',
  },
  inventory: { event: 'INSERT ON reservations', lines: 'NEW.lines::text', key: 'NEW.order_id' },
  shipping: { event: 'INSERT ON shipments', lines: 'NEW.lines::text', key: 'NEW.order_id' },
};

export async function makeWeakSpots(adminUrl: string): Promise<void> {
  for (const [service, { event, lines, key }] of Object.entries(EFFECTS)) {
    const client = new pg.Client({ connectionString: inDatabase(adminUrl, service) });
    await client.connect();
    try {
      await client.query(`
        CREATE FUNCTION prove_weak_spot() RETURNS trigger LANGUAGE plpgsql AS $$
          DECLARE lines text := ${lines};
          BEGIN
            IF lines LIKE '%POISON-${service.toUpperCase()}%' THEN
              RAISE EXCEPTION 'a weak spot of the prover: poison' USING ERRCODE = '22023';
            ELSIF lines LIKE '%BROKEN-${service.toUpperCase()}%' OR
                  (lines LIKE '%FLAKY-${service.toUpperCase()}%' AND
                   (random() < 0.5 OR NOT EXISTS (SELECT FROM parked WHERE parked.key = ${key}::text))) THEN
              RAISE EXCEPTION 'a weak spot of the prover: for now';
            END IF;
            RETURN NEW;
          END $$;
        CREATE TRIGGER prove_weak_spot BEFORE ${event} FOR EACH ROW EXECUTE FUNCTION prove_weak_spot()`);
    } finally {
      await client.end();
    }
  }
}
