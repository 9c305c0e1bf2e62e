import { createHash, timingSafeEqual } from 'node:crypto';

/** What became of a request for the detail. */
export type Admission = 'closed' | 'refused' | 'admitted';

/**
 * Lets those see the detail who send `authorization: Bearer TOKEN` (RFC 6750).
 *
 * Without a token there is no such page (`closed`), rather than one that refuses everybody: what nobody has opened should
 * not be seen, and an empty token would be one that anybody can guess.
 */
export class DetailDoor {
  private readonly expected: Buffer | undefined;

  constructor(token: string | undefined) {
    this.expected = token === undefined || token === '' ? undefined : digest(token);
  }

  admit(authorization: string | undefined): Admission {
    if (this.expected === undefined) {
      return 'closed';
    }
    const sent = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    // Digests have one length, and their comparison takes one time: neither tells how much of a guess was right.
    return sent !== undefined && timingSafeEqual(digest(sent), this.expected) ? 'admitted' : 'refused';
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
