/** Why a value or a record cannot be read. */
export class Problem {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
