import { beforeEach, describe, expect, it } from 'vitest';
import { type CommandTable, runCommand, type Surroundings, verb } from './command.js';
import { RefusedError } from './command-errors.js';
import { flag, number, required, text } from './option.js';

let ran: unknown[];
let printed: string[];
let said: string[];
let surroundings: Surroundings;

const options = {
  topic: text('TOPIC', 'of this topic'),
  limit: number({ min: 1, max: 10, fallback: 5 }, 'N', 'how many'),
  'dry-run': flag('does nothing'),
};
const commands: CommandTable = {
  dead: {
    summary: 'what was given up',
    verbs: {
      ls: verb({ summary: 'lists it', options, run: async (input) => Number(ran.push(['ls', input]) < 0) }),
      discard: verb({
        summary: 'gives it up for good',
        operands: ['ID'],
        options: { reason: required(text('TEXT', 'why'), 'somebody will ask') },
        run: async (input) => Number(ran.push(['discard', input]) < 0),
      }),
      fail: verb({ summary: 'fails', options: {}, run: () => Promise.reject(new RefusedError('no')) }),
    },
  },
  replay: {
    summary: 'reads again',
    verbs: { ls: verb({ summary: 'lists replays', options: {}, run: async () => Number(ran.push(['replays']) < 0) }) },
    unnamed: verb({
      summary: 'reads a topic again',
      operands: ['CONSUMER'],
      options,
      run: async (input) => Number(ran.push(['replay', input]) < 0),
    }),
  },
};

beforeEach(() => {
  ran = [];
  printed = [];
  said = [];
  surroundings = { env: {}, print: (line) => printed.push(line), say: (line) => said.push(line), colour: false };
});

const run = (...args: string[]) => runCommand(commands, args, surroundings, 'A remark.');

describe('a command line', () => {
  it('becomes a verb with its options read', async () => {
    expect(await run('dead', 'ls', '--topic', 'waybill.orders', '--limit=3', '--dry-run')).toBe(0);
    expect(ran).toEqual([
      ['ls', { operands: [], options: { topic: 'waybill.orders', limit: 3, 'dry-run': true } }],
    ]);
  });

  it('has fallbacks for what is left out', async () => {
    await run('dead', 'ls');
    expect(ran).toEqual([['ls', { operands: [], options: { topic: undefined, limit: 5, 'dry-run': false } }]]);
  });

  it('runs the unnamed verb where no verb is named, and the named one where one is', async () => {
    await run('replay', 'inventory');
    await run('replay', 'ls');
    expect(ran).toMatchObject([['replay', { operands: ['inventory'] }], ['replays']]);
  });

  it.each([
    ['an unknown command', ['ded'], 'There is no command "ded".'],
    ['an unknown verb', ['dead', 'lst'], 'dead knows ls, discard, fail; got "lst".'],
    ['a command without its verb', ['dead'], 'dead VERB --help tells more.'],
    ['an unknown option', ['dead', 'ls', '--topik', 'x'], "Unknown option '--topik'."],
    ['an option without its value', ['dead', 'ls', '--topic'], '--topic'],
    ['a flag with a value', ['dead', 'ls', '--dry-run=no'], '--dry-run'],
    ['an option given twice', ['dead', 'ls', '--topic', 'a', '--topic', 'b'], '--topic may be given once only.'],
    ['a value out of its limits', ['dead', 'ls', '--limit', '11'], '--limit should be a whole number from 1 to 10; got "11".'],
    ['a missing operand', ['dead', 'discard', '--reason', 'x'], 'ID is missing.'],
    ['an operand too many', ['dead', 'discard', 'a', 'b', '--reason', 'x'], '"b" is too much.'],
    ['a missing required option', ['dead', 'discard', 'a'], '--reason TEXT is required: somebody will ask.'],
  ])('with %s exits with 64, says so, and does nothing', async (_what, args, words) => {
    expect(await run(...args)).toBe(64);
    expect(said.join('\n')).toContain(words);
    expect(printed).toEqual([]);
    expect(ran).toEqual([]);
  });

  it('passes on what the command itself cannot do', async () => {
    await expect(run('dead', 'fail')).rejects.toThrow(RefusedError);
  });
});

describe('help', () => {
  it('lists all commands, also without any argument', async () => {
    expect(await run()).toBe(0);
    expect(await run('--help')).toBe(0);
    expect(printed[0]).toBe(printed[1]);
    expect(printed[0]).toContain('dead     what was given up');
    expect(printed[0]).toContain('A remark.');
  });

  it('of a command lists its verbs', async () => {
    expect(await run('dead', '--help')).toBe(0);
    expect(printed[0]).toContain('discard ID   gives it up for good');
  });

  it('of a verb lists its options, and does not run it', async () => {
    expect(await run('dead', 'discard', '-h')).toBe(0);
    expect(printed[0]).toContain('npm run waybill -- dead discard ID [OPTIONS]');
    expect(printed[0]).toContain('--reason TEXT   why (required)');
    expect(ran).toEqual([]);
  });

  it('of a command with an unnamed verb has its options, too', async () => {
    await run('replay', '--help');
    expect(printed[0]).toContain('npm run waybill -- replay CONSUMER [OPTIONS]');
    expect(printed[0]).toContain('--topic TOPIC');
  });
});
