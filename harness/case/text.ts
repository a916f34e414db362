// From the text of a file to a tree, or to problems. No text, however hostile, takes long or throws: size, depth and
// number of nodes are bounded before YAML's composer, which recurses, sees anything.

import { Composer, type CST, type Document, isMap, isScalar, isSeq, Lexer, type ParsedNode, Parser } from 'yaml'
import { quoted } from '../steps/words/word.ts'
import type { Problems, Span } from './problems.ts'
import type { Entry, Node, Scalar } from './tree.ts'

export const MOST_BYTES = 256 * 1024
const DEEPEST = 32
/** Of the lexer: words, signs, spaces and line ends. A case that fills the screen has a few hundred. */
const MOST_PIECES = 40_000
/** Keys that mean something to YAML or to JavaScript, never to a case. */
const strange = new Set(['<<', '__proto__', 'constructor', 'prototype'])

/** The tree of the one document in `text`, or undefined and at least one problem. */
export function parseText(text: string, problems: Problems): Node | undefined {
  if (!isPlainText(text, problems)) return undefined
  const tokens = tokenize(text, problems)
  if (tokens === undefined) return undefined
  const document = compose(tokens, text, problems)
  if (document === undefined) return undefined
  const tree = build(document.contents, document.range[0], problems)
  return problems.any ? undefined : tree
}

/** Control characters have no place in a case: they would reach terminals and C strings. */
function isPlainText(text: string, problems: Problems): boolean {
  if (text.startsWith('\ufeff')) {
    problems.add('BAD_TEXT', { start: 0, end: 1 }, 'the file begins with a byte order mark; save it as plain UTF-8')
    return false
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufeff\ufffe\uffff]|\r(?!\n)/.exec(text)
  if (control === null) return true
  const at = { start: control.index, end: control.index + 1 }
  const hex = control[0].charCodeAt(0).toString(16).padStart(4, '0')
  problems.add('BAD_TEXT', at, `the character U+${hex.toUpperCase()} has no place in a text`)
  return false
}

/** What the lexer puts between pieces of the text: no part of it. */
const marks = new Set(['\u0002', '\u0018', '\u001f'])

/** YAML's tokens. It ends as soon as they nest too deep or become too many: the parser slows down with both. */
function tokenize(text: string, problems: Problems): CST.Token[] | undefined {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let at = 0
  let pieces = 0
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token)
    if (!marks.has(lexeme)) at += lexeme.length
    const here = { start: at - lexeme.length, end: at }
    // The document itself is a level of the parser.
    if (parser.stack.length > DEEPEST + 1) return refuse('TOO_DEEP', here, `nested more than ${DEEPEST} deep`)
    if (++pieces > MOST_PIECES) return refuse('TOO_MANY', here, `more than ${MOST_PIECES} words and signs`)
  }
  for (const token of parser.end()) tokens.push(token)
  return tokens

  function refuse(code: 'TOO_DEEP' | 'TOO_MANY', at: Span, message: string): undefined {
    problems.add(code, at, message)
  }
}

/** The one document. Errors of YAML end it: what would be found behind them cannot be trusted. */
function compose(tokens: CST.Token[], text: string, problems: Problems): Document.Parsed | undefined {
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, keepSourceTokens: false, prettyErrors: false })
  const documents = [...composer.compose(tokens, true, text.length)]
  for (const token of tokens) {
    if (token.type === 'directive')
      problems.add('BAD_YAML', span(token.offset, token.source), 'a case has no YAML directives')
  }
  for (const { errors, warnings } of documents) {
    // A bracket too many makes everything behind it unexpected: the first says it all.
    const known = errors.filter(({ code }, i) => i === 0 || code !== 'UNEXPECTED_TOKEN')
    for (const { pos, message } of [...known, ...warnings]) {
      problems.add('BAD_YAML', { start: pos[0], end: pos[1] }, message.replace(/: ".*/s, ''))
    }
  }
  const [first, second] = documents
  if (second !== undefined)
    problems.add(
      'BAD_YAML',
      { start: second.range[0], end: second.range[1] },
      'a file holds one case: a second document begins here',
    )
  return problems.any ? undefined : first
}

function span(start: number, source: string): Span {
  return { start, end: start + source.length }
}

/** Turns YAML's nodes into ours; `at` is where a node that is not written would stand. */
function build(node: ParsedNode | null, at: number, problems: Problems): Node {
  if (node === null) return { kind: 'scalar', text: '', start: at, end: at }
  const [start, end] = node.range
  if ('source' in node && !isScalar(node)) {
    problems.add('BAD_YAML', { start, end }, 'aliases have no place in a case; write it out')
    return { kind: 'scalar', text: '', start, end }
  }
  if ('anchor' in node && node.anchor !== undefined)
    problems.add('BAD_YAML', { start, end }, 'anchors have no place in a case')
  if (isScalar(node)) return scalar(String(node.value ?? ''), { start, end }, problems)
  if (isSeq(node)) {
    return {
      kind: 'list',
      items: node.items.map(item => build(item as ParsedNode | null, start, problems)),
      start,
      end,
    }
  }
  if (!isMap(node)) return { kind: 'scalar', text: '', start, end }
  const entries: Entry[] = []
  const taken = new Set<string>()
  for (const pair of node.items) {
    const key = build(pair.key as ParsedNode | null, start, problems)
    if (key.kind !== 'scalar') problems.add('BAD_YAML', key, 'a key is text')
    else if (taken.has(key.text)) problems.add('BAD_YAML', key, `the key ${quoted(key.text)} stands here twice`)
    else if (strange.has(key.text)) problems.add('UNKNOWN_KEY', key, `no key is called ${quoted(key.text)}`)
    else {
      taken.add(key.text)
      entries.push({ key, value: build(pair.value as ParsedNode | null, key.end, problems) })
    }
  }
  return { kind: 'map', entries, start, end }
}

/** Quoted scalars may hold by escape what the text may not hold itself. */
function scalar(text: string, at: Span, problems: Problems): Scalar {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(text))
    problems.add('BAD_TEXT', at, 'an escape stands for a control character')
  return { kind: 'scalar', text, ...at }
}
