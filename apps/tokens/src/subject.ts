/** What a prompt is about, as far as its words betray it. */
export interface Subject {
  /** The word that it is about. */
  readonly main: string
  /** Another word of it, or something that goes with everything. */
  readonly other: string
  /** What kind of answer it asks for. */
  readonly form: 'prose' | 'steps' | 'code' | 'verse'
}

const LONGEST_WORD = 24

/** Words of a prompt that say nothing about its subject. */
const FILLERS = new Set(
  (
    'a about again all also am an and answer any are as ask at be because best better but by can could describe did do does ' +
    'explain every for from function get give good had has have haiku help how i if in into is it its just kind let like ' +
    'line lines list make me much my need no not of on one or other our out people please poem poet point really say ' +
    'script shall she short should show simple so some someone something step steps still t tell than that the their them ' +
    'then there they thing things this to too tutorial up us use verse very want was way we well were what when where ' +
    'which while who why will with word words work works would write you your'
  ).split(' '),
)

const FORMS: readonly (readonly [Subject['form'], RegExp])[] = [
  ['verse', /\b(haiku|limerick|poem|rhyme|song|sonnet|verse)\b/i],
  ['code', /\b(code|function|html|javascript|python|regex|script|snippet|sql|typescript)\b/i],
  ['steps', /\b(checklist|guide|how (can|do|should|to)|instructions|plan|recipe|steps?|tutorial)\b/i],
]

/** Finds out what a prompt is about. */
export function subjectOf(prompt: string): Subject {
  const words = (prompt.match(/[\p{L}\p{N}]+(?:[-’'][\p{L}\p{N}]+)*/gu) ?? []).filter(isTelling)
  const form = FORMS.find(([, pattern]) => pattern.test(prompt))?.[0] ?? 'prose'
  // Questions begin with their subject, orders end with it: "why do cats purr", but "how to bake bread".
  if (form !== 'prose') words.reverse()
  const [main = 'this'] = words
  const other = words.findLast((word) => word.toLowerCase() !== main.toLowerCase()) ?? 'the rest'
  return { main, other, form }
}

function isTelling(word: string): boolean {
  return word.length > 1 && word.length <= LONGEST_WORD && !FILLERS.has(word.toLowerCase())
}
