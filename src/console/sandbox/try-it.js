import { post } from './api.js';

const REASONS = {
  wrong_code: 'Wrong code',
  expired: 'The code has expired',
  exhausted: 'No attempts are left',
  already_used: 'The code was used already',
  canceled: 'The verification was canceled',
};

const byId = (id) => document.getElementById(id);

/** The two calls an app makes: start a verification, check the code. `keyOf` returns the key in use, or null. */
export function setUpTryIt(keyOf) {
  const [started, checkForm, code, checked, proof] = ['started', 'check', 'code', 'checked', 'proof'].map(byId);
  let verification = null;

  onSubmit('start', started, async (key) => {
    checkForm.hidden = true;
    checked.hidden = true;
    proof.hidden = true;
    const channel = byId('channel').value;
    const body = { to: byId('to').value, locale: byId('locale').value, ...(channel && { channel }) };
    verification = await post(key, 'v1/verifications', body);
    checkForm.hidden = false;
    code.value = '';
    code.focus();
    return { kind: 'ok', text: 'On its way. Enter the code from the phone.' };
  });

  onSubmit('check', checked, async (key) => {
    const result = await post(key, `v1/verifications/${encodeURIComponent(verification.id)}/check`, {
      code: code.value,
    });
    code.select();
    if (!result.valid) {
      const left = result.status === 'pending' ? ` ${attempts(result)}` : '';
      return { kind: 'bad', text: `${REASONS[result.reason] ?? 'Not accepted'}.${left}` };
    }
    checkForm.hidden = true;
    started.hidden = true;
    byId('token').textContent = result.token;
    proof.hidden = false;
    return { kind: 'good', text: 'Approved: the phone is verified.' };
  });

  /** Runs a form's call and shows what came of it. */
  function onSubmit(formId, outcome, call) {
    const form = byId(formId);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const key = keyOf();
      const button = form.querySelector('button');
      button.disabled = true;
      const { kind, text } = key
        ? await call(key).catch((error) => ({ kind: 'bad', text: error.message }))
        : { kind: 'bad', text: 'Enter an API key first.' };
      button.disabled = false;
      outcome.dataset.kind = kind;
      outcome.textContent = text;
      outcome.hidden = false;
    });
  }
}

function attempts({ attempts_remaining: left }) {
  return left === 1 ? '1 attempt left.' : `${left} attempts left.`;
}
