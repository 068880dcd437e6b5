import { Turn } from './turn.js'

const KEY = 'turns'
/** What is kept of a conversation: its last turns, some ten kilobytes each. */
const MAX_TURNS = 20

/** The turns of this tab, also after a reload. @returns {Turn[]} */
export function loadTurns() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? '[]').map(Turn.from)
  } catch {
    // Written by another version of this page.
    return []
  }
}

/** @param {readonly Turn[]} turns */
export function saveTurns(turns) {
  sessionStorage.setItem(KEY, JSON.stringify(turns.slice(-MAX_TURNS)))
}
