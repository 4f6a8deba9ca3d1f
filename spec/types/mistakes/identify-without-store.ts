import { ws } from '../ws.ts'

// @mistake
ws().onConnect(({ connection }) => connection.identify('ann'))
