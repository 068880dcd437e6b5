import type { EngineName, Subject } from './subject.ts'

const subjects = {
  'sse-memory': { engine: 'memory', load: () => import('./sse-memory.ts') },
  'node-redis': { engine: 'redis', load: () => import('./node-redis.ts') },
  'sse-redis': { engine: 'redis', load: () => import('./sse-redis.ts') },
  ioredis: { engine: 'redis', load: () => import('./ioredis.ts') },
  'sse-redis-ioredis': { engine: 'redis', load: () => import('./sse-redis-ioredis.ts') },
  nats: { engine: 'nats', load: () => import('./nats.ts') },
  'sse-nats': { engine: 'nats', load: () => import('./sse-nats.ts') },
  'sse-nats-memory': { engine: 'nats', load: () => import('./sse-nats-memory.ts') },
} satisfies { readonly [name: string]: { engine: EngineName; load: () => Promise<{ subject: Subject }> } }

/** A subject's name is its file's. */
export type SubjectName = keyof typeof subjects

/** All subjects. */
export const subjectNames: readonly SubjectName[] = Object.keys(subjects).filter(isSubjectName)

/** Loads one subject and nothing of the others. */
export async function loadSubject(name: SubjectName): Promise<Subject> {
  const { subject } = await subjects[name].load()
  return subject
}

/** The engine that a subject uses. */
export function engineOf(name: SubjectName): EngineName {
  return subjects[name].engine
}

/** Whether this is the name of a subject. */
export function isSubjectName(name: string | undefined): name is SubjectName {
  return name !== undefined && Object.hasOwn(subjects, name)
}
