import { createHash } from 'node:crypto';

export interface Label {
  readonly id: string;
  readonly trackingCode: string;
  readonly status: 'ACTIVE' | 'DELETED';
}

/** The label of a key: the same for ever, so that asking twice can never make two. */
export function labelOf(key: string): Label {
  const hash = createHash('sha256').update(key).digest('hex');
  return { id: `label-${hash.slice(0, 24)}`, trackingCode: `WB${hash.slice(24, 36).toUpperCase()}`, status: 'ACTIVE' };
}
