/** The invariants of docs/guarantees.md, in the order in which they are reported. */
export const invariants = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I11', 'I12', 'I13'] as const;
export type Invariant = (typeof invariants)[number];

export interface Verdict {
  readonly invariant: Invariant;
  /** What it says, in a few words. */
  readonly title: string;
  readonly result: 'holds' | 'broken' | 'not-checked';
  /** How many things were looked at: a check of nothing proves nothing. */
  readonly checked: number;
  /** All of them, or the first thousand. */
  readonly violations: readonly Violation[];
  readonly violationCount: number;
  /** Why it was not checked, or what was left out. */
  readonly remark: string | null;
}

export interface Violation {
  readonly invariant: Invariant;
  /** The order that it is about; null for what belongs to none. */
  readonly orderId: string | null;
  /** One sentence: what was expected, and what is there. */
  readonly what: string;
}
