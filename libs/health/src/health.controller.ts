import { Controller, Get, Header, Headers, Inject, NotFoundException, Res, UnauthorizedException } from '@nestjs/common';
import { DetailDoor } from './detail-door.js';
import { Health, type HealthDetail, type ProbeAnswer, type ProbeBody } from './health.js';

/** What both of Nest's HTTP adapters offer. */
interface Response {
  status(code: number): unknown;
  header(name: string, value: string): unknown;
}

@Controller('health')
export class HealthController {
  constructor(
    @Inject(Health) private readonly health: Health,
    @Inject(DetailDoor) private readonly door: DetailDoor,
  ) {}

  @Get('live')
  @Header('cache-control', 'no-store')
  live(@Res({ passthrough: true }) response: Pick<Response, 'status'>): ProbeBody {
    return send(response, this.health.live());
  }

  @Get('ready')
  @Header('cache-control', 'no-store')
  ready(@Res({ passthrough: true }) response: Pick<Response, 'status'>): ProbeBody {
    return send(response, this.health.ready());
  }

  @Get('startup')
  @Header('cache-control', 'no-store')
  startup(@Res({ passthrough: true }) response: Pick<Response, 'status'>): ProbeBody {
    return send(response, this.health.startup());
  }

  @Get()
  @Header('cache-control', 'no-store')
  detail(@Headers('authorization') authorization: string | undefined, @Res({ passthrough: true }) response: Response): HealthDetail {
    switch (this.door.admit(authorization)) {
      case 'closed':
        throw new NotFoundException();
      case 'refused':
        response.header('www-authenticate', 'Bearer realm="health"');
        throw new UnauthorizedException('Send the token of HEALTH_DETAIL_TOKEN as a bearer token.');
      case 'admitted':
        return this.health.detail();
    }
  }
}

function send(response: Pick<Response, 'status'>, { httpStatus, body }: ProbeAnswer): ProbeBody {
  response.status(httpStatus);
  return body;
}
