/** One measured figure beside what was asked for. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** `<= 50`: the figure should be at most 50; absent where nothing was asked for. */
  readonly goal?: { readonly at: 'most' | 'least'; readonly value: number };
}

export function reached({ value, goal }: Figure): boolean | undefined {
  if (goal === undefined) {
    return undefined;
  }
  return goal.at === 'most' ? value <= goal.value : value >= goal.value;
}

export function rows(figures: readonly Figure[]): string[][] {
  return figures.map((figure) => {
    const { name, value, unit, goal } = figure;
    const asked = goal === undefined ? '' : `${goal.at === 'most' ? '<=' : '>='} ${goal.value} ${unit}`.trimEnd();
    const verdict = reached(figure);
    return [name, `${round(value)} ${unit}`.trimEnd(), asked, verdict === undefined ? '' : verdict ? 'yes' : 'NO'];
  });
}

export const header = ['figure', 'measured', 'asked for', 'reached'];

/** Three digits that matter. */
export function round(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
