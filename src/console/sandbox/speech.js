/** Long enough for a browser that has voices to begin. */
const START_MS = 2_000;

/** Reads a script aloud. `onState` gets 'speaking', then 'ended' or 'silent' (nothing in this browser can speak). */
export function speak(text, lang, onState) {
  const synthesis = window.speechSynthesis;
  if (!synthesis || typeof SpeechSynthesisUtterance === 'undefined') return onState('silent');
  let state = 'waiting';
  const change = (next) => {
    state = next;
    onState(next);
  };
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.lang = lang;
  utterance.onstart = () => change('speaking');
  utterance.onend = () => change('ended');
  utterance.onerror = ({ error }) => change(error === 'interrupted' || error === 'canceled' ? 'ended' : 'silent');
  setTimeout(() => state === 'waiting' && change('silent'), START_MS);
  synthesis.cancel();
  synthesis.speak(utterance);
}
