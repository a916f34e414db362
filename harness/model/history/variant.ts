// Variants: a release with patches added or taken away, written `v4.5`, `v4.5+6d0a07edd17c`, `v4.6-6d0a07edd17c`.

import { isCalled } from './commit.ts'
import { apply, base, type Functions, revert } from './compose.ts'
import { landmarks } from './landmarks.ts'
import type { Patch } from './patch.ts'
import { baseRelease, modelledReleases, newestComplete, oldestComplete, patches, releaseNumber } from './releases.ts'

/** A variant that applies. */
export interface Variant {
  readonly name: string
  readonly release: string
  readonly functions: Functions
  readonly applied: ReadonlySet<Patch>
}

export type Resolved =
  | { readonly ok: true; readonly variant: Variant }
  /** `unknown`: what is no patch at all. */
  | { readonly ok: false; readonly reason: string; readonly unknown?: string }

const refuse = (reason: string): Resolved => ({ ok: false, reason })

/** What has been read: case after case asks for the same variants. */
const readBefore = new Map<string, Resolved>()

/** Reads a variant. `own`: patches that are not part of the history. The reason of a refusal is a sentence. */
export function resolveVariant(text: string, own: readonly Patch[] = []): Resolved {
  if (own.length > 0) return resolve(text, own)
  const resolved = readBefore.get(text) ?? resolve(text, own)
  readBefore.set(text, resolved)
  return resolved
}

function resolve(text: string, own: readonly Patch[]): Resolved {
  const [release = '', ...rest] = text.split(/(?=[+]|-(?=[0-9a-f]{7})|-(?=thp-(?!posted)))/)
  const start = ofRelease(release)
  if (typeof start === 'string') return refuse(start)
  let variant = start
  for (const word of rest) {
    const id = word.slice(1)
    const patch = patchOf(id, own)
    if (patch === undefined) return unknownPatch(id)
    const next = word[0] === '+' ? add(variant, patch) : remove(variant, patch)
    if (typeof next === 'string') return refuse(next)
    variant = next
  }
  return { ok: true, variant }
}

/** The patch of this name. */
export function patchOf(name: string, own: readonly Patch[] = []): Patch | undefined {
  return [...patches, ...own].find(({ id }) => isCalled(id, name))
}

function unknownPatch(id: string): Resolved {
  if (landmarks.some(l => isCalled(l.id, id))) return refuse(`${id} is known, but the model does not have it yet`)
  const whole = partOf(id)
  if (whole !== undefined) return refuse(`${id} is part of ${whole.id}, and not there without it`)
  return { ok: false, reason: `no patch is called "${id}"`, unknown: id }
}

/** The patch that has a commit in it, if that is not one by itself. */
export function partOf(id: string): Patch | undefined {
  return patches.find(patch => patch.with?.some(other => isCalled(other, id)))
}

/** Releases by name: a variant begins with one. */
const composedReleases = new Map<string, Variant>()

/** A release with all patches up to it, or the reason why there is none. */
function ofRelease(release: string): Variant | string {
  if (!modelledReleases.includes(release)) {
    const what =
      releaseNumber(release) === undefined ? `"${release}" is no release` : `the model does not reach ${release}`
    return `${what}; it has ${modelledReleases.join(', ')}`
  }
  const variant = composedReleases.get(release) ?? compose(release)
  composedReleases.set(release, variant)
  return variant
}

/** From the base itself, or from the release next to this one on the way there. */
function compose(release: string): Variant {
  const applied = patchesOf(release)
  const way = modelledReleases.indexOf(baseRelease) - modelledReleases.indexOf(release)
  if (way === 0) return { name: release, release, functions: base, applied: new Set(applied) }
  const next = ofRelease(modelledReleases[modelledReleases.indexOf(release) + Math.sign(way)]!) as Variant
  let { functions } = next
  for (const patch of [...next.applied].toReversed())
    if (!applied.includes(patch)) functions = composed(revert(functions, patch))
  for (const patch of applied) if (!next.applied.has(patch)) functions = composed(apply(functions, patch))
  return { name: release, release, functions, applied: new Set(applied) }
}

function patchesOf(release: string): Patch[] {
  const last = releaseNumber(release)!
  return patches.filter(patch => patch.release !== undefined && releaseNumber(patch.release)! <= last)
}

function composed(functions: Functions | string): Functions {
  if (typeof functions === 'string') throw new Error(`the history does not compose: ${functions}`)
  return functions
}

function add(variant: Variant, patch: Patch): Variant | string {
  if (variant.applied.has(patch)) return `${variant.name} has ${patch.id} already`
  const missing = (patch.needs ?? []).filter(id => ![...variant.applied].some(p => p.id === id || p.standsFor === id))
  if (missing.length > 0)
    return `${patch.id} does not apply: it builds on ${missing.join(', ')}, which ${variant.name} does not have`
  const functions = apply(variant.functions, patch)
  if (typeof functions === 'string') return `${functions} in ${variant.name}`
  return {
    name: `${variant.name}+${patch.id}`,
    release: variant.release,
    functions,
    applied: new Set([...variant.applied, patch]),
  }
}

