import { thousand } from '../task/thousand.ts'

/** A thousand tasks of ten steps, through an SQS in this process and over sockets. */
export const taskFigures = async () => {
  const { lost, twice, steps, perSecond } = await thousand(1_000)
  return [
    { what: 'steps that were told', value: steps, unit: '', atLeast: 10_000 },
    { what: 'results lost', value: lost, unit: '', limit: 0 },
    { what: 'results told twice to a live client', value: twice, unit: '', limit: 0 },
    { what: 'tasks a second, fauxqs, worker, gateway and clients in one process', value: perSecond, unit: '/s' },
  ]
}
