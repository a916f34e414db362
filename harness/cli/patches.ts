// `--patch FILE`: a person's own patch; the type checker is loaded only when one is given.

import type { Patch } from '../model/history/patch.ts'
import { Refusal } from './refusal.ts'

export async function loadPatches(files: readonly string[]): Promise<Patch[]> {
  if (files.length === 0) return []
  const { BadPatch, loadPatch } = await import('../model/history/load-patch.ts')
  const loaded: Patch[] = []
  for (const file of files) {
    try {
      loaded.push(await loadPatch(file))
    } catch (error) {
      throw error instanceof BadPatch ? new Refusal(error.message, '') : error
    }
  }
  return loaded
}
