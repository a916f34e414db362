// How a commit is called: by its id, of which git and people give as many digits as they like.

const asId = /^[0-9a-f]{7,40}$/

/**
 * Whether `name` calls the commit `id`, by seven digits of it or more; whatever else has an id is called by all of it.
 */
export function isCalled(id: string, name: string): boolean {
  return id === name || (asId.test(id) && asId.test(name) && (id.startsWith(name) || name.startsWith(id)))
}
