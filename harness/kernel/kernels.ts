// Real kernels by name: fixtures/kernels.yaml.

import { parse } from 'yaml'
import { z } from 'zod'
import { readProjectFile } from './places.ts'

const release = z.string().regex(/^v\d+\.\d+$/)

const shape = z.strictObject({
  kernels: z.record(
    z.string(),
    z.strictObject({
      release,
      suites: z.array(z.string()).min(1),
      patches: z.array(z.string()),
      sha256: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)).optional(),
    }),
  ),
  stable: z.array(z.strictObject({ release, since: z.number(), patch: z.string() })),
})

type File = z.output<typeof shape>

/** A kernel that a distribution packages. */
export type NamedKernel = File['kernels'][string]

let file: File | undefined

function read(): File {
  file ??= shape.parse(parse(readProjectFile('fixtures/kernels.yaml')))
  return file
}

/** The names that `--kernel` takes beside a path. */
export function kernelNames(): readonly string[] {
  return Object.keys(read().kernels)
}

export function namedKernel(name: string): NamedKernel | undefined {
  const { kernels } = read()
  return Object.hasOwn(kernels, name) ? kernels[name] : undefined
}

/** Commits that a stable release carries beyond its base: of 4.5.7 those that came into 4.5.1 to 4.5.7. */
export function stablePatches([major, minor, patch]: readonly [number, number, number]): readonly string[] {
  const base = `v${major}.${minor}`
  return read()
    .stable.filter(one => one.release === base && one.since <= patch)
    .map(one => one.patch)
}
