import type { ReceivedEvent } from '@waybill/contracts';
import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';

/** One row of effect an event: what an order has seen last, and how often. */
export const effectTables: readonly string[] = [
  `CREATE TABLE effects (aggregateid text PRIMARY KEY, n integer NOT NULL, data text NOT NULL)`,
];

@Entity('effects')
export class EffectEntity {
  @PrimaryColumn('text')
  aggregateid!: string;

  @Column('integer')
  n!: number;

  @Column('text')
  data!: string;
}

const UPSERT = `INSERT INTO effects (aggregateid, n, data) VALUES ($1, 1, $2)
  ON CONFLICT (aggregateid) DO UPDATE SET n = effects.n + 1, data = excluded.data`;

/** The same for many orders in one statement; none may come twice in it. */
const UPSERT_MANY = `INSERT INTO effects (aggregateid, n, data)
  SELECT * FROM unnest($1::text[], $2::integer[], $3::text[])
  ON CONFLICT (aggregateid) DO UPDATE SET n = effects.n + excluded.n, data = excluded.data`;

export async function effectByStatement(manager: EntityManager, event: ReceivedEvent): Promise<void> {
  await manager.query(UPSERT, [event.subject, JSON.stringify(event.data)]);
}

/** As somebody writes it who thinks in entities. */
export async function effectByEntity(manager: EntityManager, event: ReceivedEvent): Promise<void> {
  const row = { aggregateid: event.subject, n: 1, data: JSON.stringify(event.data) };
  await manager.upsert(EffectEntity, row, ['aggregateid']);
}

export async function effectOfMany(manager: EntityManager, events: readonly ReceivedEvent[]): Promise<void> {
  const counts = new Map<string, number>();
  const last = new Map<string, string>();
  for (const { subject, data } of events) {
    counts.set(subject, (counts.get(subject) ?? 0) + 1);
    last.set(subject, JSON.stringify(data));
  }
  await manager.query(UPSERT_MANY, [[...counts.keys()], [...counts.values()], [...last.values()]]);
}
