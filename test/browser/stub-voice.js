// Runs in the page: a voice that writes down what it is asked to say, and says it in no time.
window.spoken = [];
Object.defineProperty(window, 'speechSynthesis', {
  value: {
    cancel() {},
    speak(utterance) {
      window.spoken.push({ text: utterance.text, lang: utterance.lang });
      utterance.dispatchEvent(new Event('start'));
      utterance.dispatchEvent(new Event('end'));
    },
  },
});
