// `--patch FILE`: a person's own patch, type-checked against the model and transpiled with the bundled TypeScript,
// once for each content. TypeScript itself is loaded only when a file is new.

import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type TS from 'typescript'
import type { Patch } from './patch.ts'

/** What is wrong with a patch file, in lines for a person: `file:line:col TS2322: …`. */
export class BadPatch extends Error {}

const MODEL = 'mmfunc/model'
const here = dirname(fileURLToPath(import.meta.url))
const modelModule = resolve(here, '../index.js')

/** The patch that a file exports by default. Throws BadPatch. */
export async function loadPatch(file: string): Promise<Patch> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new BadPatch(`${file}: no such file; --patch takes a TypeScript file that exports a patch by default`)
  })
  const module = join(cacheDir(), `${await keyOf(text)}.mjs`)
  if (!(await exists(module))) await compile(file, text, module)
  const loaded: { default?: unknown } = await import(pathToFileURL(module).href)
  if (!isPatch(loaded.default))
    throw new BadPatch(`${file}:1:1 NO_PATCH: the file has no default export made by patch(id, {…}) of ${MODEL}`)
  return loaded.default
}

function cacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mmfunc', 'patches')
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  )

/** Content of the file, and which model it was checked against. */
async function keyOf(text: string): Promise<string> {
  const { mtimeMs } = await stat(modelModule)
  return createHash('sha256')
    .update(`${text}\0${modelModule}\0${mtimeMs}\0${process.version}`)
    .digest('hex')
    .slice(0, 32)
}

async function compile(file: string, text: string, module: string): Promise<void> {
  const { default: ts } = await import('typescript')
  const problems = diagnose(ts, file)
  if (problems.length > 0) throw new BadPatch(problems.join('\n'))
  const { outputText } = ts.transpileModule(text, {
    fileName: file,
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
    transformers: { before: [pointAtModel(ts)] },
  })
  await mkdir(dirname(module), { recursive: true })
  // Two runs may compile the same file at once: each writes its own and renames.
  const mine = `${module}.${process.pid}`
  await writeFile(mine, outputText)
  await rename(mine, module)
}

function diagnose(ts: typeof TS, file: string): string[] {
  const program = ts.createProgram([resolve(file)], {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    paths: { [MODEL]: [modelModule.replace(/\.js$/, '.d.ts')] },
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    noEmit: true,
    types: [],
  })
  return ts.getPreEmitDiagnostics(program).map(({ file: source, start, code, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n  ')
    if (source === undefined || start === undefined) return `${file}: TS${code}: ${text}`
    const { line, character } = source.getLineAndCharacterOfPosition(start)
    return `${source.fileName === resolve(file) ? file : source.fileName}:${line + 1}:${character + 1} TS${code}: ${text}`
  })
}

/** The name by which patches know the model becomes its place, wherever the file lies. */
function pointAtModel(ts: typeof TS): TS.TransformerFactory<TS.SourceFile> {
  return context => source =>
    ts.visitEachChild(
      source,
      node =>
        ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier) && node.moduleSpecifier.text === MODEL
          ? context.factory.updateImportDeclaration(
              node,
              node.modifiers,
              node.importClause,
              context.factory.createStringLiteral(pathToFileURL(modelModule).href),
              node.attributes,
            )
          : node,
      context,
    )
}

function isPatch(value: unknown): value is Patch {
  return typeof value === 'object' && value !== null && 'id' in value && 'changes' in value && 'subject' in value
}
