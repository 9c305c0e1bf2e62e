import { Module } from '@nestjs/common';
import { CONFIG } from '@waybill/service-defaults';
import type { CarrierConfig } from './config.js';
import { BehaviourController } from './http/behaviour.controller.js';
import { LabelsController } from './http/labels.controller.js';
import { LabelBook } from './persistence/label-book.js';
import { BehaviourSwitch } from './use-cases/behaviour-switch.js';
import { DeleteLabel } from './use-cases/delete-label.js';
import { IssueLabel } from './use-cases/issue-label.js';

@Module({
  controllers: [LabelsController, BehaviourController],
  providers: [
    {
      provide: LabelBook,
      inject: [CONFIG],
      useFactory: (config: CarrierConfig) => LabelBook.open(config.CARRIER_DATA_FILE),
    },
    BehaviourSwitch,
    IssueLabel,
    DeleteLabel,
  ],
})
export class AppModule {}
