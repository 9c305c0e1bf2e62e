/** One other library, in one way of using it. Each is a program in e2e/peers that speaks as our workers do. */
export interface Peer {
  readonly name: string;
  /** In e2e/peers. */
  readonly program: string;
  /** Told to the program; which way of using it. */
  readonly variant: string;
  /** As many as tell enough: the slow ones need fewer. */
  readonly rows: number;
}

export const peers: readonly Peer[] = [
  {
    name: 'pg-transactional-outbox 0.5.7, polling',
    program: 'pg-transactional-outbox.mjs',
    variant: 'polling',
    rows: 2_000,
  },
  {
    name: 'pg-transactional-outbox 0.5.7, replication',
    program: 'pg-transactional-outbox.mjs',
    variant: 'replication',
    rows: 3_000,
  },
  {
    name: 'pg-transactional-outbox 0.5.7, replication, 20 at once',
    program: 'pg-transactional-outbox.mjs',
    variant: 'replication-20',
    rows: 4_000,
  },
  { name: '@nest-native/messaging 0.6.0', program: 'nest-native-messaging.mjs', variant: '', rows: 3_000 },
  {
    name: '@fullstackhouse/nestjs-outbox 4.1.2, each',
    program: 'fullstackhouse-nestjs-outbox.mjs',
    variant: 'each',
    rows: 3_000,
  },
  {
    name: '@fullstackhouse/nestjs-outbox 4.1.2, 100 a send',
    program: 'fullstackhouse-nestjs-outbox.mjs',
    variant: 'together',
    rows: 4_000,
  },
];
