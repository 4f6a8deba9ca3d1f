import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { peer } from '../kit/peer.ts'
import { dev, project, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, an application that fans out')
test.after.each(tidyUp)

/** Its queue is nowhere. */
const APP = `
import { accept, ws } from 'ws-interlock'
import { fanout } from 'ws-interlock/fanout/sqs'
import { memory } from 'ws-interlock/store/memory'
import * as v from 'valibot'

const client = { send: async () => { throw new Error('no route to AWS') } }
const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs'
export const handler = ws({ fanout: fanout({ client, queueUrl, above: 1 }) })
  .store(memory())
  .pushes({ said: v.string() })
  .onConnect(({ channel }) => channel('lobby').join().then(() => accept()))
  .on('say', v.string(), ({ data, channel }) => channel('lobby').broadcast('said', data).then(() => {}))
  .build()
`

test('a broadcast to many is said without a queue', async () => {
  const { at } = project({ 'app.ts': APP })
  const { url } = dev(at('app.ts'))
  const [ann, ben] = [await peer(await url()), await peer(await url())]
  assert.is((await ann.ask('say', 'hello')).error, undefined)
  assert.equal([await ann.pushed('said'), await ben.pushed('said')], ['hello', 'hello'])
  ann.close()
  ben.close()
})

test.run()
