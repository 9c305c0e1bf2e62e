import { Body, Controller, Delete, Headers, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import {
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiUnprocessableEntityResponse,
} from '@nestjs/swagger';
import { DeleteLabel } from '../use-cases/delete-label.js';
import { IssueLabel } from '../use-cases/issue-label.js';
import { keyMissing, labelNotFound, outOfOrder, parcelRefused, parcelUnderWay } from './carrier.problems.js';
import { type LabelDto, labelDto, labelRequest } from './labels.dto.js';

/** What is used of Fastify's reply. */
interface Reply {
  readonly raw: { once(event: 'close', listener: () => void): unknown };
}

const KEY_MAX = 255;

@ApiTags('labels')
@Controller('labels')
export class LabelsController {
  constructor(
    @Inject(IssueLabel) private readonly issueLabel: IssueLabel,
    @Inject(DeleteLabel) private readonly deleteLabel: DeleteLabel,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Makes a label', description: 'One a key: asked again, it answers as before.' })
  @ApiHeader({ name: 'Idempotency-Key', required: true })
  @ApiCreatedResponse({ standardSchema: labelDto })
  @ApiUnprocessableEntityResponse({ description: 'The parcel is refused, for good.' })
  @ApiServiceUnavailableResponse({ description: 'The label may have been made, or not: ask again with the same key.' })
  async issue(
    @Body({ schema: labelRequest }) _request: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<LabelDto> {
    if (key === undefined || key === '' || key.length > KEY_MAX) {
      throw keyMissing();
    }
    const result = await this.issueLabel.run(key);
    switch (result.kind) {
      case 'label':
        return result.label;
      case 'refused':
        throw parcelRefused();
      case 'failed':
        throw outOfOrder();
      case 'silent':
        return silence(reply);
    }
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Takes a label back' })
  @ApiNoContentResponse({ description: 'It is deleted.' })
  @ApiNotFoundResponse({ description: 'It does not exist, or was deleted before.' })
  @ApiConflictResponse({ description: 'The parcel is on its way.' })
  async delete(@Param('id') id: string, @Res({ passthrough: true }) reply: Reply): Promise<void> {
    const result = await this.deleteLabel.run(id);
    switch (result) {
      case 'deleted':
        return;
      case 'not-found':
        throw labelNotFound(id);
      case 'refused':
        throw parcelUnderWay();
      case 'failed':
        throw outOfOrder();
      case 'silent':
        return silence(reply);
    }
  }
}

/** Says nothing until the client has gone away; then nobody is there to read the error. */
async function silence({ raw }: Reply): Promise<never> {
  await new Promise<void>((resolve) => raw.once('close', resolve));
  throw outOfOrder();
}
