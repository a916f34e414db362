// From the name of a kernel to a file that QEMU boots.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Subject } from '../engine.ts'
import { type ImageHeader, readHeader } from './bzimage.ts'
import { fetchDebian, type ModuleName, moduleNames } from './debian.ts'
import { kernelNames, namedKernel, subjectOf } from './kernels.ts'
import { cachePath, Lacking } from './places.ts'
import { unpackKernel } from './vmlinux.ts'

/** A kernel that can be booted. */
export interface Kernel {
  readonly name: string
  /** `6.1.0-56-cloud-amd64`, as the image tells it. */
  readonly version: string
  /** 6001 for 6.1. */
  readonly number: number
  /** What QEMU loads. */
  readonly file: string
  /** Modules as files, where there are any. */
  readonly modules: Readonly<Partial<Record<ModuleName, string>>>
  readonly subject: Subject
}

/** Finds or fetches a kernel: a name of fixtures/kernels.yaml, or the path of a bzImage. Throws `Lacking`. */
export async function resolveKernel(name: string): Promise<Kernel> {
  const known = namedKernel(name)
  if (known === undefined && !name.includes('/') && name.includes(':')) {
    throw new Lacking(`no kernel is called ${name}; there are ${kernelNames().join(', ')}, and paths of images`)
  }
  const file = known === undefined ? name : await debianImage(name)
  const image = readImage(file)
  const header = readHeader(image, name)
  return {
    name,
    version: header.version,
    number: header.number,
    file: await bootFile(file, image, header),
    modules: modulesBeside(file),
    subject: subjectOf(name, header.banner),
  }
}

function readImage(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new Lacking(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}

/** What is kept beside an image that was fetched. */
interface Kept {
  readonly package: string
  readonly version: string
  /** Of the package, as it came. */
  readonly sha256: string
  /** Of the image taken out of it. */
  readonly image: string
  /** Of modules: null where the package has none; undefined where nobody has looked. */
  readonly modules?: Readonly<Partial<Record<string, string | null>>>
}

/** The image of a Debian kernel: from the cache, where it is whole, else from the mirror. */
async function debianImage(name: string): Promise<string> {
  const folder = cachePath('kernels', name)
  const file = join(folder, 'bzImage')
  const kept = await keptIn(folder)
  if (moduleNames.every(module => kept?.modules?.[module] !== undefined)) return file
  await mkdir(dirname(folder), { recursive: true })
  const work = await mkdtemp(`${folder}.`)
  try {
    const fetched = await fetchDebian(name.slice('debian:'.length), namedKernel(name)!, work)
    const { package: from, version, sha256, image, modules } = fetched
    const sum = (module: Uint8Array | undefined) => (module === undefined ? null : sha256Of(module))
    const sums = Object.fromEntries(moduleNames.map(module => [module, sum(modules.get(module))]))
    const record: Kept = { package: from, version, sha256, image: sha256Of(image), modules: sums }
    const text = `${JSON.stringify(record, undefined, 2)}\n`
    const files = Object.fromEntries([...modules].map(([module, content]) => [`${module}.ko`, content]))
    await keep(folder, { bzImage: image, ...files, 'record.json': text })
  } catch (error) {
    // The image was kept before anybody asked for a module: it still boots.
    if (kept === undefined) throw error
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return file
}

/** What is kept, if it is whole. */
async function keptIn(folder: string): Promise<Kept | undefined> {
  try {
    const record = JSON.parse(await readFile(join(folder, 'record.json'), 'utf8')) as Kept
    const isWhole = async (file: string, sum: string) => sum === sha256Of(await readFile(join(folder, file)))
    if (!(await isWhole('bzImage', record.image))) return undefined
    for (const [module, sum] of Object.entries(record.modules ?? {}))
      if (sum && !(await isWhole(`${module}.ko`, sum))) return undefined
    return record
  } catch {
    return undefined
  }
}

function modulesBeside(image: string): Kernel['modules'] {
  const found = moduleNames.map(module => [module, join(dirname(image), `${module}.ko`)] as const)
  return Object.fromEntries(found.filter(([, file]) => existsSync(file)))
}

/** Makes `folder` with these files, at once, so that another run never sees half of it. */
async function keep(folder: string, files: { readonly [name: string]: Uint8Array | string }): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  const work = await mkdtemp(`${folder}.`)
  for (const [name, content] of Object.entries(files)) await writeFile(join(work, name), content)
  await rm(folder, { recursive: true, force: true })
  await rename(work, folder).catch(() => rm(work, { recursive: true, force: true }))
}

/** The unpacked kernel, kept by the sum of its image; the image itself where that cannot be had. */
async function bootFile(file: string, image: Uint8Array, header: ImageHeader): Promise<string> {
  const folder = cachePath('kernels', 'unpacked', sha256Of(image))
  const unpacked = join(folder, 'vmlinux')
  if (existsSync(unpacked)) return unpacked
  const kernel = await unpackKernel(image, header)
  if (kernel === undefined) return file
  await keep(folder, { vmlinux: kernel })
  return unpacked
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
