// The modelled history, as the command line and the engines see it.

import { landmarks } from './landmarks.ts'
import { modelledReleases, patches, releases } from './releases.ts'

export { counterNames } from '../mm/vmstat.ts'
export { describe, type FunctionChanged, type PatchDescribed } from './describe.ts'
export { folderNames, patchesIn } from './folders.ts'
export { topicNames, topicOf } from './topics.ts'
export {
  hasOwnPatch,
  partOf,
  patchOf,
  type Resolved,
  releaseHas,
  resolveVariant,
  sidesOf,
  type Variant,
  variantHas,
  variantsFor,
  whyUnanswerable,
} from './variant.ts'

/** What is known of a commit or a posted version. */
export interface PatchInfo {
  readonly id: string
  readonly subject: string
  readonly release: string | undefined
  /** Whether the model has its functions; of others only the release is known. */
  readonly modelled: boolean
}

/** Patches, modelled or not; releases that can be run; releases that `from` and `until` may name. */
export const history: {
  readonly patches: readonly PatchInfo[]
  readonly releases: readonly string[]
  readonly allReleases: readonly string[]
  /** The patch that a posted version became. */
  standsFor(id: string): string | undefined
} = {
  patches: [
    ...patches.map(({ id, subject, release }) => ({ id, subject, release, modelled: true })),
    ...landmarks.map(landmark => ({ ...landmark, modelled: false })),
  ],
  releases: modelledReleases,
  allReleases: releases,
  standsFor: id => patches.find(patch => patch.id === id)?.standsFor,
}
