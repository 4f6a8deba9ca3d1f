/** Assignable from nothing and callable by nobody: its arguments are the sentence that the compiler prints. */
export interface Mistake<Sentence extends string, Where> {
  readonly '~mistake': [Sentence, Where]
}
