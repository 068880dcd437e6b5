/** A Durable Object for an application: all its requests are served in one place. */
export function durable(makeApp) {
  return class Site {
    #fetch = makeApp()

    fetch(request) {
      return this.#fetch(request)
    }
  }
}

/** Hands all requests to one object of the class `Site`. */
export const forward = {
  fetch: (request, env) => env.SITES.getByName('site').fetch(request),
}
