export interface HealthLog {
  info(message: string, facts?: object): void;
  warn(message: string, facts?: object): void;
}
