import { Turn } from './turn.js'

const KEY = 'turns'

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
  sessionStorage.setItem(KEY, JSON.stringify(turns))
}
