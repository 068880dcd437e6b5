import { type EventReading, readEvents } from '@sse/core/testing'
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MAX_TEXT, MAX_TITLE } from './admin/notice.dto.ts'
import type { Presences } from './admin/presence.service.ts'
import type { Notice } from './notices/notice.ts'
import { type RunningApp, startApp } from './testing/running-app.ts'
import { users } from './users.ts'

const draft = { kind: 'mention', title: 'Hello', text: 'You there' } as const

describe('AppModule', () => {
  let app: RunningApp
  const readings: EventReading[] = []

  beforeEach(async () => {
    app = await startApp()
  })

  afterEach(async () => {
    await Promise.all(readings.splice(0).map((reading) => reading.return()))
    await app.close()
  })

  /** Signs in at a place, and answers the cookie. */
  async function signIn(place: string): Promise<string> {
    const { headers } = await request(app.base).post(`${place}/session`).expect(204)
    const [cookie = ''] = headers['set-cookie'] ?? []
    return cookie.split(';')[0] ?? ''
  }

  function read(place: string, cookie: string, lastEventId = ''): EventReading {
    const reading = readEvents(`${app.base}${place}/events`, { headers: { cookie }, lastEventId })
    readings.push(reading)
    return reading
  }

  /** Opens a stream, and reads the snapshot. */
  async function open(place: string, cookie: string): Promise<{ events: EventReading; notices: readonly Notice[] }> {
    const events = read(place, cookie)
    const { value } = await events.next()
    expect(value?.event).toBe('inbox')
    return { events, notices: dataOf<{ notices: readonly Notice[] }>(value).notices }
  }

  describe('the pages', () => {
    it('are served with all that they load, from nowhere else', async () => {
      const ada = await signIn('/u/ada')
      const desk = await signIn('/admin')
      for (const [path, cookie] of Object.entries({ '/': '', '/u/ada': ada, '/admin': desk })) {
        const { text, headers } = await request(app.base).get(path).set('Cookie', cookie).expect(200)
        expect(headers['content-security-policy']).toContain("default-src 'self'")
        const assets = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path)
        expect(assets.length).toBeGreaterThan(4)
        for (const asset of assets) await request(app.base).get(asset).expect(200)
      }
      for (const { id } of users) await request(app.base).get(`/birds/${id}.svg`).expect(200)
    })

    it.each(['/u/ada', '/u/nobody', '/admin'])('lead from %s to the wall where nobody is signed in', async (path) => {
      await request(app.base).get(path).expect(302).expect('Location', '/')
    })
  })

  describe('signing in', () => {
    it('gives a cookie that scripts cannot read, and that is sent to one pigeonhole alone', async () => {
      const { headers } = await request(app.base).post('/u/ada/session').expect(204)
      expect(headers['set-cookie']).toEqual([
        expect.stringMatching(/^pigeonhole=[\w-]{32}; Path=\/u\/ada; HttpOnly; SameSite=Strict$/),
      ])
    })

    it.each(['nobody', '*', '**', 'ada%2Finbox', '%00', '__proto__'])('knows nobody called %s', async (name) => {
      await request(app.base).post(`/u/${name}/session`).expect(404)
    })

    it('is nothing that another site can do', async () => {
      const post = () => request(app.base).post('/u/ada/session')
      await post().set('Sec-Fetch-Site', 'cross-site').expect(403)
      await post().set('Sec-Fetch-Site', 'same-site').expect(403)
      await post().set('Sec-Fetch-Site', 'same-origin').expect(204)
    })
  })

  describe('the guards', () => {
    it('let nobody in without a session, or with that of somebody else', async () => {
      const bruno = await signIn('/u/bruno')
      const desk = await signIn('/admin')
      for (const cookie of ['', 'pigeonhole=', 'pigeonhole=guessed', `x=${bruno}`, bruno, desk]) {
        const get = (path: string) => request(app.base).get(path).set('Cookie', cookie)
        await get('/u/ada/events').expect(401).expect('Content-Type', /json/)
        await get('/u/ada/session').expect(401)
        await request(app.base).post('/u/ada/notices/read').set('Cookie', cookie).expect(401)
      }
      for (const cookie of ['', bruno]) {
        await request(app.base).get('/admin/events').set('Cookie', cookie).expect(401)
        await request(app.base)
          .post('/admin/notices')
          .set('Cookie', cookie)
          .send({ ...draft, to: 'all' })
          .expect(401)
        await request(app.base).post('/admin/users/ada/sign-out').set('Cookie', cookie).expect(401)
      }
      expect(app.hub.size).toBe(0)
    })

    it('find the cookie among others', async () => {
      const ada = await signIn('/u/ada')
      const { body } = await request(app.base).get('/u/ada/session').set('Cookie', `a=1; ${ada}; b=2`).expect(200)
      expect(body).toEqual({ id: 'ada', name: 'Ada Okafor', role: 'Engineering' })
    })
  })

  describe('GET /u/:user/events', () => {
    it('begins with all that is there, and goes on with what comes: for this user and for all', async () => {
      const before = await app.notices.send(draft, 'ada')
      const { events, notices } = await open('/u/ada', await signIn('/u/ada'))
      expect(notices).toEqual([before])
      await app.notices.send(draft, 'bruno')
      const alone = await app.notices.send(draft, 'ada')
      const all = await app.notices.send(draft, 'all')
      expect((await take(events, 2)).map((event) => dataOf(event))).toEqual([alone, all])
    })

    it('resumes with what was missed, without a snapshot, and without what others were sent', async () => {
      const ada = await signIn('/u/ada')
      const { events } = await open('/u/ada', ada)
      await app.notices.send(draft, 'ada')
      await take(events, 1)
      await events.return()
      const missed = await app.notices.send(draft, 'ada')
      await app.notices.send(draft, 'bruno')
      const again = read('/u/ada', ada, events.lastEventId)
      const [next] = await take(again, 1)
      expect(next).toMatchObject({ event: 'notice' })
      expect(dataOf(next)).toEqual(missed)
    })

    it('tells every tab what has been read', async () => {
      const { id } = await app.notices.send(draft, 'ada')
      const ada = await signIn('/u/ada')
      const { events: first } = await open('/u/ada', ada)
      const { events: second } = await open('/u/ada', ada)
      const post = (path: string) => request(app.base).post(`/u/ada/notices${path}`).set('Cookie', ada)
      await post(`/${id}/read`).expect(204)
      // Read already: nothing to tell.
      await post(`/${id}/read`).expect(204)
      const other = await app.notices.send(draft, 'ada')
      await post('/read').expect(204)
      for (const events of [first, second]) {
        const told = await take(events, 3)
        expect(told.map(({ event }) => event)).toEqual(['read', 'notice', 'read'])
        expect(dataOf(told[0])).toEqual({ ids: [id] })
        expect(dataOf(told[2])).toEqual({ ids: [other.id] })
      }
      const { notices } = await open('/u/ada', ada)
      expect(notices.map(({ isRead }) => isRead)).toEqual([true, true])
    })

    it('marks nothing that is not in this pigeonhole', async () => {
      const { id } = await app.notices.send(draft, 'bruno')
      const ada = await signIn('/u/ada')
      const post = (which: string) => request(app.base).post(`/u/ada/notices/${which}/read`).set('Cookie', ada)
      await post(id).expect(404)
      await post('1').expect(400)
      await post('*').expect(400)
      expect(app.notices.of('bruno').unread).toBe(1)
    })
  })

  describe('signing out', () => {
    it('ends the streams of all sessions of the user at once, and of nobody else', async () => {
      const ada = await signIn('/u/ada')
      const { events: first } = await open('/u/ada', ada)
      const { events: second } = await open('/u/ada', await signIn('/u/ada'))
      const { events: other } = await open('/u/bruno', await signIn('/u/bruno'))
      await request(app.base).delete('/u/ada/session').set('Cookie', ada).expect(204)
      for (const events of [first, second]) expect((await events.next()).done).toBe(true)
      await app.notices.send(draft, 'all')
      expect((await other.next()).value?.event).toBe('notice')
      expect(app.hub.stats().closed.revoked).toBe(2)
    })

    it('refuses the stream that comes back, for good', async () => {
      const ada = await signIn('/u/ada')
      const { events } = await open('/u/ada', ada)
      await request(app.base).delete('/u/ada/session').set('Cookie', ada).expect(204)
      await events.next()
      const again = read('/u/ada', ada, events.lastEventId)
      await expect(again.response).rejects.toThrow('401')
    })
  })

  describe('the sorting desk', () => {
    it('sends, and says how many tabs were there', async () => {
      const desk = await signIn('/admin')
      const { events } = await open('/u/ada', await signIn('/u/ada'))
      const send = (to: string) =>
        request(app.base)
          .post('/admin/notices')
          .set('Cookie', desk)
          .send({ ...draft, to })
      const { body } = await send('ada').expect(201)
      expect(body).toEqual({ id: expect.any(String), tabs: 1 })
      expect(dataOf((await events.next()).value)).toMatchObject({ id: body.id, ...draft, toAll: false, isRead: false })
      expect((await send('emil').expect(201)).body).toMatchObject({ tabs: 0 })
      expect((await send('all').expect(201)).body).toMatchObject({ tabs: 1 })
    })

    it.each([
      ['nobody', { ...draft, to: 'nobody' }],
      ['a pattern', { ...draft, to: '*' }],
      ['a list of users', { ...draft, to: ['ada'] }],
      ['no kind', { to: 'all', title: 'x', text: '' }],
      ['a kind of its own', { ...draft, to: 'all', kind: 'alert' }],
      ['a blank title', { ...draft, to: 'all', title: ' \n ' }],
      ['a title that is none', { ...draft, to: 'all', title: { toString: 'x' } }],
      ['a title that is too long', { ...draft, to: 'all', title: 'x'.repeat(MAX_TITLE + 1) }],
      ['a text that is too long', { ...draft, to: 'all', text: 'x'.repeat(MAX_TEXT + 1) }],
      ['more than was asked for', { ...draft, to: 'all', id: '1' }],
      ['no object', []],
    ])('refuses %s', async (_what, body) => {
      const desk = await signIn('/admin')
      await request(app.base).post('/admin/notices').set('Cookie', desk).send(body).expect(400)
      expect(users.map(({ id }) => app.notices.of(id).unread)).toEqual([0, 0, 0, 0, 0])
    })

    it('[E1] carries words that look like a stream, as words', async () => {
      const desk = await signIn('/admin')
      const { events } = await open('/u/ada', await signIn('/u/ada'))
      const title = 'a\r\nevent: read\rdata: {}\n\n\u2028<b>'
      await request(app.base)
        .post('/admin/notices')
        .set('Cookie', desk)
        .send({ ...draft, to: 'ada', title })
        .expect(201)
      expect(dataOf((await events.next()).value)).toMatchObject({ title })
    })

    it('sees who comes, how far they are, and who goes', async () => {
      const presence = read('/admin', await signIn('/admin'))
      const ada = await signIn('/u/ada')
      expect(await untilPresence(presence, (tabs) => tabs.length === 0)).toEqual([])
      const { events } = await open('/u/ada', ada)
      const [tab] = await untilPresence(presence, (tabs) => tabs.length === 1)
      expect(tab).toMatchObject({ state: 'live', since: expect.any(Number) })
      await app.notices.send(draft, 'ada')
      await take(events, 1)
      await untilPresence(presence, (tabs) => tabs[0]?.cursor === events.lastEventId)
      await events.return()
      await untilPresence(presence, (tabs) => tabs.length === 0)
    })

    it('disconnects somebody, who may come back, and signs somebody out, who may not', async () => {
      const desk = await signIn('/admin')
      const ada = await signIn('/u/ada')
      const post = (what: string) => request(app.base).post(`/admin/users/${what}`).set('Cookie', desk)
      const { events } = await open('/u/ada', ada)
      expect((await post('ada/disconnect').expect(200)).body).toEqual({ tabs: 1 })
      expect((await events.next()).done).toBe(true)
      const { events: again } = await open('/u/ada', ada)
      await post('ada/sign-out').expect(204)
      expect((await again.next()).done).toBe(true)
      await request(app.base).get('/u/ada/session').set('Cookie', ada).expect(401)
      await post('nobody/disconnect').expect(404)
      await post('postmaster/sign-out').expect(404)
    })
  })
})

function dataOf<T = unknown>(event: { readonly data: string } | undefined): T {
  return JSON.parse(event?.data ?? 'null')
}

async function take(events: EventReading, count: number) {
  const taken = []
  while (taken.length < count) {
    const { value, done } = await events.next()
    if (done === true) throw new Error(`The stream ended after ${taken.length} events`)
    taken.push(value)
  }
  return taken
}

type Tabs = Presences['people'][number]['tabs']

/** Reads on until Ada's tabs are as wanted. */
async function untilPresence(presence: EventReading, isWanted: (tabs: Tabs) => boolean): Promise<Tabs> {
  for (;;) {
    const [event] = await take(presence, 1)
    const tabs = dataOf<Presences>(event).people.find(({ user }) => user === 'ada')?.tabs ?? []
    if (isWanted(tabs)) return tabs
  }
}
