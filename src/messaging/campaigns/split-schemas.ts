import { type TProperties, Type } from 'typebox';
import { closed } from '../../http/schemas.ts';
import type { FieldError } from '../../lib/errors.ts';
import type { CampaignContent } from './campaign.ts';
import type { Experiment } from './split.ts';

/** Members of a variant that say something: as those of a campaign. */
export function createExperimentSchema<Words extends TProperties>(words: Words) {
  const VariantSchema = Type.Object(
    {
      id: Type.String({ pattern: '^[a-z0-9_-]{1,20}$' }),
      weight: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: 'Default 1.' })),
      ...words,
    },
    { ...closed, description: 'What it does not say is as in the campaign.' },
  );
  return Type.Object(
    {
      variants: Type.Array(VariantSchema, { minItems: 2, maxItems: 10 }),
      sample_percent: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 100,
          description: 'How much of the audience gets the variants. The rest gets the winner, once it is known.',
        }),
      ),
      winner_by: Type.Optional(Type.Enum(['clicks', 'conversions'], { description: 'Default clicks.' })),
      decide_after_seconds: Type.Optional(
        Type.Integer({ minimum: 60, maximum: 2_592_000, description: 'From the start; default 14,400.' }),
      ),
    },
    { ...closed, title: 'CampaignExperiment' },
  );
}

export interface ExperimentInput {
  variants: ({
    id: string;
    weight?: number;
    template?: string;
    template_version?: number;
  } & Pick<CampaignContent, 'variables' | 'text' | 'subject'>)[];
  sample_percent?: number;
  winner_by?: Experiment['winner_by'];
  decide_after_seconds?: number;
}

export function toExperiment(input: ExperimentInput): Experiment {
  const { variants, sample_percent = 100, winner_by = 'clicks', decide_after_seconds = 14_400 } = input;
  return {
    variants: variants.map(({ id, weight = 1, template, template_version: version = null, ...words }) => ({
      ...{ id, weight },
      content: { ...words, ...(template !== undefined && { template: { id: template, version } }) },
    })),
    ...{ sample_percent, winner_by, decide_after_seconds },
  };
}

/** As it was asked for, with what came of it. */
export function viewExperiment({ variants, ...rest }: Experiment) {
  const { sample_percent, winner_by, decide_after_seconds } = rest;
  return {
    variants: variants.map(({ id, weight, content: { template, ...words } }) => ({
      ...{ id, weight, ...words },
      ...(template && { template: template.id }),
      ...(template && template.version !== null && { template_version: template.version }),
    })),
    ...{ sample_percent, winner_by, decide_after_seconds },
  };
}

export function checkExperiment({ variants }: Experiment, content: CampaignContent): FieldError[] {
  const ids = variants.map(({ id }) => id);
  return variants.flatMap(({ id, content: own }, index): FieldError[] => {
    const pointer = `/experiment/variants/${index}`;
    if (ids.indexOf(id) !== index) return [{ pointer: `${pointer}/id`, message: 'is another’s too' }];
    if (own.template && own.text !== undefined) {
      return [{ pointer: `${pointer}/text`, message: 'is the template’s to say: give one of them' }];
    }
    const hasTemplate = own.template !== undefined || (own.text === undefined && content.template !== undefined);
    if (own.variables && !hasTemplate) return [{ pointer: `${pointer}/variables`, message: 'goes with a template' }];
    return [];
  });
}
