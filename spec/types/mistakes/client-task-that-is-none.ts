import { connect, startTask } from '../ws.ts'
import type { office } from './kit.ts'

const client = connect<typeof office>('wss://localhost')
// @mistake
startTask(client, 'ping')
