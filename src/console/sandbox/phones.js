import { speak } from './speech.js';

/** How long a phone rings before it is answered by itself. */
const RING_MS = 1_500;

const CHANNELS = { sms: 'SMS', voice: 'Call', email: 'E-mail', whatsapp: 'WhatsApp', telegram: 'Telegram' };
const ENCODINGS = { gsm7: 'GSM-7', ucs2: 'UCS-2' };

/**
 * One phone for each number. Texts come from strangers: they are only ever set as textContent.
 * `sendReply` posts a message from a phone and resolves to it.
 */
export function createPhones(root, empty, sendReply) {
  const phones = new Map();
  const known = new Set();

  function phoneOf(number) {
    const found = phones.get(number);
    if (found) return found;
    const phone = createPhone(number, async (to, text) => add(await sendReply({ from: number, to, text })));
    phones.set(number, phone);
    root.prepend(phone.element);
    empty.hidden = true;
    return phone;
  }

  /** `live`: it came just now; its phone comes to the front, and calls ring. */
  function add(message, live = false) {
    if (known.has(message.id)) return;
    known.add(message.id);
    const phone = phoneOf(message.direction === 'mt' ? message.to : message.from);
    // Nothing moves under the hands of somebody who is busy with a phone.
    if (live && phone.element !== root.firstChild && !root.contains(document.activeElement))
      root.prepend(phone.element);
    phone.show(message, live);
  }

  function clear() {
    phones.clear();
    known.clear();
    root.replaceChildren();
    empty.hidden = false;
  }

  return { add, clear };
}

function createPhone(number, reply) {
  const element = clone('phone-template');
  const [title, thread, form, error] = ['h3', '.thread', 'form', '.error'].map((name) => element.querySelector(name));
  const input = form.querySelector('input');
  let peer = '';
  title.textContent = number;
  element.setAttribute('aria-label', `Phone ${number}`);
  thread.setAttribute('aria-label', `Messages of ${number}`);
  input.setAttribute('aria-label', `Reply from ${number}`);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    error.hidden = true;
    try {
      await reply(peer, input.value);
      input.value = '';
    } catch (refused) {
      error.textContent = refused.message;
      error.hidden = false;
    }
  });

  return {
    element,
    show(message, live) {
      peer = message.direction === 'mt' ? message.from : message.to;
      input.placeholder = `Reply to ${peer}`;
      thread.append(createMessage(message, live));
      thread.scrollTop = thread.scrollHeight;
    },
  };
}

function createMessage(message, live) {
  const element = clone('message-template');
  element.classList.add(message.direction);
  const text = element.querySelector('.text');
  text.textContent = message.text;
  if (message.locale) text.lang = message.locale;
  element.querySelector('.from').textContent = message.direction === 'mt' ? message.from : '';
  element.querySelector('.facts').textContent = factsOf(message);
  const time = element.querySelector('time');
  time.dateTime = message.received_at;
  time.textContent = new Date(message.received_at).toLocaleTimeString();
  if (message.channel === 'voice') element.querySelector('.bubble').prepend(createCall(message, live));
  return element;
}

function factsOf({ channel, segments, encoding }) {
  const facts = [CHANNELS[channel] ?? channel];
  if (segments) facts.push(segments === 1 ? '1 segment' : `${segments} segments`);
  if (encoding) facts.push(ENCODINGS[encoding] ?? encoding);
  return facts.join(' · ');
}

/** A call that just came rings until it is answered: by the button, or by itself where the browser lets pages speak. */
function createCall(message, live) {
  const element = clone('call-template');
  const [state, button] = ['.state', 'button'].map((name) => element.querySelector(name));
  const show = (now, label, caption) => {
    element.dataset.state = now;
    button.textContent = label;
    state.textContent = caption;
  };
  const answer = () => {
    show('answered', 'Play again', 'Call answered');
    speak(message.text, message.locale ?? 'en', (now) => {
      const captions = {
        speaking: 'Speaking…',
        ended: 'Call ended',
        silent: 'No voice',
      };
      show(now, 'Play again', captions[now]);
    });
  };
  button.addEventListener('click', answer);
  if (live) {
    show('ringing', 'Answer', 'Incoming call');
    setTimeout(() => {
      // Browsers keep pages silent until they are used.
      if (element.dataset.state === 'ringing' && navigator.userActivation?.hasBeenActive) answer();
    }, RING_MS);
  } else {
    show('ended', 'Play', 'Call');
  }
  return element;
}

function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}
