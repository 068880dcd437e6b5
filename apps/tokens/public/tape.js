/**
 * @import {Turn} from './turn.js'
 */
import { byId } from './elements.js'
import { count } from './format.js'

/** The letters in the telegraph alphabet, each as the numbers of the holes it has. */
const ITA2 = {
  a: '12',
  b: '145',
  c: '234',
  d: '14',
  e: '1',
  f: '134',
  g: '245',
  h: '35',
  i: '23',
  j: '124',
  k: '1234',
  l: '25',
  m: '345',
  n: '34',
  o: '45',
  p: '235',
  q: '1235',
  r: '24',
  s: '13',
  t: '5',
  u: '123',
  v: '2345',
  w: '125',
  x: '1345',
  y: '135',
  z: '15',
  ' ': '3',
  '\n': '2',
}

const SVG = 'http://www.w3.org/2000/svg'

/** The answer as punched tape: a column for each token, with the holes of its first letter. */
export class Tape {
  #tape = byId('tape')
  /** @type {Turn | undefined} */
  #turn

  /** @param {Turn | undefined} turn */
  show(turn) {
    if (turn !== this.#turn || turn === undefined) this.#begin(turn)
    if (turn === undefined) return
    for (let i = this.#shown; i < turn.tokens.length; i++) {
      this.#tape.append(column(turn.tokens[i] ?? '', turn.arrivals[i] ?? 'live', turn.seams.includes(i)))
    }
    const replayed = turn.arrivals.filter((arrival) => arrival === 'replayed').length
    const label = `${count(turn.tokens.length, 'token')}, ${replayed} of them replayed, ${count(turn.seams.length, 'reconnect')}`
    this.#tape.setAttribute('aria-label', label)
  }

  get #shown() {
    return this.#tape.childElementCount
  }

  /** @param {Turn | undefined} turn */
  #begin(turn) {
    this.#turn = turn
    this.#tape.replaceChildren()
    this.#tape.setAttribute('aria-label', 'No token yet')
  }
}

/**
 * @param {string} token
 * @param {string} arrival
 * @param {boolean} isSeam whether another connection brought it than the token before
 */
function column(token, arrival, isSeam) {
  const drawn = document.createElementNS(SVG, 'svg')
  drawn.setAttribute('class', `column is-${arrival}${isSeam ? ' is-seam' : ''}`)
  drawn.setAttribute('viewBox', '0 0 6 30')
  const title = document.createElementNS(SVG, 'title')
  title.textContent = token
  drawn.append(title, hole(16.5, 0.7), ...holesOf(token).map((y) => hole(y, 1.75)))
  return drawn
}

/** @param {string} token */
function holesOf(token) {
  const letter = token.trim().charAt(0).toLowerCase()
  const code = Object.entries(ITA2).find(([character]) => character === letter)?.[1] ?? '3'
  // Between the second and the third runs the small hole that moves the tape.
  return [...code].map((number) => [4, 9, 14, 21, 26][Number(number) - 1] ?? 0)
}

/**
 * @param {number} y
 * @param {number} radius
 */
function hole(y, radius) {
  const drawn = document.createElementNS(SVG, 'circle')
  drawn.setAttribute('cx', '3')
  drawn.setAttribute('cy', String(y))
  drawn.setAttribute('r', String(radius))
  return drawn
}
