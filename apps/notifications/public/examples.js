/** @import {Draft, Kind} from '../src/notices/notice.ts' */

/** @type {Readonly<Record<Kind, readonly Omit<Draft, 'kind'>[]>>} */
const examples = {
  mention: [
    {
      title: 'Chen mentioned you in “Autumn roadmap”',
      text: 'Could you look at the part about regions before Thursday?',
    },
    { title: 'Emil asked you about ticket 4471', text: 'The customer sees every price twice. Is that ours?' },
  ],
  invoice: [
    {
      title: 'Invoice 2026-121 is due on Friday',
      text: 'Blue Harbour Ltd., 960.00 €. No reminder has been sent so far.',
    },
    { title: 'A payment came back', text: 'Sundqvist AB, 2,140.00 €: the account does not exist any more.' },
  ],
  deploy: [
    { title: 'web 8.0.1 was rolled back', text: 'Sign-in took 2.4 s at the 95th percentile. 8.0.0 is live again.' },
    { title: 'worker 2.7.0 is live everywhere', text: 'Five regions in 6 min 40 s. Nobody was paged.' },
  ],
  security: [
    {
      title: 'A sign-in from a new device',
      text: 'Firefox on Linux, near Gothenburg. If that was not you, sign out everywhere.',
    },
    { title: 'Your access key is 90 days old', text: 'It stops working in a week. Make a new one before that.' },
  ],
}

let drawn = 0

/**
 * The next example of a kind.
 *
 * @param {Kind} kind
 */
export function exampleOf(kind) {
  const known = examples[kind]
  return known[drawn++ % known.length]
}
