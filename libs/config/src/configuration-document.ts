import type { z } from 'zod';
import type { ConfigSchema } from './load-config.js';
import { describeSetting, type Setting } from './setting.js';

export interface ConfiguredService {
  readonly name: string;
  readonly schema: ConfigSchema;
}

interface Group {
  readonly services: readonly string[];
  readonly settings: readonly Setting[];
}

const INTRODUCTION = `# Configuration

<!-- Written from the services' schemas by libs/config/src/configuration-document.spec.ts; see there how to renew it. -->

Services read environment variables, and files that these name; nothing else. An empty variable counts as not set. A
service that finds a setting wrong does not start: it lists everything that is wrong, with what was expected and what to
do, and ends with exit code 78. The value of a secret is never shown, and it may stand in a file: of
\`WAYBILL_ORDERS_DATABASE_URL\` and \`WAYBILL_ORDERS_DATABASE_URL_FILE\`, which names the file, set one. So with every
address of a database, and every password. \`npm start\` sets what the local stack needs; in any other place set at least
what is required.
`;

/** docs/configuration.md: each setting once, under the services that read it in the same way. */
export function configurationDocument(services: readonly ConfiguredService[]): string {
  const sections = groups(services).map(
    ({ services: readers, settings }) => `## ${title(readers, services.length)}\n\n${table(settings)}`,
  );
  return `${[INTRODUCTION.trimEnd(), ...sections].join('\n\n')}\n`;
}

/** .env.example: what is required to be filled in, the rest with its default in a comment. */
export function envExample(services: readonly ConfiguredService[]): string {
  const head = '# Written from the schemas of the services, like docs/configuration.md, which explains each setting.';
  const sections = groups(services).map(({ services: readers, settings }) => {
    const lines = settings.map((setting) => assignment(setting));
    return [`# --- ${title(readers, services.length)}`, ...lines].join('\n');
  });
  return `${[head, ...sections].join('\n\n')}\n`;
}

/** Settings that the same services read in the same way stand together, those of most services first. */
function groups(services: readonly ConfiguredService[]): Group[] {
  const readers = new Map<string, { readonly setting: Setting; readonly services: string[] }>();
  for (const { name, schema } of services) {
    for (const [key, type] of Object.entries(schema.shape)) {
      const setting = describeSetting(key, type as z.ZodType);
      const identity = JSON.stringify(setting);
      const entry = readers.get(identity) ?? { setting, services: [] };
      entry.services.push(name);
      readers.set(identity, entry);
    }
  }
  const byServices = new Map<string, Group & { readonly settings: Setting[] }>();
  for (const { setting, services: names } of readers.values()) {
    const key = names.join(', ');
    const group = byServices.get(key) ?? { services: names, settings: [] };
    group.settings.push(setting);
    byServices.set(key, group);
  }
  return [...byServices.values()].sort((a, b) => b.services.length - a.services.length);
}

function title(readers: readonly string[], all: number): string {
  return readers.length === all ? 'Every service' : readers.join(', ');
}

function table(settings: readonly Setting[]): string {
  const rows = settings.map((setting) => {
    const { name, expected, reason } = setting;
    return `| \`${name}\` | ${cell(defaultOf(setting))} | ${cell(expected)} | ${cell(reason)} |`;
  });
  return ['| variable | default | what it takes | why |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function defaultOf({ required, default: fallback, otherwise }: Setting): string {
  return required ? '**required**' : fallback === undefined ? (otherwise ?? 'not set') : `\`${fallback}\``;
}

/** A bar inside a cell would end it. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function assignment({ name, required, default: fallback, example, reason }: Setting): string {
  const value = required ? `${name}=${example ?? ''}` : `# ${name}=${fallback ?? example ?? ''}`;
  return `# ${reason}\n${value}`;
}
