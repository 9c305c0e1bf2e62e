import { describe, expect, it } from 'vitest';
import { type ChoiceFacts, chooseInfrastructure, type DockerState } from './infrastructure-choice.js';
import { SetUpError } from './set-up-error.js';

function facts(changes: Partial<Omit<ChoiceFacts, 'docker'>> & { docker?: DockerState } = {}): ChoiceFacts {
  const { docker = 'absent', ...rest } = changes;
  return { named: { kafka: false, postgres: false }, ...rest, docker: async () => docker };
}

const choiceOf = async (given: ChoiceFacts) => (await chooseInfrastructure(given)).choice;

describe('where Kafka and Postgres come from', () => {
  it('from a Docker engine that answers', async () => {
    expect(await choiceOf(facts({ docker: 'ready' }))).toEqual({ kafka: 'docker', postgres: 'docker' });
  });

  it('from programs of our own where there is no engine', async () => {
    expect(await choiceOf(facts())).toEqual({ kafka: 'embedded', postgres: 'embedded' });
  });

  it('from programs of our own where the engine cannot get the images, and that is said', async () => {
    const { choice, reasons } = await chooseInfrastructure(facts({ docker: 'no-images' }));
    expect(choice).toEqual({ kafka: 'embedded', postgres: 'embedded' });
    expect(reasons.kafka).toContain('images are neither there nor to be had');
  });

  it('from what the environment names, before all else, each server for itself', async () => {
    const named = { kafka: true, postgres: false };
    expect(await choiceOf(facts({ named, docker: 'ready' }))).toEqual({ kafka: 'external', postgres: 'docker' });
    const remembered = { kafka: 'docker', postgres: 'docker' } as const;
    expect((await choiceOf(facts({ named, remembered, docker: 'ready' }))).kafka).toBe('external');
  });

  it('from where the data of the last start lies, although an engine answers now', async () => {
    const remembered = { kafka: 'embedded', postgres: 'embedded' } as const;
    expect(await choiceOf(facts({ remembered, docker: 'ready' }))).toEqual(remembered);
  });

  it('asks no engine where the answer does not depend on it', async () => {
    const docker = () => Promise.reject(new Error('must not be asked'));
    await chooseInfrastructure({ ...facts({ wanted: 'embedded' }), docker });
    await chooseInfrastructure({ ...facts({ named: { kafka: true, postgres: true } }), docker });
  });

  it('refuses to leave the data of the last start behind without a word', async () => {
    const remembered = { kafka: 'docker', postgres: 'docker' } as const;
    await expect(choiceOf(facts({ remembered }))).rejects.toThrow(SetUpError);
    await expect(choiceOf(facts({ remembered }))).rejects.toThrow(/no Docker engine answers.*WAYBILL_INFRA=embedded/);
  });

  it('starts anew after a start with servers of somebody else', async () => {
    const remembered = { kafka: 'external', postgres: 'external' } as const;
    expect(await choiceOf(facts({ remembered }))).toEqual({ kafka: 'embedded', postgres: 'embedded' });
  });

  describe('when WAYBILL_INFRA decides it', () => {
    it.each(['embedded', 'docker'] as const)('takes %s over everything else', async (wanted) => {
      const other = wanted === 'docker' ? 'embedded' : 'docker';
      const remembered = { kafka: other, postgres: other } as const;
      const given = facts({ wanted, remembered, named: { kafka: true, postgres: true }, docker: 'ready' });
      const { choice, reasons } = await chooseInfrastructure(given);
      expect(choice).toEqual({ kafka: wanted, postgres: wanted });
      expect(reasons.kafka).toContain('WAYBILL_KAFKA_BROKERS is not used');
    });

    it.each(['absent', 'no-images'] as const)('refuses docker when it is %s', async (docker) => {
      await expect(choiceOf(facts({ wanted: 'docker', docker }))).rejects.toThrow(SetUpError);
    });

    it('refuses external when nothing is named, and says which variables would', async () => {
      await expect(choiceOf(facts({ wanted: 'external' }))).rejects.toThrow(/WAYBILL_KAFKA_BROKERS/);
      const named = { kafka: true, postgres: false };
      await expect(choiceOf(facts({ wanted: 'external', named }))).rejects.toThrow(/WAYBILL_ORDERS_DATABASE_URL/);
    });
  });
});
