import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { typeCosts } from '../bench/types.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PROJECT = join(import.meta.dirname, 'mistakes.json')
const MESSAGES = join(ROOT, 'spec/messages')
const TSC_7 = join(ROOT, 'node_modules/typescript/bin/tsc')
const TSC_5 = join(ROOT, 'node_modules/typescript-5/bin/tsc')

interface Complaint {
  readonly file: string
  readonly line: number
  readonly message: string
}

const compile = (tsc: string, project: string) => {
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', project, '--pretty', 'false'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return stdout
}

/** One per error: further lines of a message are indented. */
const complaintsOf = (output: string): readonly Complaint[] =>
  output
    .split(/\n(?=\S)/)
    .filter((text) => text.trim())
    .map((text) => {
      const [, path = '', line, message = text] = /^(.+?)\((\d+),\d+\): error (.+)$/s.exec(text) ?? []
      return { file: basename(path, '.ts'), line: Number(line), message: message.trimEnd().replaceAll(ROOT, '') }
    })

const markedLine = (name: string) =>
  readFileSync(join(import.meta.dirname, 'mistakes', `${name}.ts`), 'utf8')
    .split('\n')
    .findIndex((line) => line.trim() === '// @mistake') + 2

const names = readdirSync(join(import.meta.dirname, 'mistakes'))
  .map((file) => basename(file, '.ts'))
  .filter((name) => name !== 'kit')
const complaints = complaintsOf(compile(TSC_7, PROJECT))

const mistakes = suite('mistakes do not compile, and the compiler says why')
for (const name of names) {
  mistakes(name.replaceAll('-', ' '), () => {
    const own = complaints.filter(({ file }) => file === name)
    assert.equal(
      own.map(({ line }) => line),
      [markedLine(name)],
      `one error, on the marked line:\n${own.map(({ line, message }) => `${line}: ${message}`).join('\n')}`,
    )
    const message = `${own[0]?.message}\n`
    const kept = join(MESSAGES, `${name}.txt`)
    if (process.env.UPDATE) writeFileSync(kept, message)
    assert.fixture(message, readFileSync(kept, 'utf8'))
  })
}
mistakes('nothing else complains, and no message is kept for nothing', () => {
  assert.equal(
    complaints.filter(({ file }) => !names.includes(file)),
    [],
  )
  assert.equal(readdirSync(MESSAGES).sort(), names.map((name) => `${name}.txt`).sort())
})
mistakes.run()

const types = suite('the types of the builder')
types('what should compile does, with TypeScript 7', () => {
  assert.is(compile(TSC_7, join(import.meta.dirname, 'ok.json')), '')
})
types('what should compile does, with TypeScript 5.9', () => {
  assert.is(compile(TSC_5, join(import.meta.dirname, 'ok.json')), '')
})
types('the same lines are mistakes with TypeScript 5.9', () => {
  const lines = (all: readonly Complaint[]) => all.map(({ file, line }) => `${file}:${line}`).sort()
  assert.equal(lines(complaintsOf(compile(TSC_5, PROJECT))), lines(complaints))
})
types('large applications stay cheap to check', () => {
  for (const { name, instantiations, limit } of typeCosts())
    assert.ok(instantiations <= limit, `${name}: ${instantiations} instantiations, at most ${limit}`)
})
types.run()
