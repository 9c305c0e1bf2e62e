import { createHash } from 'node:crypto';
import { type Label, labelFrom } from '../domain/label.js';

/** The label of a key: the same for ever, so that asking twice can never make two. */
export function labelOf(key: string): Label {
  return labelFrom(createHash('sha256').update(key).digest('hex'));
}
