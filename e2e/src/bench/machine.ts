import { arch, cpus, platform, totalmem } from 'node:os';

/** What the figures were measured on, for the reader of the report. */
export function machine(): string {
  return `${cpus().length} x ${cpus()[0]?.model.trim() ?? arch()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()}, Node ${process.versions.node}`;
}
