#!/usr/bin/env node
// No import here is static: an older Node would stumble over what they hold before it could say that it is too old.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > 20 || (major === 20 && minor >= 19)) {
  const { run } = await import('./run.ts')
  // The handler's module may hold timers or clients open, which must not keep a closed gateway from ending.
  process.exit(await run(process.argv.slice(2)))
}
console.error(`ws-interlock needs Node 20.19 or later; this is ${process.version}.`)
process.exit(1)

// For TypeScript: only a module may await at its top.
export {}
