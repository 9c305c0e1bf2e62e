import { Injectable } from '@nestjs/common';
import { type Behaviour, wellBehaved } from '../domain/behaviour.js';

/** How the carrier behaves now. */
@Injectable()
export class BehaviourSwitch {
  current: Behaviour = wellBehaved;
}
