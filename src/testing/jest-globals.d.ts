// What `jest.ts` uses of jest. A project that has tests of jest has the real declarations: see `test/projects/`.

declare module '@jest/globals' {
  type Hook = (work: () => Promise<void> | undefined, timeout?: number) => void
  export const beforeAll: Hook
  export const beforeEach: Hook
  export const afterAll: Hook
  export const expect: {
    extend(matchers: object): void
    addEqualityTesters(testers: readonly unknown[]): void
  }
}

declare module 'expect' {
  // A module that is declared can be augmented.
  export type Declared = never
}
