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
