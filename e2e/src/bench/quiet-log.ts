/** For libraries that report: what goes wrong is shown, what goes well is not measured. */
export const quietLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message: string, facts?: object) => console.error(`  ${message} ${JSON.stringify(facts ?? {})}`),
  error: (message: string, facts?: object) => console.error(`  ${message} ${JSON.stringify(facts ?? {})}`),
};
