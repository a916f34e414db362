// Real kernels: by name, of fixtures/kernels.yaml, and by what they say of themselves.

import { parse } from 'yaml'
import { z } from 'zod'
import type { Subject } from '../engine.ts'
import { releaseHas } from '../model/history/index.ts'
import { readProjectFile } from './places.ts'

const release = z.string().regex(/^v\d+\.\d+$/)

const shape = z.strictObject({
  kernels: z.record(
    z.string(),
    z.strictObject({
      suites: z.array(z.string()).min(1),
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

/**
 * A kernel by its banner, release first: `6.1.0-56-cloud-amd64 … Debian 6.1.192-2 …`. Debian's release names neither
 * the stable release nor its own, what follows does. It has what its base has, and what came into the stable release.
 */
export function subjectOf(name: string, banner: string): Subject {
  const match = /Debian (\d+)\.(\d+)\.(\d+)/.exec(banner) ?? /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(banner)
  const [major = 0, minor = 0, third = 0] = (match ?? []).slice(1).map(part => Number(part ?? 0))
  const base = `v${major}.${minor}`
  const carried = read()
    .stable.filter(({ release, since }) => release === base && since <= third)
    .map(({ patch }) => patch)
  return { name, has: id => releaseHas(base, id) || carried.includes(id) }
}
