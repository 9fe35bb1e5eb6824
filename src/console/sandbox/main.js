import { follow, get, post } from './api.js';
import { createPhones } from './phones.js';
import { setUpTryIt } from './try-it.js';

/** Kept for this tab only. */
const STORAGE = 'countersign-sandbox-key';

const HINTS = {
  off: 'Enter an API key to see the phones of its project.',
  waiting: '',
  on: 'Messages appear here as they are sent, one phone for each number.',
};

const ids = ['status', 'connect', 'key', 'disconnect', 'phones', 'empty'];
const [status, connectForm, keyInput, disconnectButton, phoneList, empty] = ids.map((id) =>
  document.getElementById(id),
);
let key = null;
let connection = new AbortController();

const phones = createPhones(phoneList, empty, (reply) => post(key, 'v1/sandbox/messages', reply));
setUpTryIt(() => key);

connectForm.addEventListener('submit', (event) => {
  event.preventDefault();
  connect(keyInput.value.trim());
});
disconnectButton.addEventListener('click', () => disconnect('Not connected'));

show('off', 'Not connected');
const first = takeKeyFromAddress() ?? sessionStorage.getItem(STORAGE);
if (first) connect(first);
addEventListener('hashchange', () => {
  const given = takeKeyFromAddress();
  if (given) connect(given);
});

/** `#key=…`, as printed at start-up. It must not stay in the address bar or the history. */
function takeKeyFromAddress() {
  const found = new URLSearchParams(location.hash.slice(1)).get('key');
  if (found !== null) history.replaceState(null, '', location.pathname + location.search);
  return found;
}

function connect(newKey) {
  connection.abort();
  connection = new AbortController();
  const { signal } = connection;
  phones.clear();
  key = newKey;
  sessionStorage.setItem(STORAGE, key);
  keyInput.value = '';
  connectForm.hidden = true;
  disconnectButton.hidden = false;
  show('waiting', 'Connecting…');
  const handlers = {
    async onOpen() {
      const { data } = await get(newKey, 'v1/sandbox/messages');
      if (signal.aborted) return;
      for (const message of data.toReversed()) phones.add(message);
      show('on', 'Live');
    },
    onMessage: (message) => phones.add(message, true),
    onLost: () => show('waiting', 'Connection lost, trying again…'),
    onRefused: ({ message }) => disconnect(message),
  };
  follow(newKey, handlers, signal);
}

function disconnect(reason) {
  connection.abort();
  key = null;
  sessionStorage.removeItem(STORAGE);
  phones.clear();
  connectForm.hidden = false;
  disconnectButton.hidden = true;
  show('off', reason);
}

function show(state, text) {
  status.dataset.state = state;
  status.textContent = text;
  empty.textContent = HINTS[state];
}
