import type { ProviderType } from '../provider.ts';

/** The carriers there are, by their `type` in the configuration. Each is loaded only where it is used. */
export const providerTypes = {
  vonage: () => import('./vonage.ts').then((module) => module.vonage),
  vonage_voice: () => import('./vonage-voice.ts').then((module) => module.vonageVoice),
  whatsapp: () => import('./whatsapp.ts').then((module) => module.whatsapp),
  sinch: () => import('./sinch.ts').then((module) => module.sinch),
  sinch_voice: () => import('./sinch-voice.ts').then((module) => module.sinchVoice),
  plivo: () => import('./plivo.ts').then((module) => module.plivo),
  plivo_voice: () => import('./plivo-voice.ts').then((module) => module.plivoVoice),
  bird: () => import('./bird.ts').then((module) => module.bird),
  twilio: () => import('./twilio.ts').then((module) => module.twilio),
  twilio_voice: () => import('./twilio-voice.ts').then((module) => module.twilioVoice),
  octopush: () => import('./octopush.ts').then((module) => module.octopush),
  octopush_voice: () => import('./octopush-voice.ts').then((module) => module.octopushVoice),
  smpp: () => import('./smpp.ts').then((module) => module.smpp),
  sip: () => import('./sip.ts').then((module) => module.sip),
  telegram: () => import('./telegram.ts').then((module) => module.telegram),
  infobip: () => import('./infobip.ts').then((module) => module.infobip),
  infobip_voice: () => import('./infobip-voice.ts').then((module) => module.infobipVoice),
  smtp: () => import('./smtp.ts').then((module) => module.smtp),
  aws: () => import('./aws.ts').then((module) => module.aws),
  http: () => import('./http.ts').then((module) => module.http),
} satisfies Record<string, () => Promise<ProviderType<unknown>>>;

export type ProviderTypeName = keyof typeof providerTypes;
