/** Somebody who can sign in. All are invented, and none has a password. */
export interface User {
  readonly id: string
  readonly name: string
  readonly role: string
}

/** Everybody who has a pigeonhole, in the order in which these hang on the wall. */
export const users: readonly User[] = [
  { id: 'ada', name: 'Ada Okafor', role: 'Engineering' },
  { id: 'bruno', name: 'Bruno Keller', role: 'Finance' },
  { id: 'chen', name: 'Chen Wei', role: 'Operations' },
  { id: 'dalia', name: 'Dalia Haddad', role: 'Design' },
  { id: 'emil', name: 'Emil Lindqvist', role: 'Support' },
]

/** Who works at the sorting desk: the one that sends, and sees who is connected. */
export const POSTMASTER = 'postmaster'

/** The user with this id. */
export function userOf(id: string | undefined): User | undefined {
  return users.find((user) => user.id === id)
}
