import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { losesAnswer } from '../domain/behaviour.js';
import { LabelBook } from '../persistence/label-book.js';
import { BehaviourSwitch } from './behaviour-switch.js';

export type DeleteLabelResult = 'deleted' | 'not-found' | 'refused' | 'failed' | 'silent';

@Injectable()
export class DeleteLabel {
  constructor(
    @Inject(LabelBook) private readonly book: LabelBook,
    @Inject(BehaviourSwitch) private readonly behaviour: BehaviourSwitch,
  ) {}

  /** Takes a label back. One that is unknown or deleted is not found, whatever mood the carrier is in. */
  async run(id: string): Promise<DeleteLabelResult> {
    if (this.book.find(id)?.status !== 'ACTIVE') {
      return 'not-found';
    }
    const behaviour = this.behaviour.current;
    if (behaviour.delayMs > 0) {
      await sleep(behaviour.delayMs);
    }
    switch (behaviour.mode) {
      case 'ok':
        await this.book.delete(id);
        return losesAnswer(behaviour, Math.random()) ? 'failed' : 'deleted';
      case 'refuse':
        return 'refused';
      case 'fail':
        return 'failed';
      case 'silent':
        return 'silent';
    }
  }
}
