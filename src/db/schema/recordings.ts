export interface RecordingTable {
  id: string;
  project_id: string;
  mode: 'live' | 'test';
  name: string;
  /** Of the file that was uploaded. */
  format: string;
  duration_ms: number;
  actor: string;
  created_at: number;
  /** What calls play: WAV, PCM of 16 bit, 8 kHz, mono. */
  audio: Uint8Array;
}

export interface RecordingsSchema {
  recordings: RecordingTable;
}
