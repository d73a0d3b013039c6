/** Called before each step that takes long, with a phrase that says what it does, for a person to read. */
export type OnProgress = (message: string) => void
