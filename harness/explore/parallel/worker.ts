// A worker thread: what it has to do is said when it is started, or it waits for that.

import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { resolveVariant, type Variant } from '../../model/history/index.ts'
import type { Patch } from '../../model/history/patch.ts'
import { helpWith, modelEngine } from '../model-engine.ts'
import type { RaceToSearch } from './hire.ts'
import { type PointDone, type PointsToDo, racesFirst, take } from './points.ts'

const port = parentPort!
const work: PointsToDo | RaceToSearch = workerData ?? (await once(port, 'message'))[0]
const own = await patchesFrom(work.patches)
if (work.kind === 'points') await points(work)
else helpWith(work.point, variantOf(work.variant), work.exploring, work.line)
port.close()

/** Takes points until none is left. */
async function points({ variants, tasks, detail, exploring, taken, worker }: PointsToDo): Promise<void> {
  const controller = new AbortController()
  const { signal } = controller
  port.on('message', () => controller.abort())
  const engines = variants.map(name => modelEngine(variantOf(name)))
  for (const task of take(taken, worker, racesFirst(tasks.map(([, point]) => point)))) {
    const [variant, point] = tasks[task]!
    try {
      for await (const seen of engines[variant]!.run([point], { detail, signal, exploring })) tell([task, seen])
    } catch (error) {
      tell([task, error instanceof Error ? error : new Error(String(error))])
    }
    if (signal.aborted) return
  }
}

function tell(done: PointDone): void {
  port.postMessage(done)
}

function variantOf(name: string): Variant {
  const answer = resolveVariant(name, own)
  if (answer.ok) return answer.variant
  throw new Error(`variant ${name}: ${answer.reason}`)
}

/** They were checked before; here they only have to be there. */
async function patchesFrom(files: readonly string[]): Promise<Patch[]> {
  if (files.length === 0) return []
  const { loadPatch } = await import('../../model/history/load-patch.ts')
  return Promise.all(files.map(loadPatch))
}
