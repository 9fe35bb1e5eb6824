/** What https://schema.ocsf.io/1.3.0 asks of the classes that are used, and which attributes it knows, as JSON Schema. */
const integer = { type: 'integer' };
const string = { type: 'string' };
const oneOf = (...values: number[]) => ({ enum: values });

function object(properties: Record<string, object>, required: string[] = []) {
  return { type: 'object', properties, required, additionalProperties: false };
}

const user = {
  ...object({ uid: string, name: string, type_id: oneOf(0, 1, 2, 3, 99), type: string }),
  anyOf: [{ required: ['uid'] }, { required: ['name'] }],
};

const metadata = object(
  {
    version: { const: '1.3.0' },
    product: object({ name: string, vendor_name: string }, ['vendor_name']),
    uid: string,
    sequence: integer,
    event_code: string,
    log_name: string,
    original_time: string,
    correlation_uid: string,
    tenant_uid: string,
  },
  ['version', 'product'],
);

/** Attributes of the base event, which all classes have. */
const base = {
  class_name: string,
  activity_name: string,
  time: integer,
  severity_id: oneOf(0, 1, 2, 3, 4, 5, 6, 99),
  status_id: oneOf(0, 1, 2, 99),
  status_detail: string,
  message: string,
  metadata,
  unmapped: { type: 'object' },
};
/** Of the category Identity & Access Management. */
const iam = {
  ...base,
  actor: object({ user }),
  src_endpoint: object({ ip: string }),
  http_request: object({ user_agent: string }),
};
const required = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'];

export const AUTHENTICATION = {
  ...object(
    {
      ...iam,
      category_uid: { const: 3 },
      class_uid: { const: 3002 },
      activity_id: oneOf(0, 1, 2, 3, 4, 5, 6, 99),
      type_uid: integer,
      user,
      service: object({ name: string, uid: string }),
      is_mfa: { type: 'boolean' },
      auth_factors: {
        type: 'array',
        items: object({ factor_type_id: oneOf(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99) }, ['factor_type_id']),
      },
    },
    [...required, 'user'],
  ),
  anyOf: [{ required: ['service'] }, { required: ['dst_endpoint'] }],
};

const entity = {
  ...object({ type: string, uid: string, name: string }),
  anyOf: [{ required: ['uid'] }, { required: ['name'] }],
};

export const ENTITY_MANAGEMENT = object(
  {
    ...iam,
    category_uid: { const: 3 },
    class_uid: { const: 3004 },
    activity_id: oneOf(0, 1, 2, 3, 4, 99),
    type_uid: integer,
    entity,
  },
  [...required, 'entity'],
);

export const BASE_EVENT = object(
  {
    ...base,
    category_uid: { const: 0 },
    class_uid: { const: 0 },
    activity_id: oneOf(0, 99),
    type_uid: integer,
  },
  required,
);
