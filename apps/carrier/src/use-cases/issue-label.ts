import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { losesAnswer } from '../domain/behaviour.js';
import type { Label } from '../domain/label.js';
import { LabelBook } from '../persistence/label-book.js';
import { labelOf } from '../persistence/label-of-key.js';
import { BehaviourSwitch } from './behaviour-switch.js';

export type IssueLabelResult =
  | { readonly kind: 'label'; readonly label: Label }
  | { readonly kind: 'refused' }
  /** 503, whether the label was made or not: whoever asks cannot know. */
  | { readonly kind: 'failed' }
  | { readonly kind: 'silent' };

@Injectable()
export class IssueLabel {
  constructor(
    @Inject(LabelBook) private readonly book: LabelBook,
    @Inject(BehaviourSwitch) private readonly behaviour: BehaviourSwitch,
  ) {}

  /** The label of this key. A key that is known is answered as it was, whatever mood the carrier is in. */
  async run(key: string): Promise<IssueLabelResult> {
    const known = this.book.find(labelOf(key).id);
    if (known !== undefined) {
      return { kind: 'label', label: known };
    }
    const behaviour = this.behaviour.current;
    if (behaviour.delayMs > 0) {
      await sleep(behaviour.delayMs);
    }
    switch (behaviour.mode) {
      case 'ok': {
        const label = await this.book.issue(key);
        return losesAnswer(behaviour, Math.random()) ? { kind: 'failed' } : { kind: 'label', label };
      }
      case 'refuse':
        return { kind: 'refused' };
      case 'fail':
        return { kind: 'failed' };
      case 'silent':
        return { kind: 'silent' };
    }
  }
}
