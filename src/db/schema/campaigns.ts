import type { AutomationsSchema } from './automations.ts';

export interface CampaignsSchema extends AutomationsSchema {}
