import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { HealthController } from '@waybill/health';
import { DataSource } from 'typeorm';
import { databaseUnavailable } from './problem-from.js';

/** Until the database has been reached once, TypeORM knows no tables: every request is answered 503, come again. */
@Injectable()
export class DatabaseGuard implements CanActivate {
  constructor(private readonly dataSource: DataSource) {}

  canActivate(context: ExecutionContext): boolean {
    if (!this.dataSource.isInitialized && context.getClass() !== HealthController) {
      throw databaseUnavailable();
    }
    return true;
  }
}
