import { type Hub, topic } from '@sse/core'
import type { NewsEvents } from './events.ts'
import type { Newsroom, Story } from './newsroom.ts'
import type { Desk } from './phrases.ts'

/** What it takes to publish. */
export interface Press {
  readonly hub: Hub<NewsEvents>
  readonly newsroom: Newsroom
}

/** How many stories there are when the server starts, and how far apart (ms): a first visitor finds news of some hours. */
const ARCHIVED = 240
const ARCHIVE_INTERVAL = 140_000

/** Milliseconds from one story to the next, once it runs. */
const INTERVAL = 4_000

/** Writes the next story, of this desk if one is given, and publishes it to that desk's topic. */
export async function publishStory({ hub, newsroom }: Press, now: number, desk?: Desk): Promise<Story> {
  const story = newsroom.write(now, desk)
  const [section = '', beneath] = story.desk.split('/')
  const name = beneath === undefined ? topic`news/${section}` : topic`news/${section}/${beneath}`
  await hub.publish(name, { event: 'story', data: story })
  return story
}

/** Publishes the stories of the last hours, so that there is something to replay for a first visit. */
export async function publishArchive(press: Press, now: number): Promise<void> {
  for (let left = ARCHIVED; left > 0; left--) await publishStory(press, now - left * ARCHIVE_INTERVAL)
}

/** Publishes a story every four seconds; answers how to stop it. */
export function startPress(press: Press): () => void {
  const timer = setInterval(() => {
    publishStory(press, Date.now()).catch((error: unknown) => console.error('news: a story was not published:', error))
  }, INTERVAL)
  return () => clearInterval(timer)
}
