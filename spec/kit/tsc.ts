import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'

const TSC = resolve(import.meta.dirname, '../../node_modules/typescript/bin/tsc')

/** What the compiler says of a project. Empty when it has nothing to say. */
export const tsc = (project: string, ...args: string[]): string =>
  spawnSync(process.execPath, [TSC, '-p', project, '--pretty', 'false', ...args], { encoding: 'utf8' }).stdout
