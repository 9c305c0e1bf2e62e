import { type DynamicModule, Module } from '@nestjs/common';
import { DetailDoor } from './detail-door.js';
import { HealthController } from './health.controller.js';
import { Health } from './health.js';

export interface HealthModuleOptions {
  /** Bearer token that opens `GET /health`, the detail; absent: there is no such page. */
  readonly detailToken?: string | undefined;
}

@Module({})
export class HealthModule {
  static for(health: Health, { detailToken }: HealthModuleOptions = {}): DynamicModule {
    return {
      module: HealthModule,
      global: true,
      controllers: [HealthController],
      providers: [
        { provide: Health, useValue: health },
        { provide: DetailDoor, useValue: new DetailDoor(detailToken) },
      ],
      exports: [Health],
    };
  }
}
