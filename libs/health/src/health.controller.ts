import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import { Health, type ProbeAnswer, type ProbeBody } from './health.js';

/** What both of Nest's HTTP adapters offer. */
interface StatusSetter {
  status(code: number): unknown;
}

@Controller('health')
export class HealthController {
  constructor(@Inject(Health) private readonly health: Health) {}

  @Get('live')
  @Header('cache-control', 'no-store')
  live(@Res({ passthrough: true }) response: StatusSetter): ProbeBody {
    return send(response, this.health.live());
  }

  @Get('ready')
  @Header('cache-control', 'no-store')
  ready(@Res({ passthrough: true }) response: StatusSetter): ProbeBody {
    return send(response, this.health.ready());
  }

  @Get('startup')
  @Header('cache-control', 'no-store')
  startup(@Res({ passthrough: true }) response: StatusSetter): ProbeBody {
    return send(response, this.health.startup());
  }
}

function send(response: StatusSetter, { httpStatus, body }: ProbeAnswer): ProbeBody {
  response.status(httpStatus);
  return body;
}