function remove(variant: Variant, patch: Patch): Variant | string {
  if (!variant.applied.has(patch)) return `${variant.name} does not have ${patch.id}`
  const builtOn = [...variant.applied].find(p => p.needs?.includes(patch.id))
  if (builtOn !== undefined) return `${patch.id} does not revert: ${builtOn.id} builds on it`
  const functions = revert(variant.functions, patch)
  if (typeof functions === 'string') return `${functions} in ${variant.name}`
  return {
    name: `${variant.name}-${patch.id}`,
    release: variant.release,
    functions,
    applied: new Set([...variant.applied].filter(p => p !== patch)),
  }
}

/** Whether the variant has a patch, a posted version (which stands for its patch) or a release. */
export function variantHas({ applied, release }: Variant, id: string): boolean {
  for (const patch of applied) if (patch.id === id || patch.standsFor === id) return true
  return patches.some(p => p.id === id) ? false : releaseHas(release, id)
}

/** Whether a patch that is not of the history was added: a person's own. */
export const hasOwnPatch = ({ applied }: Variant): boolean => [...applied].some(patch => !patches.includes(patch))

/** Whether a release, modelled or not, has a commit or an earlier release. */
export function releaseHas(release: string, id: string): boolean {
  const known = patches.find(p => p.id === id) ?? landmarks.find(l => l.id === id)
  const since = releaseNumber(known === undefined ? id : (known.release ?? ''))
  return since !== undefined && since <= (releaseNumber(release) ?? -1)
}

/**
 * Why the variant cannot answer a case that names these commits, or undefined: it can. A release that the model
 * reaches only in part lacks commits which that release had, or has them already because mm/ does.
 */
export function whyUnanswerable({ release }: Variant, ids: readonly string[]): string | undefined {
  for (const { id } of landmarks) {
    if (!ids.includes(id)) continue
    const has = releaseHas(baseRelease, id)
    if (has === releaseHas(release, id)) continue
    return `the model reaches ${release} only in part: it ${has ? 'already has' : 'does not have'} ${id}`
  }
  return undefined
}

/**
 * What a case runs under unless it says so: both sides of every patch that its verdicts name, else the oldest
 * complete release; and the newest. Of each list in `together` all, unless one of these has them.
 */
export function variantsFor(ids: readonly string[], together: readonly (readonly string[])[] = []): string[] {
  const names = new Set<string>()
  for (const patch of patches) {
    if (!ids.includes(patch.id)) continue
    for (const side of sidesOf(patch)) if (resolveVariant(side).ok) names.add(side)
  }
  if (names.size === 0) names.add(oldestComplete)
  names.add(newestComplete)
  for (const list of together)
    if (![...names].some(name => hasAll(name, list))) for (const name of havingAll(list)) names.add(name)
  return [...names]
}

function hasAll(name: string, ids: readonly string[]): boolean {
  const resolved = resolveVariant(name)
  return resolved.ok && ids.every(id => variantHas(resolved.variant, id))
}

/**
 * The variant of the first of these patches with the others, and what they build on, on top; none where they do not
 * apply.
 */
function havingAll(ids: readonly string[]): string[] {
  const named = patches.filter(({ id }) => ids.includes(id))
  for (const first of named) {
    let name = sidesOf(first)[1]
    for (const patch of named)
      for (const id of [...buildsOn(patch), patch.id]) if (!hasAll(name, [id])) name += `+${id}`
    if (hasAll(name, ids)) return [name]
  }
  return []
}

/** The variants without and with the patch. What every modelled release has is taken away from the oldest. */
export function sidesOf(patch: Patch): readonly [lacking: string, having: string] {
  const release = releaseBefore(patch)
  if (release === undefined) return [`${modelledReleases[0]}-${patch.id}`, modelledReleases[0]!]
  const before = [release, ...buildsOn(patch).filter(id => !releaseHas(release, id))].join('+')
  return [before, afterSide(before, patch)]
}

/** What a patch builds on, and what that builds on, first things first. */
function buildsOn({ needs = [] }: Patch): string[] {
  const below = needs.flatMap(id => [...patches.filter(p => p.id === id).flatMap(buildsOn), id])
  return [...new Set(below)]
}

/** The patch on top of what was before; where that is the base or does not apply by itself, the patch's release. */
function afterSide(before: string, { id, release = '' }: Patch): string {
  const picked = resolveVariant(`${before}+${id}`)
  if (!picked.ok) return release
  return release === baseRelease && picked.variant.applied.size === baseSize() ? release : `${before}+${id}`
}

function baseSize(): number {
  const start = ofRelease(baseRelease)
  return typeof start === 'string' ? 0 : start.applied.size
}

/** The last modelled release without the patch, or without the commit that a posted version became. */
function releaseBefore(patch: Patch): string | undefined {
  const release = patch.release ?? patches.find(p => p.id === patch.standsFor)?.release
  const until = releaseNumber(release ?? '') ?? Number.POSITIVE_INFINITY
  return modelledReleases.findLast(r => releaseNumber(r)! < until)
}
