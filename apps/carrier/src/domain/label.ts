export interface Label {
  readonly id: string;
  readonly trackingCode: string;
  readonly status: 'ACTIVE' | 'DELETED';
}

/** A new label, out of 36 or more hexadecimal digits: the same digits, the same label. */
export function labelFrom(digits: string): Label {
  return { id: `label-${digits.slice(0, 24)}`, trackingCode: `WB${digits.slice(24, 36).toUpperCase()}`, status: 'ACTIVE' };
}
