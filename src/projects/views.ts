import { type Static, Type } from 'typebox';
import { closed, NullableTimestampSchema, TimestampSchema } from '../http/schemas.ts';
import { SCOPES } from '../lib/auth.ts';
import { toTimestamp } from '../lib/clock.ts';
import { MODES } from '../lib/mode.ts';
import type { KeyRecord } from './keys.ts';
import type { Project } from './projects.ts';

export const ProjectIdSchema = Type.String({ pattern: '^prj_[0-9a-hjkmnp-tv-z]{26}$' });
export const KeyIdSchema = Type.String({ pattern: '^key_[0-9a-hjkmnp-tv-z]{26}$' });
export const ModeSchema = Type.Enum([...MODES]);
export const ScopesSchema = Type.Array(Type.Enum([...SCOPES]), { minItems: 1, uniqueItems: true });
/** No control, format or line-separator characters: names are shown in logs, lists and exports. */
export const NameSchema = Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]+$' });

const PolicySchema = Type.Record(Type.String(), Type.Unknown(), {
  description: 'What differs from the default policy.',
});

export const ProjectSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    policy: PolicySchema,
    created_at: TimestampSchema,
    updated_at: TimestampSchema,
  },
  { ...closed, title: 'Project' },
);

const keyMembers = {
  id: Type.String(),
  project: Type.String(),
  mode: ModeSchema,
  name: Type.String(),
  prefix: Type.String({ description: 'First characters of the key.' }),
  scopes: ScopesSchema,
  created_at: TimestampSchema,
  expires_at: NullableTimestampSchema,
  revoked_at: NullableTimestampSchema,
};

export const KeySchema = Type.Object(keyMembers, { ...closed, title: 'Key' });

export const NewKeySchema = Type.Object(
  { ...keyMembers, key: Type.String({ description: 'The key itself. Shown this once: only its hash is kept.' }) },
  { ...closed, title: 'NewKey' },
);

export function viewProject(project: Project): Static<typeof ProjectSchema> {
  return {
    id: project.id,
    name: project.name,
    policy: project.policy,
    created_at: toTimestamp(project.createdAt),
    updated_at: toTimestamp(project.updatedAt),
  };
}

export function viewKey(key: KeyRecord): Static<typeof KeySchema> {
  return {
    id: key.id,
    project: key.project,
    mode: key.mode,
    name: key.name,
    prefix: key.prefix,
    scopes: [...key.scopes],
    created_at: toTimestamp(key.createdAt),
    expires_at: key.expiresAt === null ? null : toTimestamp(key.expiresAt),
    revoked_at: key.revokedAt === null ? null : toTimestamp(key.revokedAt),
  };
}
