// mmfunc schema: the JSON Schema of case files, for editors.

import { caseSchema } from '../case/schema.ts'

export function schema(): number {
  process.stdout.write(`${JSON.stringify(caseSchema(), null, 2)}\n`)
  return 0
}
