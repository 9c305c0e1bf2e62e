import { Body, Controller, Get, Inject, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Behaviour } from '../domain/behaviour.js';
import { BehaviourSwitch } from '../use-cases/behaviour-switch.js';
import { type BehaviourDto, behaviourDto } from './behaviour.dto.js';

@ApiTags('behaviour')
@Controller('behaviour')
export class BehaviourController {
  constructor(@Inject(BehaviourSwitch) private readonly behaviour: BehaviourSwitch) {}

  @Get()
  @ApiOperation({ summary: 'How the carrier behaves' })
  @ApiOkResponse({ standardSchema: behaviourDto })
  get(): Behaviour {
    return this.behaviour.current;
  }

  @Put()
  @ApiOperation({ summary: 'Makes the carrier behave, or misbehave, from now on' })
  @ApiOkResponse({ standardSchema: behaviourDto })
  put(@Body({ schema: behaviourDto }) wanted: BehaviourDto): Behaviour {
    this.behaviour.current = wanted;
    return wanted;
  }
}
