import type { Service } from '@waybill/contracts';
import pg from 'pg';
import { inDatabase } from '../ledger.js';

/*
 * Makes some effects fail, from outside: a trigger in each database refuses what belongs to an order for a weak SKU.
 * FLAKY- fails three times of four, for a reason that may pass; BROKEN- always, for such a reason; POISON- always, for one
 * that cannot. Sequences do not roll back, so that a flaky effect succeeds in the end.
 */

export const weakSpots = ['FLAKY', 'BROKEN', 'POISON'] as const;
export type WeakSpot = (typeof weakSpots)[number];

/** The SKU whose orders fail at this service. */
export function weakSku(spot: WeakSpot, service: Service): string {
  return `${spot}-${service.toUpperCase()}`;
}

/** What each service writes when it handles an event of an order, and where the order's lines are. */
const EFFECTS: Readonly<Record<Service, { readonly event: string; readonly lines: string }>> = {
  orders: {
    event: `UPDATE OF version ON orders`,
    lines: `(SELECT string_agg(sku, ' ') FROM order_lines WHERE order_id = NEW.id)`,
  },
  inventory: { event: 'INSERT ON reservations', lines: 'NEW.lines::text' },
  shipping: { event: 'INSERT ON shipments', lines: 'NEW.lines::text' },
};

export async function makeWeakSpots(adminUrl: string): Promise<void> {
  for (const [service, { event, lines }] of Object.entries(EFFECTS)) {
    const client = new pg.Client({ connectionString: inDatabase(adminUrl, service) });
    await client.connect();
    try {
      await client.query(`
        CREATE SEQUENCE prove_flaky;
        GRANT USAGE ON SEQUENCE prove_flaky TO PUBLIC;
        CREATE FUNCTION prove_weak_spot() RETURNS trigger LANGUAGE plpgsql AS $$
          DECLARE lines text := ${lines};
          BEGIN
            IF lines LIKE '%POISON-${service.toUpperCase()}%' THEN
              RAISE EXCEPTION 'a weak spot of the prover: poison' USING ERRCODE = '22023';
            ELSIF lines LIKE '%BROKEN-${service.toUpperCase()}%' OR
                  (lines LIKE '%FLAKY-${service.toUpperCase()}%' AND nextval('prove_flaky') % 4 <> 0) THEN
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
