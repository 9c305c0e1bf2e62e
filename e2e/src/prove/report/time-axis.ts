export const CHART_WIDTH = 1_040;
/** Room for names on the left, and for the last tick's label on the right. */
const LEFT = 150;
const RIGHT = 30;

/** One axis of time for everything that stands below one another. */
export class TimeAxis {
  constructor(readonly endMs: number) {}

  x(atMs: number): number {
    const share = this.endMs === 0 ? 0 : Math.min(1, Math.max(0, atMs / this.endMs));
    return round(LEFT + share * (CHART_WIDTH - LEFT - RIGHT));
  }

  get left(): number {
    return LEFT;
  }

  get right(): number {
    return CHART_WIDTH - RIGHT;
  }

  /** Ten or so, at round seconds. */
  ticks(): number[] {
    const wanted = this.endMs / 1_000 / 10;
    const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200].find((each) => each >= wanted) ?? 14_400;
    const ticks: number[] = [];
    for (let at = 0; at * 1_000 <= this.endMs; at += step) {
      ticks.push(at * 1_000);
    }
    return ticks;
  }

  grid(top: number, bottom: number): string {
    return this.ticks()
      .map((at) => `<line class="grid" x1="${this.x(at)}" x2="${this.x(at)}" y1="${top}" y2="${bottom}"/>`)
      .join('');
  }

  labels(y: number): string {
    return this.ticks()
      .map((at) => `<text class="tick" x="${this.x(at)}" y="${y}" text-anchor="middle">${at / 1_000} s</text>`)
      .join('');
  }
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
