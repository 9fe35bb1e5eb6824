import type { Wording } from '../wording.ts';

export const el: Wording = {
  code: 'Κωδικός {brand}: {code}.',
  confirm: 'Για επιβεβαίωση στο {brand}, πληκτρολογήστε {code}.',
  amount: 'Ποσό: {amount}',
  payee: 'Προς: {payee}',
  expires: { one: 'Λήγει σε {minutes} λεπτό.', other: 'Λήγει σε {minutes} λεπτά.' },
  secret: 'Μην τον μοιραστείτε.',
  hello: 'Γεια σας.',
  spokenCode: 'Ο κωδικός σας για το {brand} είναι: {digits}.',
  spokenConfirm: 'Για επιβεβαίωση στο {brand}, πληκτρολογήστε: {digits}.',
  again: 'Επαναλαμβάνω: {digits}.',
  goodbye: 'Ευχαριστούμε.',
  pressToHear: 'Για να ακούσετε τον κωδικό, πατήστε {key}.',
  pressForMessage: 'Για να ακούσετε το μήνυμα, πατήστε {key}.',
  pressToStop: 'Αν δεν θέλετε άλλες τέτοιες κλήσεις, πατήστε {key}.',
  subject: 'Ο κωδικός σας για το {brand}',
  confirmSubject: 'Ο κωδικός επιβεβαίωσης για το {brand}',
  greeting: 'Γεια σας,',
  intro: 'Ο κωδικός σας για το {brand} είναι:',
  confirmIntro: 'Για επιβεβαίωση στο {brand}, πληκτρολογήστε αυτόν τον κωδικό:',
  unasked: 'Αν δεν ζητήσατε αυτόν τον κωδικό, αγνοήστε αυτό το μήνυμα και μην τον δώσετε σε κανέναν.',
};
