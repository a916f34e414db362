// The JSON Schema of a case file, for editors, from the definitions that the loader reads with.

import { z } from 'zod'
import { steps } from '../steps/index.ts'
import { process } from '../steps/words/names.ts'
import { counterValue, givesShape, poolShape, views } from './expect.ts'
import { machineShape } from './machine.ts'
import { parts, type topKeys } from './parts.ts'
import type { besides } from './verb.ts'

const value = z.string()
const values = z.union([value, z.array(value)])
const wish = z.record(z.string(), values)
const when = z
  .object({
    from: values.optional().describe('A patch or release that the variant has; of a list all'),
    until: values.optional().describe('A patch or release that the variant has not; of a list none'),
  })
  .catchall(values)
  .meta({
    id: 'when',
    description: 'Only then: values of the matrix, and what the variant has or has not. All must fit',
  })

const expect = z
  .object(optional(views))
  .catchall(z.union([counterValue, poolShape]))
  .meta({ id: 'expect', description: 'What must be seen after the step' })

const beside: Record<(typeof besides)[number], z.ZodType> = {
  by: process('The process that does it (main)'),
  cpu: value.describe('The CPU that it runs on (0)'),
  gives: givesShape(expect),
  expect,
  when,
}

/** One strict object of all verbs: a union of objects would only say "invalid input". */
const step: z.ZodType = z.lazy(() =>
  z
    .strictObject(optional({ ...verbShapes, ...beside }))
    .meta({ id: 'step', description: 'One verb, and what stands beside it' }),
)
const stepList = z.array(step).min(1).meta({ id: 'steps' })

const repeat = (steps.repeat!.args as z.ZodObject).extend({ steps: stepList.describe('The steps of a round') })

const race = z.record(z.string(), stepList.describe('What the thread does'))
const shapes: Readonly<Record<string, z.ZodType>> = { repeat, race }

const verbShapes = Object.fromEntries(
  Object.values(steps)
    .filter(({ verb }) => verb !== 'expect')
    .map(({ verb, about, example, args }) => [
      verb,
      (shapes[verb] ?? args).meta({ description: `${about} Example: \`${example}\`` }),
    ]),
)

const verdictLine = z.union([
  z.enum(['clean']),
  z.strictObject({
    always: value.optional().describe('An anomaly that every run shows'),
    sometimes: values.optional().describe('An anomaly that some interleaving shows; of a list some show each'),
    seen: z
      .record(z.string(), values)
      .optional()
      .describe('Counters and the values they end with, over all interleavings: one, a list, `-1H+1P..+1H-1P`'),
    when: when.optional(),
  }),
])

const top: Record<(typeof topKeys)[number], z.ZodType> = {
  about: parts.about,
  see: parts.see.optional(),
  tags: parts.tags.optional(),
  variants: parts.variants.optional(),
  matrix: z
    .object({
      except: z
        .union([z.array(wish), wish])
        .optional()
        .describe('Combinations that are left out'),
    })
    .catchall(z.array(value).min(1))
    .optional()
    .describe('Names and their values: every combination is a test point, `$name` puts a value in'),
  machine: machineShape.optional(),
  prime: stepList.optional().describe('Steps done, and undone, before counting begins'),
  steps: stepList.describe('One after another, as written, whoever does them'),
  verdict: z
    .union([verdictLine, z.array(verdictLine).min(1)])
    .describe('Read from the top; the last line that fits holds'),
}
const wholeCase = z.strictObject(top)

/** The JSON Schema (draft 7). Editors type scalars, mmfunc reads them all as text; any may be a `$name`. */
export function caseSchema(): object {
  const schema = z.toJSONSchema(wholeCase, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.enum !== undefined) {
        const { enum: words, type, description, ...rest } = jsonSchema
        for (const key of Object.keys(jsonSchema)) delete jsonSchema[key]
        Object.assign(jsonSchema, rest, description && { description }, {
          anyOf: [{ enum: words }, { type: 'string', pattern: '^\\$' }],
        })
      } else if (jsonSchema.type === 'string') jsonSchema.type = ['string', 'number', 'boolean'] as never
    },
  })
  return { ...schema, title: 'A case of mmfunc' }
}

function optional<T extends Record<string, z.ZodType>>(shape: T): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(shape).map(([key, schema]) => [key, schema.optional()]))
}
