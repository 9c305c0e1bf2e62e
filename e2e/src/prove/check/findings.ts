import type { Invariant, Verdict, Violation } from './verdict.js';

const KEPT_MAX = 1_000;

/** What the check of one invariant comes to: how much it looked at, and what it found. */
export class Findings {
  private readonly violations: Violation[] = [];
  private readonly remarks: string[] = [];
  private violationCount = 0;
  private checked = 0;

  constructor(
    private readonly invariant: Invariant,
    private readonly title: string,
  ) {}

  /** One more thing was looked at, or several. */
  look(things = 1): void {
    this.checked += things;
  }

  violate(orderId: string | null, what: string): void {
    this.violationCount += 1;
    if (this.violations.length < KEPT_MAX) {
      this.violations.push({ invariant: this.invariant, orderId, what });
    }
  }

  /** What was left out, and why; a figure that is worth to be read. */
  remark(text: string): void {
    this.remarks.push(text);
  }

  /** Where nothing was looked at, and nothing found, nothing is proved. */
  verdict(): Verdict {
    const { invariant, title, violations, violationCount, checked } = this;
    const result = violationCount > 0 ? 'broken' : checked > 0 ? 'holds' : 'not-checked';
    const remark = this.remarks.length === 0 ? null : this.remarks.join('; ');
    return { invariant, title, result, checked, violations, violationCount, remark };
  }
}
