import { readFileSync } from 'node:fs';
import type { Service } from '@waybill/contracts';
import type { ConnectorSettings } from './debezium-engine.js';

const page = new URL('../../../docs/patterns/outbox.md', import.meta.url);
const HEADING = "## Debezium in the relay's place";

/** What the page about the outbox tells its reader to run, word for word. */
export interface DebeziumDocument {
  /** Once on the server. */
  readonly serverStatements: string;
  /** Of the service's own database. */
  readonly databaseStatements: (service: Service) => string;
  readonly connector: (service: Service) => ConnectorSettings;
}

export function debeziumDocument(): DebeziumDocument {
  const [, section = ''] = readFileSync(page, 'utf8').split(HEADING);
  const [serverStatements = '', databaseStatements = ''] = codeBlocks(section, 'sql');
  const [connector = ''] = codeBlocks(section, 'json');
  // As the page says: the other's name wherever it says orders.
  const of = (service: Service, text: string) => text.replaceAll('orders', service);
  return {
    serverStatements,
    databaseStatements: (service) => of(service, databaseStatements),
    connector: (service) => {
      const { name, config } = JSON.parse(of(service, connector)) as { name: string; config: ConnectorSettings };
      return { name, ...config };
    },
  };
}

function codeBlocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map(([, code = '']) => code);
}
