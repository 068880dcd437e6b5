import { type ParseArgsConfig, parseArgs } from 'node:util'

/** What may be given on a command line, as `parseArgs` of `node:util` describes it. */
type Options = NonNullable<ParseArgsConfig['options']>

/** The options that a script was given; one that asks for `--help`, or gives what there is not, ends here. */
export function optionsGiven<Given extends Options>(options: Given, help: string) {
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: 'boolean', default: false } } })
    if (!('help' in values && values.help === true)) return parseArgs({ options }).values
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error), help)
  }
  console.log(help)
  process.exit(0)
}

/** What a script was given on its command line is wrong: says so, and how to use it, and ends. */
export function refuse(reason: string, help: string): never {
  console.error(`${reason}\n\n${help}`)
  process.exit(2)
}

/** A number of the command line that is at least `least`. */
export function numberGiven(name: string, text: string, least: number, help: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < least) {
    refuse(`--${name} takes a number from ${least} on, not ${JSON.stringify(text)}`, help)
  }
  return value
}

/** A whole number of the command line that is at least 1. */
export function countGiven(name: string, text: string, help: string): number {
  const value = numberGiven(name, text, 1, help)
  return Number.isSafeInteger(value) ? value : refuse(`--${name} takes a whole number, not ${text}`, help)
}
