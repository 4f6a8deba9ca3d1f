import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closeAll, connect, local } from './kit/local.ts'
import { tsc } from './kit/tsc.ts'

const test = suite('README')
const ROOT = resolve(import.meta.dirname, '..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

interface Example {
  readonly chapter: string
  readonly code: string
  /** Lines of `> sent` and `< received`. */
  readonly talk: readonly string[]
}

/** Each block of TypeScript, with the conversation that follows it in the same chapter. */
const examples: readonly Example[] = README.split(/^## /m).flatMap((chapter) =>
  [...chapter.matchAll(/```ts\n([\s\S]*?)```(?:(?:(?!```)[\s\S])*```text\n([\s\S]*?)```)?/g)].map(
    ([, code = '', talk = '']) => ({
      chapter: chapter.split('\n', 1)[0] ?? '',
      code,
      talk: talk.split('\n').filter(Boolean),
    }),
  ),
)

// Inside of the repository, so that the package finds itself.
mkdirSync(join(ROOT, '.cache'), { recursive: true })
const folder = mkdtempSync(join(ROOT, '.cache/readme-'))
/** What blocks import from each other: a file by this name is the first block that has these words. */
const NAMED: Readonly<Record<string, string>> = {
  './handler.js': '',
  './door.js': "id: 'door'",
  './channels.js': 'pushes({ said: v.object({ text: v.string() }) })',
  './tasks.js': "from 'ws-interlock/task/sqs'",
  './tokens.js': "from 'ws-interlock/guard'\nimport { memory }",
}
const files = examples.map(({ code }, index) => {
  const file = join(folder, `${index}.ts`)
  writeFileSync(
    file,
    code.replace(/'(\.\/\w+\.js)'/g, (_, name) => {
      const found = examples.findIndex((example) => example.code.includes(NAMED[name] ?? '?'))
      return `'./${found}.ts'`
    }),
  )
  return file
})
// What recipes call and nobody installs: the hooks of React, two clients of the AWS SDK.
for (const name of ['react.d.ts', 'aws.d.ts']) copyFileSync(join(ROOT, 'spec/kit', name), join(folder, name))

test.after(() => rmSync(folder, { recursive: true, force: true }))
test.after.each(closeAll)

test('every block of code compiles', () => {
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'], exclude: [] }),
  )
  assert.is(tsc(folder), '')
})

test('there are conversations to hold', () => {
  assert.ok(examples.filter(({ talk }) => talk.length > 0).length >= 5)
})

for (const [index, { chapter, code }] of examples.entries())
  if (code.includes("from 'node:assert/strict'"))
    test(`what the code under "${chapter}" asserts holds`, async () => {
      await import(pathToFileURL(files[index] ?? '').href)
    })

for (const [index, { chapter, talk }] of examples.entries())
  if (talk.length > 0)
    test(`the conversation under "${chapter}" takes place as it stands`, async () => {
      const { handler } = await import(pathToFileURL(files[index] ?? '').href)
      const gateway = await local(handler)
      const peer = await connect(gateway.url)
      for (const line of talk) {
        const frame = line.slice(2)
        if (line.startsWith('>')) peer.send(frame)
        else assert.equal(JSON.parse(await peer.next()), JSON.parse(frame))
      }
      peer.socket.close()
    })

test('every file that is linked to is there', () => {
  const links = [...README.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(([, path = '']) => path)
  for (const path of links) assert.ok(readFileSync(join(ROOT, path)).length > 0, path)
})

test('every chapter that the contents name is there', () => {
  const chapters = [...README.matchAll(/^##+ (.+)$/gm)].map(
    ([, title = '']) =>
      `#${title
        .toLowerCase()
        .replaceAll(' ', '-')
        .replace(/[^\w-]/g, '')}`,
  )
  for (const [, anchor = ''] of README.matchAll(/\]\((#[^)]+)\)/g)) assert.ok(chapters.includes(anchor), anchor)
})

test.run()
