import { byId } from './elements.js'
import { Line } from './line.js'
import { loadTurns, saveTurns } from './session.js'
import { Turn } from './turn.js'
import { TurnView } from './turn-view.js'
import { Wire } from './wire.js'

/** About a line of text, in pixels. */
const LINE = 32

const isNarrow = matchMedia('(max-width: 1020px)')
const form = /** @type {HTMLFormElement} */ (byId('ask'))
const prompt = /** @type {HTMLTextAreaElement} */ (byId('prompt'))
const wire = new Wire()
const turns = loadTurns()
/** @type {WeakMap<Turn, TurnView>} */
const views = new WeakMap()
/** @type {Line | undefined} */
let line
let isScheduled = false

/** Shows what has changed, at most once a frame. */
function changed() {
  if (isScheduled) return
  isScheduled = true
  requestAnimationFrame(() => {
    isScheduled = false
    show()
  })
}

function show() {
  const newest = turns.at(-1)
  // Who has scrolled up to read something else stays there.
  const follows = overhang(newest) < LINE
  if (newest !== undefined) viewOf(newest).refresh()
  wire.show(newest)
  const isOpen = newest?.isOpen === true
  document.body.classList.toggle('is-empty', turns.length === 0)
  swap(isOpen ? 'stop' : 'send', isOpen ? 'send' : 'stop')
  const hasEnded = newest !== undefined && !isOpen
  swap(hasEnded ? 'reconnect' : 'drop', hasEnded ? 'drop' : 'reconnect')
  for (const id of ['drop', 'reload']) byId(id).toggleAttribute('disabled', !isOpen)
  byId('reconnect').toggleAttribute('disabled', newest?.id === '' || newest?.state === 'gone')
  const another = byId('another-tab')
  another.hidden = newest === undefined || newest.id === ''
  another.setAttribute('href', `#${newest?.id}`)
  const hidden = overhang(newest)
  if (follows && hidden > 0) scrollBy(0, hidden + LINE)
}

/**
 * Shows one button in the place of another, and hands it the focus if that had it.
 *
 * @param {string} shown
 * @param {string} hidden
 */
function swap(shown, hidden) {
  const hadFocus = document.activeElement === byId(hidden)
  byId(shown).hidden = false
  byId(hidden).hidden = true
  if (hadFocus) byId(shown).focus()
}

/**
 * How far what grows reaches below what can be seen, in pixels; negative while there is room. On a narrow window that is
 * also what stands under the answer: the buttons that interrupt it, and what comes of it.
 *
 * @param {Turn | undefined} newest
 */
function overhang(newest) {
  if (newest === undefined) return 0
  const last = isNarrow.matches ? byId('notes') : viewOf(newest).element
  return last.getBoundingClientRect().bottom - byId('ask').getBoundingClientRect().top
}

/** @param {Turn} turn */
function viewOf(turn) {
  const known = views.get(turn)
  if (known !== undefined) return known
  const view = new TurnView(turn)
  views.set(turn, view)
  byId('conversation').append(view.element)
  return view
}

/** @param {Turn} turn */
function lineOf(turn) {
  line = new Line(turn, {
    changed,
    connection(state) {
      wire.connection(state)
      changed()
      saveTurns(turns)
      void showServer()
    },
  })
  return line
}

/** @param {string} text */
async function ask(text) {
  if (turns.at(-1)?.isOpen === true) return
  const turn = Turn.from({ prompt: text })
  turns.push(turn)
  show()
  viewOf(turn).element.scrollIntoView({ block: 'nearest' })
  await lineOf(turn).ask()
}

/** @param {Turn} turn */
async function resume(turn) {
  if (!turns.includes(turn)) turns.push(turn)
  show()
  await lineOf(turn).resume()
}

async function showServer() {
  try {
    wire.server(await (await fetch('stats')).json())
  } catch {
    // The line says that the server cannot be reached.
  }
}

function submit() {
  const text = prompt.value.trim()
  if (text === '' || turns.at(-1)?.isOpen === true) return
  prompt.value = ''
  void ask(text)
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  submit()
})
prompt.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  submit()
})
for (const example of document.querySelectorAll('.example')) {
  example.addEventListener('click', () => {
    void ask(example.textContent.trim())
    // The examples are gone now, and with them the focus.
    byId('stop').focus()
  })
}
byId('stop').addEventListener('click', () => {
  const id = turns.at(-1)?.id
  if (id) void fetch(`answers/${id}/stop`, { method: 'POST' })
})
byId('drop').addEventListener('click', () => line?.drop())
byId('reconnect').addEventListener('click', () => {
  const newest = turns.at(-1)
  if (newest !== undefined) void resume(newest)
})
byId('reload').addEventListener('click', () => location.reload())
byId('clear').addEventListener('click', () => {
  line?.leave()
  turns.length = 0
  byId('conversation').replaceChildren()
  show()
  saveTurns(turns)
  prompt.focus()
})
addEventListener('pagehide', () => saveTurns(turns))

for (const turn of turns) viewOf(turn).refresh()
show()
void showServer()
const joined = location.hash.slice(1)
const newest = turns.at(-1)
if (newest?.isOpen === true && newest.id !== '') {
  newest.cut('The page was reloaded')
  void resume(newest)
} else if (joined !== '' && !turns.some(({ id }) => id === joined)) {
  void resume(Turn.from({ id: joined, state: 'running', prompt: 'An answer from another tab' }))
}
