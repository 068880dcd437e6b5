/** @import {Kind} from '../src/notices/notice.ts' */

/** @type {Readonly<Record<Kind, string>>} what each kind of notice is called */
export const kinds = { mention: 'Mention', invoice: 'Invoice', deploy: 'Deploy', security: 'Security' }
