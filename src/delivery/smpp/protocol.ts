/** SMPP 3.4 §5.1.2.1. */
export const COMMAND = {
  generic_nack: 0x8000_0000,
  bind_receiver: 0x01,
  bind_transmitter: 0x02,
  submit_sm: 0x04,
  deliver_sm: 0x05,
  unbind: 0x06,
  bind_transceiver: 0x09,
  enquire_link: 0x15,
  alert_notification: 0x102,
  data_sm: 0x103,
} as const;

/** The answer to a request has its id with the highest bit set. */
export const RESPONSE = 0x8000_0000;

/** §5.1.3, those that are sent or decided upon by themselves. */
export const STATUS = {
  ok: 0x00,
  invalid_command_id: 0x03,
  incorrect_bind_status: 0x04,
  temporary_application_error: 0x64,
  rejected_by_application: 0x66,
} as const;

/** §5.3.2 */
export const TAG = {
  receipted_message_id: 0x001e,
  user_message_reference: 0x0204,
  sar_msg_ref_num: 0x020c,
  sar_total_segments: 0x020e,
  sar_segment_seqnum: 0x020f,
  network_error_code: 0x0423,
  message_payload: 0x0424,
  message_state: 0x0427,
} as const;

/** §5.2.12 */
export const ESM_CLASS = {
  user_data_header: 0x40,
  /** Delivery receipt, delivery acknowledgement, intermediate notification; other bits may be set beside them. */
  receipts: 0x04 | 0x08 | 0x20,
} as const;

/** §3.2: command_length, command_id, command_status, sequence_number. */
export const HEADER_OCTETS = 16;

/** A message_payload of 64 KiB with everything that can stand beside it. */
export const MAX_PDU_OCTETS = 70_000;

/** §5.1.4: 1 to this, then from 1 again. */
export const MAX_SEQUENCE = 0x7fff_ffff;

export interface Address {
  ton: number;
  npi: number;
  /** Printable ASCII. */
  address: string;
}

export interface Tlv {
  tag: number;
  value: Uint8Array;
}

export type BindType = 'transceiver' | 'transmitter' | 'receiver';
