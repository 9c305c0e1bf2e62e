import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The answer that was given to a request with an `Idempotency-Key`; it commits with what the request did. */
@Entity('idempotency_keys')
export class IdempotencyKeyEntity {
  @PrimaryColumn('text') caller!: string;
  @PrimaryColumn('text') route!: string;
  @PrimaryColumn('text') key!: string;
  /** SHA-256 of the parsed body in canonical form: the same request, however it was spelled. */
  @Column('bytea', { name: 'body_hash' }) bodyHash!: Buffer;
  /** `json`, not `jsonb`: the answer is given again as it was given. */
  @Column('json') answer!: unknown;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
}
