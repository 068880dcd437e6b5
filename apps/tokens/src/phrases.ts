// What the invented model can say. `{main}` and `{other}` are words of the prompt, the rest is drawn from the lists below.

/** Sentences that begin an answer. */
export const OPENINGS = [
  'The short answer about **{main}**: it is {quality} than it looks, and most of that is down to {force}.',
  'Most people meet **{main}** from the wrong side, by way of {other}, and then wonder where the {thing} went.',
  'There are two honest ways to talk about **{main}**. One begins with {force}, the other with {other}.',
  'Ask three people about **{main}** and you get four opinions, of which the {trait} one is usually right.',
  'Let me start with what nobody says about **{main}**: without {force} there would be nothing to explain.',
  'With **{main}**, the interesting part is never the beginning. It is the moment when {other} comes in.',
] as const

/** Sentences that may stand anywhere in a paragraph. */
export const REMARKS = [
  'Think of it the way a {maker} thinks of a {thing}: you notice it only when it is missing.',
  'That is why {force} matters more here than talent, and far more than luck.',
  'Whoever has tried to rush {other} knows how that ends, and roughly when.',
  'It took a {maker} with too much time to notice that {force} and {other} pull in the same direction.',
  'On a good day the two balance each other; on a bad one you get a {thing} and a long evening.',
  'The textbooks put {other} first, which is tidy, {trait}, and not how it happens.',
  'You can measure this with nothing more than a {thing} and some patience.',
  'None of it is magic, although from across the room it does look {quality}.',
  'Small causes add up: a little {force} in the morning, a {thing} by the afternoon.',
  'The rest follows almost by itself, as it tends to once {force} is out of the way.',
  'Seen up close, {other} turns out to be {quality} than its reputation.',
  'A {maker} would call that a compromise; everyone else calls it Tuesday.',
] as const

/** Lines that lead to a list. */
export const LEADS = [
  'Three things are worth keeping in mind:',
  'In practice it comes down to this:',
  'If you remember only three points, take these:',
] as const

/** Points of a list. */
export const POINTS = [
  '**Start small.** A single {thing} teaches more about {other} than a shelf of them.',
  '**Watch the edges.** Where {main} meets {other}, {force} does its best work.',
  '**Write it down.** What a {maker} forgets by noon is usually the {trait} part.',
  '**Leave room.** Nothing about {main} gets better by being squeezed.',
  '**Expect {force}.** It comes anyway; this way it finds the table laid.',
  '**Ask twice.** The first answer about {other} is polite, the second one is useful.',
  '**Know when to stop.** Past a certain point you only polish the {thing}.',
] as const

/** Steps of instructions, in any order but the first and the last. */
export const STEPS = [
  '**Look first.** Spend ten minutes with {main} as it is, and touch nothing.',
  '**Find the {thing}.** There is always one; it is {quality} than you expect.',
  '**Sort it.** Keep what has to do with {other}, put the rest in a box, label the box.',
  '**Go slowly.** Let {force} do the heavy part while you hold the ends together.',
  '**Test it** on something that you can afford to lose, ideally not the {thing}.',
  '**Tidy up.** A {maker} would do this before, but a {maker} is not in a hurry.',
  '**Do it again tomorrow.** The second time shows whether it was {force} or luck.',
] as const

/** Sentences that end an answer. */
export const CLOSINGS = [
  'So the next time somebody brings up {main}, ask them about {other}, and enjoy the silence.',
  'That is all there is to it, apart from the exceptions, which are *most* of it.',
  'Where to go from here? Take a {thing}, find some {other}, and see for yourself.',
  'I would not bet the house on it. A {thing}, perhaps.',
  'If that sounds {quality} than you had hoped, good: that is how you know it is about {main}.',
] as const

/** Lines of a poem. */
export const VERSES = [
  'All night the {thing} kept counting {main},',
  'and {other} came and would not stay;',
  'a {maker} listened at the window',
  'for {force}, in its quiet way.',
  'What {force} lends, the morning borrows,',
  'and {main} lets it go again;',
  'the {thing} is full of small tomorrows,',
  'as {other} is full of rain.',
] as const

/** What goes into the braces, by name; each list is long enough not to bore. */
export const WORDS = {
  force: ['patience', 'friction', 'gravity', 'habit', 'good timing', 'repetition', 'curiosity', 'attention', 'warmth'],
  thing: ['ladder', 'teapot', 'notebook', 'hinge', 'lantern', 'map', 'loose thread', 'kettle', 'compass', 'spare key'],
  maker: ['watchmaker', 'baker', 'cartographer', 'gardener', 'lighthouse keeper', 'piano tuner', 'bookbinder'],
  quality: ['stranger', 'simpler', 'older', 'kinder', 'more stubborn', 'more deliberate', 'lighter', 'slower'],
  trait: ['quiet', 'patient', 'boring', 'inconvenient', 'unfashionable', 'careful'],
} as const
