import type { Sound } from '../rtp/player.ts';
import type { PreparedScript } from '../speech/prepare-script.ts';

/** What is said in a call that was answered, and what was made of it. Waits by playing silence, so it has no timers. */
export interface Conversation {
  start(): void;
  key(key: string): void;
  /** The call is over: what it came to. */
  end(): ConversationEnd;
}

export type ConversationEnd =
  /** `heard`: the code was said whole, or the body where there is none in it. */
  { heard: true } | { heard: false; reason: 'no_key_pressed' | 'declined' | 'opted_out' };

export interface ConversationOptions {
  script: PreparedScript;
  /** Before the first word: the way to the ear opens late. */
  settleMs: number;
  /** How long is waited for the key after its prompt, and how often the prompt is said. */
  gateWaitMs: number;
  gatePrompts: number;
  betweenRepeatsMs: number;
  optOutWaitMs: number;
  play(sounds: readonly Sound[], ended: () => void): void;
  /** The code, or else the body, was said whole for the first time. */
  heard(): void;
  /** No more calls are wanted, which is told apart where the body was heard already. */
  optedOut(): void;
  hangUp(): void;
}

export function createConversation(options: ConversationOptions): Conversation {
  const { script, play } = options;
  let stage: 'before' | 'gate' | 'body' | 'after' = 'before';
  let wasHeard = false;
  let hasOptedOut = false;
  /** The prompt was said whole at least once: who then hangs up has chosen not to press. */
  let wasAsked = false;

  function ask(times: number): void {
    if (!script.gate) {
      sayBody(1);
      return;
    }
    stage = 'gate';
    play([...(times === 1 ? opening() : []), ...script.gate.prompt], () => {
      wasAsked = true;
      play([options.gateWaitMs], () => (times < options.gatePrompts ? ask(times + 1) : options.hangUp()));
    });
  }

  function opening(): readonly Sound[] {
    return [options.settleMs, ...script.greeting];
  }

  function sayBody(times: number): void {
    const before = times > 1 ? [options.betweenRepeatsMs] : stage === 'before' ? opening() : [];
    stage = 'body';
    play([...before, ...script.body.slice(0, script.essential)], () => {
      if (!wasHeard) options.heard();
      wasHeard = true;
      play(script.body.slice(script.essential), () => (times < script.repeats ? sayBody(times + 1) : close()));
    });
  }

  function close(): void {
    stage = 'after';
    const prompt = script.optOut ? [options.betweenRepeatsMs, ...script.optOut.prompt, options.optOutWaitMs] : [];
    play([...prompt, ...script.goodbye], options.hangUp);
  }

  return {
    start: () => ask(1),
    key(key) {
      if (stage === 'before' || hasOptedOut) return;
      if (key === script.optOut?.key) {
        hasOptedOut = true;
        if (wasHeard) options.optedOut();
        play(script.goodbye, options.hangUp);
      } else if (stage === 'gate' && key === script.gate?.key) sayBody(1);
    },
    end() {
      if (wasHeard) return { heard: true };
      if (hasOptedOut) return { heard: false, reason: 'opted_out' };
      return { heard: false, reason: stage === 'gate' && wasAsked ? 'no_key_pressed' : 'declined' };
    },
  };
}
