import type { Recipe, Step } from './finding.js';

/** A recipe as SQL that can be copied, the rest of it as comments. */
export function recipeText(recipe: Recipe): string {
  return recipe.map((step, index) => stepText(step, recipe.length === 1 ? '' : `${index + 1}. `)).join('\n');
}

function stepText(step: Step, number: string): string {
  switch (step.step) {
    case 'code':
      return `-- ${number}${step.words}`;
    case 'backfill': {
      const { table, key, statement } = step.backfill;
      return `-- ${number}backfill of ${table}, by ${key}:\n${statement};`;
    }
    case 'migration': {
      const { phase, transaction, statements } = step;
      const how = phase === 'contract' ? 'contract, after the roll-out' : 'expand';
      return [`-- ${number}${how}${transaction ? '' : ', outside a transaction'}:`, ...statements.map(withSemicolon)].join('\n');
    }
  }
}

function withSemicolon(statement: string): string {
  return `${statement.replace(/;\s*$/, '')};`;
}
